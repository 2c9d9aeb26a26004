"""Files about a run that other programs read: where they go, and what is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportPaths:
    """The files that were asked for, "" for none: JUnit XML, the summary in Markdown, and a dotenv report."""

    junit: str = ""
    summary: str = ""
    dotenv: str = ""

    @property
    def named(self) -> dict[str, str]:
        """The files by the option that names them."""
        found = {"junit-output": self.junit, "summary-output": self.summary, "dotenv-output": self.dotenv}
        return {option: path for option, path in found.items() if path}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFile:
    """One file to write. `text` makes its content for at most so many bytes; `append` adds it to what is there.

    `limit` is how many bytes the whole file may have, 0 for any number. `option` is the option that asks for the file,
    "" when the CI service does.
    """

    path: str
    text: Callable[[int], str]
    append: bool = False
    limit: int = 0
    option: str = ""
