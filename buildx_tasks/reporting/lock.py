"""The lock file's images as text and JSON."""

from __future__ import annotations

import json

from buildx_tasks.model.lockreport import LockedImage, LockReport
from buildx_tasks.reporting.words import counted

DIGITS = 12
"""How much of a digest is shown where a line has two."""


def lock_text(report: LockReport) -> str:
    """A line for each image that changed, or that a check misses, and one of numbers."""
    if report.checking:
        lines = [f"{one.place}: {one.image} is not locked" for one in report.added]
        lines += [f"{report.file}: {one.image} is not used" for one in report.removed]
        return _ended(lines, _checked(report))
    lines = [f"added {one.image}@{one.current} ({one.place})" for one in report.added]
    lines += [f"updated {one.image} {_short(one.locked)} -> {_short(one.current)}" for one in report.moved]
    lines += [f"removed {one.image}" for one in report.removed]
    return _ended(lines, f"{report.file}: {_numbers(report)}")


def _checked(report: LockReport) -> str:
    missing, unused = len(report.added), len(report.removed)
    if not missing and not unused:
        return f"{report.file}: {counted(len(report.images), 'image')}, all locked"
    return f"{report.file}: {counted(missing, 'image')} not locked, {unused} not used"


def _numbers(report: LockReport) -> str:
    changes = {"added": report.added, "updated": report.moved, "removed": report.removed}
    said = [f"{len(images)} {how}" for how, images in changes.items() if images]
    kept = counted(len(report.images) - len(report.removed), "image")
    return f"{kept}, {', '.join(said)}" if said else f"{kept}, nothing changed"


def outdated_text(report: LockReport) -> str:
    """A line for each image whose tag has another digest than the lock file, and one of numbers."""
    lines = [f"{one.image} {_short(one.locked)} -> {_short(one.current)}" for one in report.moved]
    lines += [f"{one.image}: {one.problem}" for one in report.images if one.problem]
    return _ended(lines, f"{report.file}: {len(report.moved)} of {counted(len(report.images), 'image')} outdated")


def lock_json(report: LockReport) -> str:
    """``{"file", "images": [{"image", "state", "locked", "current", "place", "problem"}], "notes"}``, by image.

    `state` is ``added``, ``updated``, ``removed``, ``unknown`` (its registry gives no digest) or ``unchanged``; a
    check says ``missing`` and ``unused`` for ``added`` and ``removed``.
    """
    images = [
        {
            "image": one.image,
            "state": _state(report, one),
            "locked": one.locked,
            "current": one.current,
            "place": one.place,
            "problem": one.problem,
        }
        for one in report.images
    ]
    return json.dumps({"file": report.file, "images": images, "notes": list(report.notes)}, indent=2) + "\n"


def _state(report: LockReport, one: LockedImage) -> str:
    if one in report.added:
        return "missing" if report.checking else "added"
    if one in report.removed:
        return "unused" if report.checking else "removed"
    if one.problem:
        return "unknown"
    return "updated" if one in report.moved else "unchanged"


def _short(digest: str) -> str:
    name, _colon, value = digest.partition(":")
    return f"{name}:{value[:DIGITS]}"


def _ended(lines: list[str], last: str) -> str:
    return "\n".join((*lines, last)) + "\n"
