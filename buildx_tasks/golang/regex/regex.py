"""A compiled regular expression: searching, finding and replacing in the order and with the references of Go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from buildx_tasks.golang.regex.dfa import Dfa
from buildx_tasks.golang.regex.parser import parse_regex
from buildx_tasks.golang.regex.pike import PikeVm, Slots
from buildx_tasks.golang.regex.program import Program, compile_nodes

_REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")


class Regex:
    """One pattern; `names` are those of its groups. Raises RegexError, and its methods TooMuchWorkError."""

    def __init__(self, pattern: str) -> None:
        parsed = parse_regex(pattern)
        self.names = parsed.names
        self._program: Program = compile_nodes([parsed.node])

    @cached_property
    def _dfa(self) -> Dfa:
        return Dfa(self._program)

    def matches(self, text: str) -> bool:
        """Whether there is a match anywhere in `text`."""
        return self._dfa.search(text)

    def find(self, text: str) -> tuple[int, int] | None:
        """Start and end of the leftmost match."""
        found = PikeVm(self._program, text, 2).find(0)
        return None if found is None else (found[0], found[1])

    def find_all(self, text: str) -> Iterator[str]:
        """The texts of the matches one after another, without an empty one right behind another."""
        machine = PikeVm(self._program, text, 2)
        at, before = 0, -1
        while at <= len(text) and (found := machine.find(at)) is not None:
            start, end = found
            if end != at or start != before:
                yield text[start:end]
            at = max(end, at + (end == at))
            before = end

    def replaced(self, text: str, replacement: str, *, literal: bool) -> Iterator[str]:
        """The pieces of `text` with every match replaced; `$1`, `${name}` and `$$` count unless `literal`."""
        machine = PikeVm(self._program, text, 2 if literal else 2 * len(self.names))
        at = kept = 0
        while at <= len(text) and (found := machine.find(at)) is not None:
            start, end = found[:2]
            yield text[kept:start]
            if end > kept or not start:
                yield replacement if literal else self.expanded(replacement, text, found)
            kept = end
            at = max(end, at + 1)
        yield text[kept:]

    def expanded(self, template: str, text: str, found: Slots) -> str:
        """The template with the groups of a match of `text` in place of their references."""

        def group(reference: re.Match[str]) -> str:
            if reference[1]:
                return "$"
            name = reference[2] or reference[3]
            for number in self._numbers(name):
                if 2 * number < len(found) and found[2 * number] >= 0:
                    return text[found[2 * number] : found[2 * number + 1]]
            return ""

        return _REFERENCE.sub(group, template)

    def _numbers(self, name: str) -> list[int]:
        """The groups that a reference means: a number without leading zeros, else every group of that name."""
        if name.isascii() and name.isdigit() and len(name) < 9 and (name == "0" or not name.startswith("0")):
            return [int(name)]
        return [number for number, one in enumerate(self.names) if one == name]


@lru_cache(maxsize=64)
def compile_regex(pattern: str) -> Regex:
    """`pattern` as Go understands it; RegexError when Go rejects it or it is too large."""
    return Regex(pattern)


class PathRegexes:
    """Several patterns for paths, tried all at once. Raises RegexError."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._dfa = Dfa(compile_nodes([parse_regex(pattern).node for pattern in patterns]))

    def matches(self, path: str) -> bool:
        """Whether one of the patterns matches `path` or one of its parents. Raises TooMuchWorkError."""
        return self._dfa.search_path(path)
