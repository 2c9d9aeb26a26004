"""Where a text matches: a Pike VM, which follows all ways at once and prefers what Go (as Perl) prefers."""

from __future__ import annotations

from buildx_tasks.golang.regex.errors import TooMuchWorkError
from buildx_tasks.golang.regex.program import ASSERT, CHAR, HOLDING, MATCH, SAVE, SPLIT, START, Program, kind_of

MAX_WORK = 10_000_000
"""Instructions visited for all matches of one text, about five seconds."""

Slots = tuple[int, ...]
"""Start and end of the match and of each group, -1 where a group takes no part."""

_Thread = tuple[int, Slots]


class PikeVm:
    """Finds the matches of one text, one after another; its work is bounded for all of them together."""

    def __init__(self, program: Program, text: str, slots: int) -> None:
        self.program, self.text = program, text
        self._blank: Slots = (-1,) * slots
        self.work = 0
        self._added: list[int] = []

    def find(self, at: int) -> Slots | None:
        """The leftmost match that begins at `at` or later. Raises TooMuchWorkError."""
        program, text = self.program, self.text
        ops, outs, others, sets = program.ops, program.outs, program.others, program.sets
        self._added = [-1] * len(ops)
        self.work += len(ops) >> 4
        threads: list[_Thread] = []
        found: Slots | None = None
        while True:
            if not threads:
                if found is not None or (program.anchored and at):
                    return found
                if program.prefix and (at := text.find(program.prefix, at)) < 0:
                    return None
            if found is None and not (program.anchored and at):
                self._add(threads, program.start, (at, *self._blank[1:]), at)
            char = text[at : at + 1]
            following: list[_Thread] = []
            for pc, slots in threads:
                if ops[pc] == MATCH:
                    found = (slots[0], at, *slots[2:])
                    break
                if char and sets[others[pc]][char]:
                    self._add(following, outs[pc], slots, at + 1)
            if not char:
                return found
            threads = following
            at += 1

    def _add(self, threads: list[_Thread], pc: int, slots: Slots, at: int) -> None:
        """Follow `pc` to the characters and matches behind it, in their order of preference."""
        program, added = self.program, self._added
        ops, outs, others = program.ops, program.outs, program.others
        holding = self._holding(at) if program.asserts else 0
        waiting = [(pc, slots)]
        while waiting:
            pc, slots = waiting.pop()
            self.work += 1
            if added[pc] == at:
                continue
            added[pc] = at
            op = ops[pc]
            if op in (CHAR, MATCH):
                threads.append((pc, slots))
            elif op == SPLIT:
                waiting.append((others[pc], slots))
                waiting.append((outs[pc], slots))
            elif op == SAVE:
                slot = others[pc]
                kept = slots if slot >= len(slots) else (*slots[:slot], at, *slots[slot + 1 :])
                waiting.append((outs[pc], kept))
            elif op == ASSERT and others[pc] & holding:
                waiting.append((outs[pc], slots))
        if self.work > MAX_WORK:
            raise TooMuchWorkError

    def _holding(self, at: int) -> int:
        before = kind_of(self.text[at - 1]) if at else START
        return HOLDING[before][kind_of(self.text[at : at + 1])]
