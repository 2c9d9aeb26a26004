"""YAML text as nodes with exact text spans: what validation points at and what text edits cut.

Composing is iterative over parser events, so neither deep nesting nor alias bombs can exhaust the stack or
the memory: aliases stay references to the node they name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

MAX_DEPTH = 100
"""Deeper nesting than this is refused: no config needs it, and every later walk may recurse."""

MAX_NODES = 200_000
"""A stream of more nodes than this is refused: it bounds the memory that any text can take."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the text: `index` counts characters from 0; `line` and `column` count from 1."""

    index: int
    line: int
    column: int


@dataclass(slots=True, eq=False)
class Scalar:
    """`style` is "" for plain, else one of ``'``, ``"``, ``|``, ``>``; `tag` is the explicit tag or None."""

    start: Mark
    end: Mark
    value: str
    style: str
    tag: str | None = None
    anchor: str | None = None


@dataclass(slots=True, eq=False)
class Alias:
    """A reference to an anchored node; `target` is that very node."""

    start: Mark
    end: Mark
    name: str
    target: Node


@dataclass(slots=True, eq=False)
class Mapping:
    """Pairs in text order, duplicates included; keys are nodes too."""

    start: Mark
    end: Mark
    flow: bool
    tag: str | None = None
    anchor: str | None = None
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Sequence:
    """Items in text order."""

    start: Mark
    end: Mark
    flow: bool
    tag: str | None = None
    anchor: str | None = None
    items: list[Node] = field(default_factory=list)


Node: TypeAlias = "Scalar | Alias | Mapping | Sequence"


@dataclass(frozen=True, slots=True)
class Root:
    """One document of a stream: its root node (None when empty) and where it begins."""

    node: Node | None
    start: Mark
    explicit: bool


class YamlProblem(Exception):
    """The text is not YAML that can be read: one message and where it is."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.message = message
        self.mark = mark


def compose(text: str) -> list[Root]:
    """Read every document of `text` into nodes. Raises `YamlProblem` on the first problem.

    A text without any document gives an empty list; an empty document between markers gives a `Root`
    without a node, as Skaffold judges it.
    """
    roots: list[Root] = []
    builder: _Builder | None = None
    room = MAX_NODES
    for event in _events(text):
        name = type(event).__name__
        if name == "DocumentStartEvent":
            builder = _Builder(_mark(event.start_mark), bool(event.explicit), room)
        elif name == "DocumentEndEvent":
            assert builder is not None
            roots.append(builder.finish())
            room = builder.room
            builder = None
        elif builder is not None:
            builder.feed(name, event)
    return roots


def resolve(node: Node) -> Scalar | Mapping | Sequence:
    """The node itself, or the one that an alias names."""
    while isinstance(node, Alias):
        node = node.target
    return node


class _Builder:
    """Collects one document; the stack holds the open collections, `keys` the pending key of each mapping."""

    def __init__(self, start: Mark, explicit: bool, room: int) -> None:
        self.start = start
        self.explicit = explicit
        self.root: Node | None = None
        self.stack: list[Mapping | Sequence] = []
        self.keys: list[Node | None] = []
        self.anchors: dict[str, Node] = {}
        self.room = room

    def feed(self, name: str, event: Any) -> None:
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        if name == "ScalarEvent":
            style = event.style or ""
            node: Node = Scalar(start, end, event.value, style, _tag(event), event.anchor)
            self._anchor(event.anchor, node)
            self._add(node)
        elif name == "AliasEvent":
            self._add(self._alias(event.anchor, start, end))
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            kind = Mapping if name == "MappingStartEvent" else Sequence
            opened = kind(start, end, bool(event.flow_style), _tag(event), event.anchor)
            self._anchor(event.anchor, opened)
            self._add(opened)
            if len(self.stack) >= MAX_DEPTH:
                raise YamlProblem(f"nested more than {MAX_DEPTH} levels deep", start)
            self.stack.append(opened)
            self.keys.append(None)
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            self.stack.pop().end = end
            self.keys.pop()

    def finish(self) -> Root:
        return Root(self.root, self.start, self.explicit)

    def _alias(self, name: str, start: Mark, end: Mark) -> Alias:
        target = self.anchors.get(name)
        if target is None:
            raise YamlProblem(f"alias *{name} has no anchor before it", start)
        if any(target is opened for opened in self.stack):
            raise YamlProblem(f"alias *{name} refers to its own parent", start)
        return Alias(start, end, name, target)

    def _anchor(self, name: str | None, node: Node) -> None:
        if name:
            self.anchors[name] = node

    def _add(self, node: Node) -> None:
        self.room -= 1
        if self.room < 0:
            raise YamlProblem(f"holds more than {MAX_NODES} values", node.start)
        if not self.stack:
            self.root = None if _is_nothing(node) else node
            return
        top = self.stack[-1]
        if isinstance(top, Sequence):
            top.items.append(node)
        elif (key := self.keys[-1]) is None:
            self.keys[-1] = node
        else:
            top.pairs.append((key, node))
            self.keys[-1] = None


def _is_nothing(node: Node) -> bool:
    """Whether a root is the empty scalar that stands for an empty document."""
    return isinstance(node, Scalar) and not node.value and not node.style and not node.tag and not node.anchor


def _events(text: str) -> Iterator[Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise YamlProblem(_message(error), _mark(error.problem_mark or error.context_mark)) from None
    except yaml.reader.ReaderError as error:
        raise YamlProblem(f"not readable as text: {error.reason}", _place(text, _position(error))) from None
    except yaml.YAMLError as error:
        raise YamlProblem(str(error), Mark(0, 1, 1)) from None
    except UnicodeError:
        bad = next((at for at, char in enumerate(text) if "\ud800" <= char <= "\udfff"), 0)
        raise YamlProblem(f"not readable as text: {_surrogate(text[bad : bad + 1])}", _place(text, bad)) from None


def _surrogate(char: str) -> str:
    """What half of a character pair stands for: a byte that is no UTF-8 was read with surrogateescape."""
    if "\udc80" <= char <= "\udcff":
        return f"byte 0x{ord(char) - 0xDC00:02x} is not UTF-8"
    return "half of a character pair"


def _position(error: Any) -> int:
    return error.position if isinstance(error.position, int) else 0


def _place(text: str, index: int) -> Mark:
    index = min(index, len(text))
    before = text[:index]
    return Mark(index, before.count("\n") + 1, index - before.rfind("\n"))


def _message(error: Any) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return ": ".join(parts) or "not YAML"


def _mark(mark: Any) -> Mark:
    return Mark(0, 1, 1) if mark is None else Mark(mark.index, mark.line + 1, mark.column + 1)


def _tag(event: Any) -> str | None:
    """The explicit tag; libyaml hands "!" for a quoted scalar's non-specific tag, which says nothing."""
    return event.tag if event.tag not in (None, "!") else None
