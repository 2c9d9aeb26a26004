"""What became of one file that was to be upgraded."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.errors import OK
from buildx_tasks.model.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class FileUpgrade:
    """One file: `old` and `new` text, its documents' short versions `before`, and the one they were brought to.

    `notes` says what was dropped; `kept` is the name of the old file when it was kept. A file that could not be
    upgraded has a `problem`, a `hint` and the exit code for it, and `new` is `old`.
    """

    file: str
    old: str = ""
    new: str = ""
    before: tuple[str, ...] = ()
    after: str = ""
    notes: tuple[Finding, ...] = ()
    kept: str = ""
    problem: str = ""
    hint: str = ""
    exit_code: int = OK

    @property
    def changed(self) -> bool:
        """Whether the upgrade wrote another text."""
        return self.new != self.old
