"""Go's path patterns: `*` and `?` within one name, `[a-z]` classes, `\\` for a literal character."""

from __future__ import annotations

import re
from collections.abc import Iterator


class BadPatternError(ValueError):
    """A pattern that Go's filepath.Match refuses."""


def glob_parts(pattern: str) -> Iterator[tuple[str, str]]:
    """The pattern piece by piece: (its text, a regular expression for it), literal characters one by one.

    The regular expressions keep within one name; `*` comes as two pieces when it is doubled. Raises BadPatternError.
    """
    at = 0
    while at < len(pattern):
        char = pattern[at]
        end = at + 1
        if char == "*":
            expression = "[^/]*"
        elif char == "?":
            expression = "[^/]"
        elif char == "[":
            expression, end = _class(pattern, at + 1)
        else:
            literal, end = _character(pattern, at)
            expression = re.escape(literal)
        yield pattern[at:end], expression
        at = end


def compile_glob(pattern: str) -> re.Pattern[str]:
    """The pattern of one name, without `/`; use `fullmatch`. Raises BadPatternError."""
    return re.compile("".join(expression for _, expression in glob_parts(pattern)), re.DOTALL)


def has_magic(pattern: str) -> bool:
    """Whether the text is more than a literal name."""
    return any(char in pattern for char in "*?[\\")


def _class(pattern: str, at: int) -> tuple[str, int]:
    """A bracket expression whose `[` stands before `at`; at least one item, and `]` or `-` only escaped."""
    negated = pattern.startswith("^", at)
    at += negated
    items: list[str] = []
    while not (pattern.startswith("]", at) and items):
        low, at = _class_character(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _class_character(pattern, at + 1)
        if low <= high:  # an empty range matches nothing
            items.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            items.append("")
    inside = "".join(items)
    if not inside:
        return ("." if negated else "(?!)"), at + 1
    return f"[{'^' if negated else ''}{inside}]", at + 1


def _class_character(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] in ("", "-", "]"):
        raise BadPatternError(f"syntax error in pattern {pattern!r}")
    char, end = _character(pattern, at)
    if end >= len(pattern):
        raise BadPatternError(f"syntax error in pattern {pattern!r}")
    return char, end


def _character(pattern: str, at: int) -> tuple[str, int]:
    """One character, a backslash before it taken away."""
    if pattern[at] != "\\":
        return pattern[at], at + 1
    if at + 1 == len(pattern):
        raise BadPatternError(f"syntax error in pattern {pattern!r}: nothing to escape")
    return pattern[at + 1], at + 2
