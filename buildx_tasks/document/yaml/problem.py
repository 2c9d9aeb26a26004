"""One problem at a path of a config, before it is given its place in the text."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.document.yaml.nodes import Mark
from buildx_tasks.document.yaml.source import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Like `model.finding.Finding`, with a path in place of file, line and column; `mark` when they differ."""

    path: Path
    message: str
    code: str
    hint: str = ""
    severity: str = "error"
    mark: Mark | None = None
