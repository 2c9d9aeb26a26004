"""Sizes as docker writes them: ``500m``, ``2g``, ``1.5GB``; a unit is 1024 of the one before."""

from __future__ import annotations

import re

from buildx_tasks.errors import CannotStart

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_UNITS = "bkmgt"


def parse_size(text: str, what: str) -> int:
    """The number of bytes; `what` names the setting in the error. Raises `CannotStart`."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise CannotStart(f"{what} {text!r} is not a size", "for example 500m or 2g")
    return int(float(found[1]) * 1024 ** _UNITS.index(found[2].lower() or "b"))


def size_text(count: int) -> str:
    """A number of bytes for people."""
    size, unit = float(count), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f}".removesuffix(".0") + f" {_UNITS[unit].upper().replace('K', 'k')}" + ("B" if unit else "")
