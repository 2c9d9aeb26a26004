"""The outcome of a run: its results and ``strict``, as nothing or as the error that the run ends with."""

from __future__ import annotations

from buildx_tasks.errors import BuildxTasksError, Interrupted, WorkFailed
from buildx_tasks.model.result import Results

STRICT_HINT = "--strict turns every warning into an error"


def outcome(results: Results, *, strict: bool) -> BuildxTasksError | None:
    """The error of an interrupted run, of failed builds and, under `strict`, of warnings of builds; else None."""
    if results.interrupted:
        return Interrupted("interrupted: the running builds were stopped")
    if not results.ok:
        return WorkFailed(failures_text(results))
    warnings = [text for build in results.builds for text in build.warnings]
    return WorkFailed("\n".join(warnings), STRICT_HINT) if strict and warnings else None


def failures_text(results: Results) -> str:
    """Every failure in a line, each followed by what to run next."""
    lines: list[str] = []
    if results.failure is not None:
        lines += [text for text in (results.failure.message, results.failure.hint) if text]
    for build in results.failed:
        if build.failure is not None:
            lines.append(f"build [{build.image}] failed: {build.failure.message}")
            lines += [build.failure.hint] if build.failure.hint else []
    return "\n".join(lines)
