"""Every failure a user can cause, with its hint and its exit code.

An error says in one line what is wrong and names the thing; the hint is what to run or change next.
`buildx_tasks.tasks.task` is the one place that turns these into an exit status.
Any other exception is a bug.
"""

from __future__ import annotations

from collections.abc import Sequence

OK = 0
FAILED = 1
CANNOT_START = 2
NOTHING_SELECTED = 3
ENGINE_UNFIT = 4
UPGRADE_REFUSED = 5
INTERRUPTED = 130


class BuildxTasksError(Exception):
    """Root of the expected failures: `message` (one line), `hint` (may have several lines, may be empty).

    `parts` are the problems that one error reports, itself alone unless `raise_all` made it.
    """

    exit_code = FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.parts: tuple[BuildxTasksError, ...] = (self,)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class WorkFailed(BuildxTasksError):
    """Work was done and something of it failed: a build, a check, a validation."""


class CannotStart(BuildxTasksError):
    """Arguments, settings or files do not allow a start."""

    exit_code = CANNOT_START


class ConfigInvalid(CannotStart):
    """A config file has problems; `message` holds one line for each."""


class NothingSelected(BuildxTasksError):
    """The selection matches no artifact."""

    exit_code = NOTHING_SELECTED


class EngineUnfit(BuildxTasksError):
    """docker, buildx or the builder is missing or can't do what is asked."""

    exit_code = ENGINE_UNFIT


class UpgradeRefused(BuildxTasksError):
    """A config can't be brought to the wanted version without changing what it means."""

    exit_code = UPGRADE_REFUSED


class Interrupted(BuildxTasksError):
    """A signal ended the run; the exit code is 128 and the signal's number, as shells report it (130 for Ctrl-C)."""

    exit_code = INTERRUPTED


def raise_all(problems: Sequence[BuildxTasksError]) -> None:
    """Raise the one problem there is, or one error that says all of them, with the highest exit code."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        worst = max(problems, key=lambda error: error.exit_code)
        # Errors that are defined elsewhere may be made from something else than text.
        kind = next(kind for kind in type(worst).__mro__ if kind.__module__ == __name__)
        error = kind("\n".join(dict.fromkeys(str(problem) for problem in problems)))
        error.parts = tuple(part for problem in problems for part in problem.parts)
        raise error
