"""What was written so that editors find the schema of a config."""

from __future__ import annotations

from collections.abc import Iterator

from buildx_tasks.model.modeline import FilePointer
from buildx_tasks.reporting.words import counted


def modeline_lines(result: FilePointer, *, wrote: bool) -> Iterator[str]:
    """Lines about one config and its schema files; none about one that could not be handled."""
    if result.problem:
        return
    if not result.changed:
        yield f"{result.file}: points to {', '.join(result.schemas)} already"
        return
    for schema in result.written:
        yield f"{schema}: {'written' if wrote else 'would be written'}"
    if result.comments:
        verb = "written" if wrote else "would be written"
        yield f"{result.file}: {counted(result.comments, 'comment')} {verb}, for {', '.join(result.schemas)}"
