"""What containers of the tree hold: children with their places in the text, scalars, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from buildx_tasks.document.yaml.nodes import Alias, Mapping, Mark, Node, Scalar, Sequence
from buildx_tasks.document.yaml.source import Path, key_text

if TYPE_CHECKING:
    from buildx_tasks.document.migrations.tree import Box, Value


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
