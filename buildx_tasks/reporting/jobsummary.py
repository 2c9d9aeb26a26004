"""A run as Markdown: a table of the artifacts, the failures, the slowest steps. For GitHub's job summary and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.result import CACHED, ArtifactResult, Failure, Results
from buildx_tasks.model.spec import read_csv
from buildx_tasks.reporting.markdown import block, code, folded, inline, row, table_head
from buildx_tasks.reporting.paint import Painter
from buildx_tasks.reporting.summary import TOTALS, total_line
from buildx_tasks.reporting.words import spent

HEADINGS = ("artifact", "result", "digest", "platforms", "steps cached", "time", "cache imported", "cache exported")
SLOWEST = 10
LONGEST_LINE = 500
"""Characters of a line of a failed step's log."""
MORE_ROOM = 100
"""Bytes that are kept for the line that says what did not fit."""


def summary_markdown(results: Results, seconds: float, room: int) -> str:
    """The summary of a run that took `seconds`, in at most `room` bytes of UTF-8; "" where not even a line fits.

    What does not fit is left out from the end of each section, and is counted.
    """
    title = f"### {inline(_title(results, seconds))}\n"
    room -= _size(title)
    if room < 0:
        return ""
    failures = _fitting(_failures(results), room // 2, lambda count: f"\nand {count} more failures, see the log\n")
    room -= _size(failures)
    rows = [row(_cells(build)) for build in results.builds]
    table = "\n" + table_head(HEADINGS) if rows and room > _size(table_head(HEADINGS)) + MORE_ROOM else ""
    if table:
        table += _fitting(rows, room - _size(table), lambda count: f"\nand {count} more artifacts\n")
        room -= _size(table)
    slowest = _slowest(results)
    return title + table + failures + (slowest if _size(slowest) <= room else "")


def _title(results: Results, seconds: float) -> str:
    if not results.builds:
        return "Nothing was built" if not results.ok else f"No artifact to build · {spent(seconds)}"
    ended = " (interrupted)" if results.interrupted else ""
    return f"Images: {total_line(results, seconds, Painter())}{ended}"


def _cells(build: ArtifactResult) -> list[str]:
    word = TOTALS[build.status][0] if build.status in TOTALS else build.status
    reason = f" ({inline(build.reason)})" if build.reason else ""
    cached = "all" if build.status == CACHED else f"{build.cached_steps}/{build.steps}" if build.steps else ""
    return [
        f"{code(build.image)}<br>{code(build.tag)}" if build.tag != build.image else code(build.image),
        f"{word}{reason}",
        code(build.digest),
        "<br>".join(map(inline, build.platforms)),
        cached,
        spent(build.seconds) if build.seconds else "",
        "<br>".join(map(code, build.cache_imported)),
        "<br>".join(code(_cache(text)) for text in build.cache_exported),
    ]


def _cache(spec: str) -> str:
    """A cache by its reference, or by all of its attributes where it has none."""
    try:
        return next((part.removeprefix("ref=") for part in read_csv(spec) if part.startswith("ref=")), spec)
    except CannotStart:
        return spec


def _failures(results: Results) -> list[str]:
    parts = [_failure("the run", results.failure)] if results.failure else []
    parts += [_failure(build.image, build.failure) for build in results.failed if build.failure]
    return parts


def _failure(what: str, failure: Failure) -> str:
    place = f" at {code(failure.place)}" if failure.place else ""
    said = [failure.message, failure.hint]
    said += [f"the whole log:  {failure.log_command}"] if failure.log_command else []
    log = [line[:LONGEST_LINE] for line in (*failure.tail, *failure.source, *failure.words.splitlines())]
    details = folded(failure.step or "output", block("\n".join(log))) if log else ""
    cause = block("\n".join(filter(None, said)))
    return f"\n#### {code(what)} failed{place}\n\n{cause}{details}"


def _slowest(results: Results) -> str:
    steps = [(build.image, step) for build in results.builds for step in build.step_times]
    steps.sort(key=lambda item: -item[1].seconds)
    if not steps:
        return ""
    rows = [row([spent(step.seconds), code(image), code(step.name[:LONGEST_LINE])]) for image, step in steps[:SLOWEST]]
    return "\n" + folded("Slowest steps", table_head(("time", "artifact", "step")) + "".join(rows))


def _fitting(parts: Iterable[str], room: int, more: Callable[[int], str]) -> str:
    """The first `parts` that fit, and the text of `more` for the number of those that do not."""
    left = [*parts]
    if sum(map(_size, left)) <= room:
        return "".join(left)
    room -= MORE_ROOM
    if room < 0:
        return ""
    shown: list[str] = []
    for part in left:
        room -= _size(part)
        if room < 0:
            break
        shown.append(part)
    return "".join((*shown, more(len(left) - len(shown))))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
