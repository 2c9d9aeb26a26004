"""Numbers in words: how many of what, and how long."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 artifact``, ``2 artifacts``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def spent(seconds: float) -> str:
    """A time for people: ``2.5 s``, ``48 s``, ``3 min 5 s``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
