"""Go's `filepath.Match`: `*` and `?` within one name, `[a-z]` classes, `\\` for a literal one; no backtracking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

_Ranges: TypeAlias = tuple[tuple[str, str], ...]
_Unit: TypeAlias = "str | tuple[bool, _Ranges]"
"""A literal character, or a class: whether it is negated, and its ranges. `?` is everything but `/`."""

_ANY: _Unit = (True, (("/", "/"),))


class BadPatternError(ValueError):
    """A pattern that Go's filepath.Match rejects."""


class Glob:
    """One pattern. Raises BadPatternError wherever in the pattern the mistake is."""

    def __init__(self, pattern: str) -> None:
        self._chunks = tuple(_chunks(pattern))

    def matches(self, name: str) -> bool:
        """Whether the whole of `name` matches; the time is at most its length times that of the pattern."""
        return _match(self._chunks, name)


def check_glob(pattern: str) -> None:
    """Raise BadPatternError when `filepath.Match(pattern, ".")` does, which does not look behind the first mismatch."""
    _match(_chunks(pattern), ".")


def has_magic(pattern: str) -> bool:
    """Whether the text is more than a literal name."""
    return any(char in pattern for char in "*?[\\")


def _match(chunks: Iterable[tuple[bool, list[_Unit], bool]], name: str) -> bool:
    """Take the first place for each chunk behind a star: a later one leaves less for what follows."""
    at = 0
    for star, units, last in chunks:
        if star and not units:
            return "/" not in name[at:]
        end = _match_chunk(units, name, at, last)
        while end is None and star and at < len(name) and name[at] != "/":
            at += 1
            end = _match_chunk(units, name, at, last)
        if end is None:
            return False
        at = end
    return at == len(name)


def _match_chunk(units: list[_Unit], name: str, at: int, last: bool) -> int | None:
    """Where `name` goes on behind the units; the last ones must end it."""
    end = at + len(units)
    if end > len(name) or (last and end != len(name)):
        return None
    for unit, char in zip(units, name[at:end], strict=True):
        if isinstance(unit, str):
            if unit != char:
                return None
        elif any(low <= char <= high for low, high in unit[1]) == unit[0]:
            return None
    return end


def _chunks(pattern: str) -> Iterator[tuple[bool, list[_Unit], bool]]:
    """What is between the stars: whether one comes before it, its units, and whether it is the last. Lazy."""
    at = 0
    while at < len(pattern):
        start = at
        while pattern.startswith("*", at):
            at += 1
        end = _chunk_end(pattern, at)
        yield at > start, _units(pattern[at:end]), end == len(pattern)
        at = end


def _chunk_end(pattern: str, at: int) -> int:
    in_class = False
    while at < len(pattern):
        char = pattern[at]
        if char == "*" and not in_class:
            break
        in_class = char == "[" or (in_class and char != "]")
        at += 2 if char == "\\" else 1
    return min(at, len(pattern))


def _units(chunk: str) -> list[_Unit]:
    found: list[_Unit] = []
    at = 0
    while at < len(chunk):
        if chunk[at] == "[":
            unit, at = _class(chunk, at + 1)
        elif chunk[at] == "?":
            unit, at = _ANY, at + 1
        else:
            unit, at = _character(chunk, at)
        found.append(unit)
    return found


def _class(chunk: str, at: int) -> tuple[_Unit, int]:
    """A bracket expression whose `[` is before `at`: at least one item, `]` and `-` only escaped."""
    negated = chunk.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not ranges or not chunk.startswith("]", at):
        low, at = _class_character(chunk, at)
        high = low
        if chunk.startswith("-", at):
            high, at = _class_character(chunk, at + 1)
        ranges.append((low, high))
    return (negated, tuple(ranges)), at + 1


def _class_character(chunk: str, at: int) -> tuple[str, int]:
    if chunk[at : at + 1] in ("", "-", "]"):
        raise BadPatternError("syntax error in pattern")
    char, end = _character(chunk, at)
    if end >= len(chunk):
        raise BadPatternError("syntax error in pattern")
    return char, end


def _character(chunk: str, at: int) -> tuple[str, int]:
    """One character, a backslash before it taken away."""
    if chunk[at] != "\\":
        return chunk[at], at + 1
    if at + 1 == len(chunk):
        raise BadPatternError("syntax error in pattern: nothing to escape")
    return chunk[at + 1], at + 2
