"""The apiVersions and what each changed, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from buildx_tasks.model.apiversion import PREFIX
from buildx_tasks.model.changes import Changes


def versions_text(changes: Iterable[Changes]) -> str:
    """A block a version: ``+`` new, ``-`` gone (and where to), ``~`` of another type."""
    return "\n".join(line for item in changes for line in _lines(item))


def _lines(item: Changes) -> Iterator[str]:
    yield PREFIX + item.version
    yield from (f"  + {path}" for path in item.added)
    yield from (f"  + {path} (buildx-tasks only)" for path in item.ours)
    yield from (f"  - {path}" + (f" -> {successor}" if successor else "") for path, successor in item.removed)
    yield from (f"  ~ {path}" for path in item.retyped)


def versions_json(changes: Sequence[Changes]) -> str:
    """A list of objects, oldest first; ``removed`` maps each path to its successor or ""."""
    rows = [{**asdict(item), "version": PREFIX + item.version, "removed": dict(item.removed)} for item in changes]
    return json.dumps(rows, indent=2)
