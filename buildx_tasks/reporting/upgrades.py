"""Upgrades as lines, as a diff, and as one line of numbers."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from buildx_tasks.model.apiversion import PREFIX
from buildx_tasks.model.upgrade import FileUpgrade


def upgrade_lines(result: FileUpgrade, *, wrote: bool) -> Iterator[str]:
    """What happened to a file: its versions, then what was dropped. What could not be done is not said here."""
    if result.problem:
        return
    if not result.changed:
        yield f"{result.file}: is {PREFIX}{result.after} already"
        return
    versions = ", ".join(dict.fromkeys(PREFIX + version for version in result.before if version != result.after))
    verb = "upgraded" if wrote else "would be upgraded"
    kept = f", the old file is {result.kept}" if result.kept else ""
    yield f"{result.file}: {verb} from {versions} to {PREFIX}{result.after}{kept}"
    yield from map(str, result.notes)


def upgrade_diff(result: FileUpgrade) -> str:
    """The change as a unified diff; "" when there is none."""
    lines = difflib.unified_diff(
        result.old.splitlines(keepends=True),
        result.new.splitlines(keepends=True),
        f"{result.file} ({', '.join(dict.fromkeys(result.before))})",
        f"{result.file} ({result.after})",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def upgrade_summary(results: Sequence[FileUpgrade], *, wrote: bool) -> str:
    """One line of numbers, such as ``2 files upgraded, 3 were up to date, 1 could not be``."""
    failed = sum(bool(result.problem) for result in results)
    changed = sum(result.changed for result in results)
    already = len(results) - failed - changed
    parts = [f"{changed} {'file' if changed == 1 else 'files'} {'upgraded' if wrote else 'would be upgraded'}"]
    if already:
        parts.append(f"{already} {'was' if already == 1 else 'were'} up to date")
    if failed:
        parts.append(f"{failed} could not be")
    return ", ".join(parts)
