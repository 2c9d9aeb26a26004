"""Reading a pattern as Go's `regexp/syntax` does with its Perl flags; nesting is kept in a list, not in calls."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from buildx_tasks.golang.regex.errors import RegexError
from buildx_tasks.golang.regex.escapes import read_character, read_class, read_class_escape
from buildx_tasks.golang.regex.ranges import ANY, ANY_BUT_NEWLINE, Ranges, folded
from buildx_tasks.golang.regex.syntax import (
    BEGIN_LINE,
    BEGIN_TEXT,
    END_LINE,
    END_TEXT,
    NO_WORD_BOUNDARY,
    WORD_BOUNDARY,
    Alternate,
    Assertion,
    Chars,
    Concat,
    Group,
    RegexNode,
    Repeat,
)

MAX_REPEAT = 1000
_COUNT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_BOUNDS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_NAMED = re.compile(r"\(\?P?<([A-Za-z0-9_]+)>")
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_ESCAPED_ASSERTIONS = {"A": BEGIN_TEXT, "z": END_TEXT, "b": WORD_BOUNDARY, "B": NO_WORD_BOUNDARY}


class Parsed(NamedTuple):
    """The tree, and the names of the groups by their number; the whole match is number 0 and has the name ""."""

    node: RegexNode
    names: tuple[str, ...]


class _Flags(NamedTuple):
    fold: bool = False
    multiline: bool = False
    dot_newline: bool = False
    lazy: bool = False

    def changed(self, on: str, off: str) -> _Flags:
        return _Flags(*((was or flag in on) and flag not in off for was, flag in zip(self, "imsU", strict=True)))


@dataclass(slots=True)
class _Open:
    """A group that is not closed yet: its number (0 captures nothing) and the flags that hold again behind it."""

    index: int
    flags: _Flags
    branches: list[RegexNode] = field(default_factory=list)
    items: list[RegexNode] = field(default_factory=list)

    def end_branch(self) -> None:
        self.branches.append(_concat(self.items))
        self.items = []

    def node(self) -> RegexNode:
        self.end_branch()
        if len(self.branches) == 1:
            return self.branches[0]
        return Alternate(tuple(sub for one in self.branches for sub in _flat(one, Alternate)))


def parse_regex(pattern: str) -> Parsed:
    """The syntax tree of `pattern`; RegexError for what Go rejects."""
    return _RegexParser(pattern).run()


class _RegexParser:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags = _Flags()
        self.open = [_Open(0, self.flags)]
        self.names = [""]
        self.repeated = False

    def run(self) -> Parsed:
        if any("\ud800" <= char <= "\udfff" for char in self.text):
            raise RegexError("invalid UTF-8")
        while self.at < len(self.text):
            repeated, self.repeated = self.repeated, False
            self._step(self.text[self.at], repeated)
        if len(self.open) > 1:
            raise RegexError(f"missing closing ): {self.text}")
        return Parsed(self.open[0].node(), tuple(self.names))

    def _step(self, char: str, repeated: bool) -> None:
        if char in _BOUNDS:
            self._repeat(*_BOUNDS[char], self.at + 1, repeated)
        elif char == "{" and (count := _COUNT.match(self.text, self.at)):
            self._count(count, repeated)
        elif char == "(":
            self._open_group()
        elif char == ")":
            self._close_group()
        elif char == "|":
            self.open[-1].end_branch()
            self.at += 1
        elif char == "\\":
            self._escape()
        elif char == "[":
            ranges, self.at = read_class(self.text, self.at, fold=self.flags.fold)
            self._push(Chars(ranges))
        else:
            self.at += 1
            self._push(self._plain(char))

    def _plain(self, char: str) -> RegexNode:
        if char == ".":
            return Chars(ANY if self.flags.dot_newline else ANY_BUT_NEWLINE)
        if char == "^":
            return Assertion(BEGIN_LINE if self.flags.multiline else BEGIN_TEXT)
        if char == "$":
            return Assertion(END_LINE if self.flags.multiline else END_TEXT)
        return self._literal(ord(char))

    def _literal(self, code: int) -> Chars:
        ranges: Ranges = ((code, code),)
        return Chars(folded(ranges) if self.flags.fold else ranges)

    def _push(self, node: RegexNode) -> None:
        self.open[-1].items.append(node)

    def _count(self, found: re.Match[str], repeated: bool) -> None:
        low, comma, high = found.groups()
        if any(len(count) > 4 or int(count) > MAX_REPEAT for count in (low, high) if count):
            raise RegexError(f"invalid repeat count: {found[0]}")
        most = None if comma and not high else int(high or low)
        if most is not None and int(low) > most:
            raise RegexError(f"invalid repeat count: {found[0]}")
        self._repeat(int(low), most, found.end(), repeated)

    def _repeat(self, low: int, high: int | None, end: int, repeated: bool) -> None:
        start = self.at
        swapped = self.text.startswith("?", end)
        self.at = end + swapped
        if repeated:
            raise RegexError(f"invalid nested repetition operator: {self.text[start - 1 : self.at]}")
        if not self.open[-1].items:
            raise RegexError(f"missing argument to repetition operator: {self.text[start : self.at]}")
        node = Repeat(self.open[-1].items.pop(), low, high, self.flags.lazy != swapped)
        if node.product > MAX_REPEAT and (low >= 2 or (high or 0) >= 2):
            raise RegexError(f"invalid repeat count: {self.text[start : self.at]}")
        self._push(node)
        self.repeated = True

    def _open_group(self) -> None:
        if not self.text.startswith("(?", self.at):
            self.names.append("")
            self.open.append(_Open(len(self.names) - 1, self.flags))
            self.at += 1
        elif named := _NAMED.match(self.text, self.at):
            self.names.append(named[1])
            self.open.append(_Open(len(self.names) - 1, self.flags))
            self.at = named.end()
        elif found := _FLAGS.match(self.text, self.at):
            on, off, end = found.groups()
            if end == ":":
                self.open.append(_Open(0, self.flags))
            self.flags = self.flags.changed(on, off or "")
            self.at = found.end()
        else:
            raise RegexError(f"invalid or unsupported Perl syntax: {self.text[self.at : self.at + 3]}")

    def _close_group(self) -> None:
        if len(self.open) == 1:
            raise RegexError(f"unexpected ): {self.text}")
        closed = self.open.pop()
        self.flags = closed.flags
        node = closed.node()
        self._push(Group(closed.index, node) if closed.index else node)
        self.at += 1

    def _escape(self) -> None:
        name = self.text[self.at + 1 : self.at + 2]
        if name == "Q":
            literal, ended, _ = self.text[self.at + 2 :].partition(r"\E")
            for char in literal:
                self._push(self._literal(ord(char)))
            self.at += 2 + len(literal) + len(ended)
        elif name in _ESCAPED_ASSERTIONS:
            self._push(Assertion(_ESCAPED_ASSERTIONS[name]))
            self.at += 2
        elif found := read_class_escape(self.text, self.at, fold=self.flags.fold):
            ranges, self.at = found
            self._push(Chars(ranges))
        else:
            code, self.at = read_character(self.text, self.at)
            self._push(self._literal(code))


def _concat(items: list[RegexNode]) -> RegexNode:
    if len(items) == 1:
        return items[0]
    return Concat(tuple(sub for one in items for sub in _flat(one, Concat))) if items else RegexNode()


def _flat(node: RegexNode, kind: type[Alternate | Concat]) -> tuple[RegexNode, ...]:
    return node.subs if isinstance(node, kind) else (node,)
