"""A config as a tree that migrations edit: made from plain data, or from text nodes with their places kept.

Each child remembers where it stood in the text (`home`), so what a migration moves can later be cut and
pasted together with its comments. Containers open when first looked at: what no migration touches costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from buildx_tasks.document.yaml.nodes import Alias, Mapping, Mark, Node, Scalar, Sequence
from buildx_tasks.document.yaml.scalars import as_text
from buildx_tasks.document.yaml.source import Path, key_text


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """A container of the text and where it hangs: child number `index` of `parent` (None for the root)."""

    node: Mapping | Sequence
    parent: Origin | None
    index: int

    def path(self, at: int) -> Path:
        """The path of child number `at` as the text has it."""
        around = self.parent.path(self.index) if self.parent is not None else ()
        return (*around, key_text(self.node.pairs[at][0]) if isinstance(self.node, Mapping) else at)


@dataclass(slots=True, eq=False)
class Child:
    """An entry of a map (`key` set) or an item of a list (`key` is "").

    `home` is the container and position it has in the text; None when it is new or a copy. `lost` holds
    values that were replaced, `left` children that gave their value to this one: their comments still have to
    go somewhere. `above` is a child whose comments above it go above this one.
    """

    key: str
    value: Value
    home: tuple[Origin, int] | None = None
    key_node: Node | None = None
    merged: bool = False
    changed: bool = False
    lost: list[Value] = field(default_factory=list)
    left: list[Child] = field(default_factory=list)
    owner: Box | None = None
    above: Child | None = None
    bare: bool = False

    def lead_from(self, child: Child) -> None:
        """Take over the comments that stand above another child."""
        self.above = child
        child.bare = True

    def replace(self, value: Value) -> None:
        """Give the child another value; the old one is gone but for its comments."""
        self.lost.append(self.value)
        self.hold(value)

    def hold(self, value: Value) -> None:
        """Give the child another value, into which the old one has gone."""
        self.value = value
        value.up = self
        self.changed = True
        if self.owner is not None:
            self.owner.touch()

    def path(self) -> Path:
        """Where the child is in the text, or where it is now when it is in none."""
        if self.home is not None:
            return self.home[0].path(self.home[1])
        if self.owner is None:
            return (self.key,) if self.key else ()
        around = self.owner.up.path() if self.owner.up is not None else ()
        return (*around, self.key if self.owner.has_keys else self.owner.position(self))

    def mark(self) -> Mark | None:
        """The place in the text, of the child itself or of the nearest thing around it."""
        child: Child | None = self
        while child is not None:
            node = child.key_node or child.value.source
            if node is not None:
                return node.start
            child = child.owner.up if child.owner is not None else None
        return None


@dataclass(slots=True, eq=False)
class Loose:
    """What is left of a child that was dropped: the comments it had."""

    child: Child | Merge


@dataclass(slots=True, eq=False)
class Merge:
    """The ``<<`` of a map; the children it brings in follow it, marked `merged`."""

    key_node: Node
    node: Node
    home: tuple[Origin, int] | None


@dataclass(slots=True, eq=False)
class Leaf:
    """A scalar: its plain `value`, and the text it came from.

    `within` is the container it stood in there; None behind an alias, where that is not known.
    """

    value: Any
    source: Scalar | None = None
    within: Mapping | Sequence | None = None
    via: Alias | None = None
    copied: bool = False
    up: Child | None = None


class Box:
    """A map or a list. `copied` says that its text belongs to another place (an alias, a copy)."""

    has_keys = False
    """Whether the children are entries of a map rather than items of a list."""

    __slots__ = ("_children", "copied", "data", "origin", "source", "touched", "tree", "up", "via", "within")

    def __init__(self, data: Any = None) -> None:
        self.data = data
        self.tree: Opener | None = None
        self.source: Mapping | Sequence | None = None
        self.origin: Origin | None = None
        self.within: Mapping | Sequence | None = None
        self.via: Alias | None = None
        self.copied = False
        self.touched = False
        self.up: Child | None = None
        self._children: list[Child | Loose | Merge] | None = None

    @property
    def children(self) -> list[Child | Loose | Merge]:
        """Everything inside, in order; opened on first use. Change it through the methods only."""
        if self._children is None:
            self._children = self._open()
            for child in self._children:
                if isinstance(child, Child):
                    child.owner = self
                    child.value.up = child
        return self._children

    @property
    def opened(self) -> bool:
        """Whether its children were asked for, and may have changed."""
        return self._children is not None

    def _open(self) -> list[Child | Loose | Merge]:
        raise NotImplementedError

    def real(self) -> list[Child]:
        """The children that are data; those that merges bring in come last, as in plain data."""
        found = [child for child in self.children if isinstance(child, Child)]
        return sorted(found, key=lambda child: child.merged) if any(child.merged for child in found) else found

    def __len__(self) -> int:
        return len(self.real())

    def __bool__(self) -> bool:
        return True

    def touch(self) -> None:
        """Say that this is no longer what the text says, here and in all that is around."""
        box: Box | None = self
        while box is not None and not box.touched:
            box.touched = True
            box = box.up.owner if box.up is not None else None

    def position(self, child: Child) -> int:
        """Which of the data children this one is, from 0."""
        return next((at for at, other in enumerate(self.real()) if other is child), 0)

    def insert(self, child: Child, *, before: Child | None = None, after: Child | None = None) -> Child:
        """Put a detached child in: before or after a sister, else at the end."""
        children = self.children
        at = len(children)
        if before is not None or after is not None:
            for place, other in enumerate(children):
                if other is before or other is after:
                    at = place + (other is after)
        children.insert(at, child)
        child.owner = self
        child.value.up = child
        self.touch()
        return child

    def take(self, child: Child) -> Child:
        """Detach a child, to be put elsewhere with its comments."""
        self.touch()
        self.children[:] = [other for other in self.children if other is not child]
        child.owner = None
        return child

    def drop(self, child: Child) -> None:
        """Remove a child; its comments stay where it was."""
        self.touch()
        self.children[:] = [Loose(child) if other is child else other for other in self.children]


class Map(Box):
    """A mapping; a key whose value is null counts as absent for `map`, `seq` and `text`, as in Skaffold."""

    __slots__ = ()
    has_keys = True

    def _open(self) -> list[Child | Loose | Merge]:
        if self.tree is not None:
            return self.tree.entries(self)
        return [Child(str(key), make(value)) for key, value in (self.data or {}).items()]

    def find(self, key: str) -> Child | None:
        """The child of a key, None when there is none."""
        if not self.opened and self.tree is None and key not in (self.data or ()):
            return None  # plain data says so without being opened
        for child in self.children:
            if isinstance(child, Child) and child.key == key:
                return child
        return None

    def map(self, key: str) -> Map | None:
        """The mapping at `key`, None when absent or null; `OddShape` for anything else."""
        value = self._section(key)
        if value is not None and not isinstance(value, Map):
            raise OddShape(self.find(key), "a mapping")
        return value

    def seq(self, key: str) -> Seq | None:
        """The list at `key`, None when absent or null; `OddShape` for anything else."""
        value = self._section(key)
        if value is not None and not isinstance(value, Seq):
            raise OddShape(self.find(key), "a list")
        return value

    def text(self, key: str) -> str:
        """The scalar at `key` as a string field sees it, "" when absent or null."""
        value = self._section(key)
        if isinstance(value, Box):
            raise OddShape(self.find(key), "a scalar")
        return "" if value is None else as_text(value.value)

    def maps(self, key: str) -> Iterator[Map]:
        """The mappings in the list at `key`; null items are passed over."""
        box = self.seq(key)
        return box.maps() if box is not None else iter(())

    def _section(self, key: str) -> Value | None:
        child = self.find(key)
        return None if child is None or is_null(child.value) else child.value

    def rename(self, key: str, new: str) -> Child | None:
        """Give the entry at `key` another key in the same place; None when there is none."""
        child = self.find(key)
        if child is not None:
            if self.find(new) is not None:
                raise OddShape(child, f"no {new} beside it")
            child.key = new
            child.changed = True
            self.touch()
        return child

    def put(self, key: str, value: Value, *, before: Child | None = None, after: Child | None = None) -> Child:
        """A new entry, or another value for the one that is there."""
        child = self.find(key)
        if child is not None:
            child.replace(value)
            return child
        return self.insert(Child(key, value), before=before, after=after)

    def discard(self, key: str) -> Child | None:
        """Drop the entry at `key` when there is one."""
        child = self.find(key)
        if child is not None:
            self.drop(child)
        return child


class Seq(Box):
    """A list."""

    __slots__ = ()

    def _open(self) -> list[Child | Loose | Merge]:
        if self.tree is not None:
            return self.tree.items(self)
        return [Child("", make(value)) for value in self.data or ()]

    def maps(self) -> Iterator[Map]:
        """The items that are mappings; null items are passed over, others are an `OddShape`."""
        for child in self.real():
            if isinstance(child.value, Map):
                yield child.value
            elif not is_null(child.value):
                raise OddShape(child, "a mapping")

    def append(self, child: Child) -> Child:
        """Put a child behind all others; the child."""
        return self.insert(child)


Value: TypeAlias = Map | Seq | Leaf


class Opener(Protocol):
    """What gives containers of a text their children (`document.yaml.texttree`)."""

    def entries(self, box: Map) -> list[Child | Loose | Merge]:
        """The children of a mapping."""

    def items(self, box: Seq) -> list[Child | Loose | Merge]:
        """The children of a list."""


class OddShape(Exception):
    """A value is not what its key asks for; a migration can't judge it."""

    def __init__(self, child: Child | None, wanted: str) -> None:
        super().__init__(wanted)
        self.child = child
        self.wanted = wanted


