"""The outcome of a run: its results and ``strict``, as nothing or as the error that the run ends with."""

from __future__ import annotations

from collections.abc import Callable

from buildx_tasks.errors import BuildxTasksError, Interrupted, WorkFailed
from buildx_tasks.model.result import Results

INTERRUPTED = "interrupted: the running builds were stopped"
STRICT_HINT = "--strict turns every warning into an error"


def outcome(results: Results, *, strict: bool, describe: Callable[[Results], str]) -> BuildxTasksError | None:
    """The error of an interrupted run, of failed builds and, under `strict`, of warnings of builds; else None.

    `describe` gives the text of all failures, "" when there is none.
    """
    if results.interrupted:
        failures = describe(results)
        return Interrupted(f"{failures}\n{INTERRUPTED}" if failures else INTERRUPTED)
    if not results.ok:
        return WorkFailed(describe(results))
    warnings = [text for build in results.builds for text in build.warnings]
    return WorkFailed("\n".join(warnings), STRICT_HINT) if strict and warnings else None
