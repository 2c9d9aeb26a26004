"""Whether a text matches: a DFA whose states are made as texts need them, and forgotten when they are too many."""

from __future__ import annotations

from collections.abc import Iterable

from buildx_tasks.golang.regex.errors import TooMuchWorkError
from buildx_tasks.golang.regex.program import ASSERT, CHAR, HOLDING, MATCH, SPLIT, START, Program, kind_of

MAX_HELD = 200_000
"""Instructions and transitions that the states of one DFA hold together."""

MAX_WORK = 10_000_000
"""Instructions visited for one text, about five seconds."""


class _State(dict[str, "_State"]):
    """The instructions to go on with, behind a character of the kind `before`; as a mapping, the next states."""

    __slots__ = ("accepts", "before", "dfa", "pcs")

    def __init__(self, dfa: Dfa, pcs: frozenset[int], before: int) -> None:
        super().__init__()
        self.dfa, self.pcs, self.before = dfa, pcs, before
        self.accepts: bool | None = None

    def __missing__(self, char: str) -> _State:
        return self.dfa.step(self, char)


class Dfa:
    """A program as a recognizer. Several threads may use one: what they race for is only remembered work."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._states: dict[tuple[frozenset[int], int], _State] = {}
        self._held = self.work = 0
        self._found = _State(self, frozenset(), START)
        self._first = _State(self, frozenset([program.start]), START)

    def search(self, text: str) -> bool:
        """Whether there is a match anywhere in `text`. Raises TooMuchWorkError."""
        self.work = 0
        state, found = self._first, self._found
        for char in text:
            state = state[char]
            if state is found:
                return True
        return self._accepts(state)

    def search_path(self, path: str) -> bool:
        """Whether there is a match anywhere in `path` or in one of its parents, each taken for itself."""
        self.work = 0
        state, found = self._first, self._found
        for char in path:
            if char == "/" and self._accepts(state):
                return True
            state = state[char]
            if state is found:
                return True
        return self._accepts(state)

    def step(self, state: _State, char: str) -> _State:
        """The state behind `char`."""
        program, kind = self.program, kind_of(char)
        reached, accepts = self._closure(state.pcs, HOLDING[state.before][kind])
        if accepts:
            following = self._found
        else:
            outs, others, sets = program.outs, program.others, program.sets
            pcs = {outs[pc] for pc in reached if sets[others[pc]][char]}
            if not program.anchored:
                pcs.add(program.start)
            following = self._state(frozenset(pcs), program.contexts[kind])
        if self._held > MAX_HELD:
            self._forget()
        self._held += 1
        state[char] = following
        return following

    def _forget(self) -> None:
        for state in (self._first, *self._states.values()):
            state.clear()
        self._states.clear()
        self._held = 0

    def _state(self, pcs: frozenset[int], before: int) -> _State:
        key = pcs, before
        if (known := self._states.get(key)) is not None:
            return known
        self._held += len(pcs) + 1
        made = self._states[key] = _State(self, pcs, before)
        return made

    def _accepts(self, state: _State) -> bool:
        """Whether there is a match when the text ends here."""
        if state.accepts is None:
            state.accepts = self._closure(state.pcs, HOLDING[state.before][START])[1]
        return state.accepts

    def _closure(self, pcs: Iterable[int], holding: int) -> tuple[list[int], bool]:
        """The character instructions reached without a character, and whether a match is."""
        ops, outs, others = self.program.ops, self.program.outs, self.program.others
        waiting, seen, reached = list(pcs), set[int](), list[int]()
        while waiting:
            pc = waiting.pop()
            if pc in seen:
                continue
            seen.add(pc)
            op = ops[pc]
            if op == CHAR:
                reached.append(pc)
                continue
            if op == MATCH:
                return reached, True
            if op != ASSERT or others[pc] & holding:
                waiting.append(outs[pc])
            if op == SPLIT:
                waiting.append(others[pc])
        self.work += len(seen)
        if self.work > MAX_WORK:
            raise TooMuchWorkError
        return reached, False
