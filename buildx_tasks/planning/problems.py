"""A problem found while a config is put together: what is wrong and which path of the document to look at."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.document.source import Path
from buildx_tasks.errors import ConfigInvalid
from buildx_tasks.model.finding import Finding, dotted


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """`path` is where it stands in the document that was read, not in the data that came out of it."""

    path: Path
    message: str
    hint: str = ""
    code: str = ""

    def finding(self, file: str = "", line: int = 0, column: int = 0) -> Finding:
        """The same with its place; `Finding` counts lines and columns from 1."""
        return Finding(
            message=self.message,
            hint=self.hint,
            file=file,
            line=line or 1,
            column=column or 1,
            path=dotted(self.path),
            code=self.code,
        )


class DocumentInvalid(ConfigInvalid):
    """One document can't be put together; `problems` holds all of it, so that the caller can add file and line."""

    def __init__(self, problems: list[Problem]) -> None:
        lines = (f"{dotted(problem.path)}: {problem.message}" for problem in problems)
        super().__init__("\n".join(lines), "\n".join(problem.hint for problem in problems if problem.hint))
        self.problems = tuple(problems)
