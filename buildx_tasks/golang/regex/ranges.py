"""Sets of characters as sorted, separate ranges of code points."""

from __future__ import annotations

import sys
from bisect import bisect_right

from buildx_tasks.golang.regex.unicode import fold_orbits

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each range, in order, with a gap between neighbours."""

ANY: Ranges = ((0, sys.maxunicode),)
ANY_BUT_NEWLINE: Ranges = ((0, 9), (11, sys.maxunicode))
_SURROGATES = (0xD800, 0xDFFF)
_REPLACEMENT = 0xFFFD
_REMEMBERED = 1024


def union(*sets: Ranges) -> Ranges:
    """What is in any of the sets; the ranges of one may be in any order and overlap."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(one for ranges in sets for one in ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in union(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= sys.maxunicode:
        gaps.append((start, sys.maxunicode))
    return tuple(gaps)


def folded(ranges: Ranges) -> Ranges:
    """The set with every character that differs from one of it only in case (Unicode's simple folding)."""
    if ranges == ANY:
        return ranges
    member = CharSet(union(ranges))
    others = [(other, other) for char, orbit in fold_orbits().items() if member.has(char) for other in orbit]
    return union(ranges, tuple(others))


class CharSet(dict[str, bool]):
    """Whether a character is in a set, asked as ``charset[char]``; the first answers are remembered.

    A lone surrogate stands for a byte that is not UTF-8, which Go reads as U+FFFD.
    """

    __slots__ = ("_highs", "_lows")

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._lows = [low for low, _ in ranges]
        self._highs = [high for _, high in ranges]

    def __missing__(self, char: str) -> bool:
        code = ord(char)
        found = self.has(_REPLACEMENT if _SURROGATES[0] <= code <= _SURROGATES[1] else code)
        if len(self) < _REMEMBERED:
            self[char] = found
        return found

    def has(self, code: int) -> bool:
        """Whether the code point is in the set."""
        at = bisect_right(self._lows, code) - 1
        return at >= 0 and code <= self._highs[at]
