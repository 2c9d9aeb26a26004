"""How builds ended: a line for each, who was left out and why, and the numbers of the whole run."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

from buildx_tasks.model.result import (
    BUILT,
    CACHED,
    FAILED,
    INTERRUPTED,
    NOT_STARTED,
    SKIPPED,
    ArtifactResult,
    Results,
)
from buildx_tasks.reporting.paint import BAD, FAINT, GOOD, ODD, Painter
from buildx_tasks.reporting.words import spent

TOTALS = {
    BUILT: ("built", GOOD),
    CACHED: ("unchanged", ""),
    FAILED: ("failed", BAD),
    INTERRUPTED: ("interrupted", ODD),
    NOT_STARTED: ("not started", ODD),
    SKIPPED: ("skipped", ODD),
}
"""The word and the style of each status, in the order of the total line."""
LEFT_OUT = {NOT_STARTED: "Not started", SKIPPED: "Skipped"}
SHORT_DIGEST = r"\1..."
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def end_line(build: ArtifactResult, painter: Painter, *, with_cause: bool) -> str:
    """``Build [app] succeeded (2.5 s)``; "" for a build that never began. A failure has its cause `with_cause`."""
    took = f"({spent(build.seconds)})"
    if build.status in (BUILT, CACHED):
        return f"Build [{build.image}] {painter.paint('succeeded', GOOD)} {took}"
    if build.status == FAILED:
        cause = f": {build.failure.message}" if with_cause and build.failure else ""
        return f"Build [{build.image}] {painter.paint('failed', BAD)}{cause} {took}"
    if build.status == INTERRUPTED:
        return f"Build [{build.image}] {painter.paint('interrupted', ODD)} {took}"
    return ""


def reference_line(build: ArtifactResult, width: int = 0) -> str:
    """`` - app -> REFERENCE``, and what of it came from a cache; digests are short where `width` is not enough."""
    line = f" - {build.image} -> {build.reference}{_cache_note(build)}"
    return _DIGEST.sub(SHORT_DIGEST, line) if 0 < width <= len(line) else line


def merged_line(build: ArtifactResult) -> str:
    """`` - app -> REFERENCE (linux/amd64, linux/arm64)``, and for a failure that it failed."""
    failed = f" failed: {build.failure.message}" if build.failure else ""
    return f" - {build.image} -> {build.reference} ({', '.join(build.platforms)}){failed}"


def left_out_lines(results: Results, width: int = 0) -> list[str]:
    """The artifacts that were left out, a paragraph for each cause: ``Not started: web, api (needs billing)``."""
    groups: dict[tuple[str, str], list[str]] = {}
    for build in results.builds:
        if build.status in LEFT_OUT:
            groups.setdefault((build.status, build.reason), []).append(build.image)
    lines: list[str] = []
    for (status, reason), images in sorted(groups.items()):
        text = f"{LEFT_OUT[status]}{f' ({reason})' if reason else ''}: {', '.join(images)}"
        lines += textwrap.wrap(text, width - 1, subsequent_indent="  ") if width > 1 else [text]
    return lines


def total_line(results: Results, seconds: float, painter: Painter, *, separator: str = "·") -> str:
    """``12 built, 3 unchanged, 1 failed, 2 not started · 48 s``; only numbers that are not zero."""
    counts = Counter(build.status for build in results.builds)
    parts = [
        painter.paint(f"{counts[status]} {word}", style) if style else f"{counts[status]} {word}"
        for status, (word, style) in TOTALS.items()
        if counts[status]
    ]
    return f"{', '.join(parts)} {painter.paint(f'{separator} {spent(seconds)}', FAINT)}"


def _cache_note(build: ArtifactResult) -> str:
    if build.status == CACHED:
        return " (nothing changed)"
    return f" ({build.cached_steps} of {build.steps} steps cached)" if build.steps else ""