def wrap(child: Child) -> None:
    """Make a child's value the only item of a list."""
    box, old = Seq(), child.value
    child.hold(box)
    box.append(Child("", old))


def nest(child: Child, key: str) -> None:
    """Make a child's value the only entry of a map."""
    box, old = Map(), child.value
    child.hold(box)
    box.insert(Child(key, old))


def is_null(value: Value) -> bool:
    """Whether a value is null, as a key without anything behind it is."""
    return isinstance(value, Leaf) and value.value is None


def make(data: Any) -> Value:
    """A new value from plain data."""
    if isinstance(data, dict):
        return Map(data)
    if isinstance(data, (list, tuple)):
        return Seq(data)
    return Leaf(data)


def plain(value: Value) -> Any:
    """What the tree says now, as plain data; unopened plain parts are shared, not copied."""
    if isinstance(value, Leaf):
        return value.value
    if value.source is None and not value.opened:
        return value.data if value.data is not None else ({} if isinstance(value, Map) else [])
    if isinstance(value, Map):
        return {child.key: plain(child.value) for child in value.real()}
    return [plain(child.value) for child in value.real()]


def copy(value: Value) -> Value:
    """The same value once more, for another place: its text is quoted there, without comments and anchors."""
    if isinstance(value, Leaf):
        return Leaf(value.value, value.source, value.within, value.via, copied=True)
    twin = type(value)(value.data)
    twin.tree, twin.source, twin.within, twin.via = value.tree, value.source, value.within, value.via
    twin.copied, twin.touched = True, value.touched
    if value.opened:
        twin._children = []
        for child in value.real():
            twin._children.append(Child(child.key, copy(child.value), key_node=child.key_node))
        for child in twin.real():
            child.owner = twin
            child.value.up = child
    return twin
