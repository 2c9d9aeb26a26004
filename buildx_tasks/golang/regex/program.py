"""Compiling a syntax tree into a program for the two machines, as Go's `regexp/syntax` does after simplifying."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from buildx_tasks.golang.regex.ranges import CharSet, Ranges
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

CHAR, SPLIT, ASSERT, SAVE, MATCH = range(5)
START, NEWLINE, WORD, OTHER = range(4)
"""Kinds of characters around a place; the first stands for none, at either end of the text."""

_REPLACEMENT = 0xFFFD
_Emitting = Generator[tuple[RegexNode, int], int, int]


def kind_of(char: str) -> int:
    """The kind of a character; "" is the end of the text."""
    if not char:
        return START
    if char == "\n":
        return NEWLINE
    return WORD if char.isascii() and (char.isalnum() or char == "_") else OTHER


def _holding(before: int, after: int) -> int:
    boundary = WORD_BOUNDARY if (before == WORD) != (after == WORD) else NO_WORD_BOUNDARY
    begins = {START: BEGIN_TEXT | BEGIN_LINE, NEWLINE: BEGIN_LINE}.get(before, 0)
    return boundary | begins | {START: END_TEXT | END_LINE, NEWLINE: END_LINE}.get(after, 0)


HOLDING = tuple(tuple(_holding(before, after) for after in range(4)) for before in range(4))
"""The assertions that hold between two kinds of characters, as bits: ``HOLDING[before][after]``."""


@dataclass(slots=True, eq=False)
class Program:
    """Instructions by number: what each does, the next one, and the other way of a SPLIT, slot, assertion or set.

    `contexts` maps the kind of a character to one that means the same to the assertions that follow it.
    """

    ops: list[int] = field(default_factory=list)
    outs: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    sets: list[CharSet] = field(default_factory=list)
    start: int = 0
    asserts: bool = False
    contexts: tuple[int, ...] = (OTHER,) * 4
    anchored: bool = False
    prefix: str = ""

    def add(self, op: int, out: int, other: int = 0) -> int:
        """Append an instruction and return its number."""
        self.ops.append(op)
        self.outs.append(out)
        self.others.append(other)
        return len(self.ops) - 1


def compile_nodes(nodes: Sequence[RegexNode]) -> Program:
    """A program that matches any of `nodes`, those before others preferred."""
    compiler = _Compiler()
    program = compiler.program
    end = program.add(MATCH, 0)
    starts = [compiler.emitted(node, end) for node in nodes]
    program.start = starts.pop()
    while starts:
        program.start = program.add(SPLIT, starts.pop(), program.start)
    kinds = {program.others[at] for at, op in enumerate(program.ops) if op == ASSERT}
    program.asserts = bool(kinds)
    words = bool(kinds & {WORD_BOUNDARY, NO_WORD_BOUNDARY})
    program.contexts = (START, NEWLINE if BEGIN_LINE in kinds else OTHER, WORD if words else OTHER, OTHER)
    program.anchored = _is_anchored(program)
    program.prefix = _prefix(program, compiler.literals)
    return program


class _Compiler:
    def __init__(self) -> None:
        self.program = Program()
        self.numbers: dict[Ranges, int] = {}
        self.literals: dict[int, str] = {}

    def emitted(self, node: RegexNode, out: int) -> int:
        """The number of the first instruction of `node`, which goes on at `out`; without recursion."""
        waiting = [self._emit(node, out)]
        answer: int | None = None
        while waiting:
            try:
                asked = next(waiting[-1]) if answer is None else waiting[-1].send(answer)
            except StopIteration as done:
                waiting.pop()
                answer = done.value
            else:
                waiting.append(self._emit(*asked))
                answer = None
        assert answer is not None
        return answer

    def _emit(self, node: RegexNode, out: int) -> _Emitting:
        add = self.program.add
        if isinstance(node, Chars):
            return add(CHAR, out, self._set(node.ranges))
        if isinstance(node, Assertion):
            return add(ASSERT, out, node.kind)
        if isinstance(node, Group):
            inside = yield node.sub, add(SAVE, out, 2 * node.index + 1)
            return add(SAVE, inside, 2 * node.index)
        if isinstance(node, Concat):
            for sub in reversed(node.subs):
                out = yield sub, out
            return out
        if isinstance(node, Alternate):
            start = yield node.subs[-1], out
            for sub in reversed(node.subs[:-1]):
                start = add(SPLIT, (yield sub, out), start)
            return start
        if isinstance(node, Repeat):
            return (yield from self._repeat(node, out))
        return out

    def _repeat(self, node: Repeat, out: int) -> _Emitting:
        sub, low, high = node.sub, node.low, node.high
        if high == 0 or type(sub) is RegexNode:
            return out
        if (low, high) == (1, 1) or _same_again(node):
            return (yield sub, out)
        if high is None:
            start = yield from self._unbounded(node, out)
            low -= 1
        else:
            start = out
            for _ in range(high - low):
                start = self._split((yield sub, start), out, node.lazy)
        for _ in range(low):
            start = yield sub, start
        return start

    def _unbounded(self, node: Repeat, out: int) -> _Emitting:
        """A loop; when a round can be empty, ``x*`` is ``(x+)?``, which keeps the order of preference."""
        loop = self.program.add(SPLIT, out, out)
        body = yield node.sub, loop
        self.program.outs[loop], self.program.others[loop] = (out, body) if node.lazy else (body, out)
        if node.low:
            return body
        return self._split(body, out, node.lazy) if node.sub.nullable else loop

    def _split(self, body: int, out: int, lazy: bool) -> int:
        return self.program.add(SPLIT, out, body) if lazy else self.program.add(SPLIT, body, out)

    def _set(self, ranges: Ranges) -> int:
        if ranges not in self.numbers:
            self.numbers[ranges] = len(self.program.sets)
            if len(ranges) == 1 and ranges[0][0] == ranges[0][1] != _REPLACEMENT:
                self.literals[len(self.program.sets)] = chr(ranges[0][0])
            self.program.sets.append(CharSet(ranges))
        return self.numbers[ranges]


def _same_again(node: Repeat) -> bool:
    """Whether the operand is the same simple operator, as in ``(?:x*)*``."""
    sub = node.sub
    simple = (node.low, node.high) in ((0, None), (1, None), (0, 1))
    return simple and isinstance(sub, Repeat) and (sub.low, sub.high, sub.lazy) == (node.low, node.high, node.lazy)


def _is_anchored(program: Program) -> bool:
    """Whether every match begins at the beginning of the text."""
    waiting, seen = [program.start], set[int]()
    while waiting:
        at = waiting.pop()
        if at in seen or (program.ops[at] == ASSERT and program.others[at] == BEGIN_TEXT):
            continue
        if program.ops[at] in (CHAR, MATCH):
            return False
        seen.add(at)
        waiting.append(program.outs[at])
        if program.ops[at] == SPLIT:
            waiting.append(program.others[at])
    return True


def _prefix(program: Program, literals: dict[int, str]) -> str:
    """The plain text that every match begins with."""
    found: list[str] = []
    at = program.start
    while program.ops[at] == SAVE or (program.ops[at] == CHAR and program.others[at] in literals):
        if program.ops[at] == CHAR:
            found.append(literals[program.others[at]])
        at = program.outs[at]
    return "".join(found)
