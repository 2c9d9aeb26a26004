"""A document's nodes as the tree that migrations edit; what stands behind an alias or a ``<<`` is a copy."""

from __future__ import annotations

from collections.abc import Iterator

from buildx_tasks.document.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence, resolve
from buildx_tasks.document.yaml.scalars import plain_value
from buildx_tasks.document.yaml.source import is_merge, key_text
from buildx_tasks.document.yaml.tree import Child, Leaf, Loose, Map, Merge, Origin, Seq, Value


def merged_pairs(node: Node) -> Iterator[tuple[Node, Node]]:
    """The pairs that the value of a ``<<`` brings in, the strongest first."""
    target = resolve(node)
    if isinstance(target, Sequence):
        for item in target.items:
            yield from merged_pairs(item)
    elif isinstance(target, Mapping):
        for key, value in target.pairs:
            if is_merge(key):
                yield from merged_pairs(value)
            else:
                yield key, value


class Tree:
    """One document of a text as a tree; `definitions` is what became of each anchored node, by its identity."""

    def __init__(self, root: Mapping) -> None:
        self.definitions: dict[int, Value] = {}
        value = self.wrap(root, None, None, copied=False)
        assert isinstance(value, Map)
        self.root = value

    def quote(self, node: Node) -> Value:
        """What the text says at a node, as a copy that nothing has changed."""
        return self.wrap(node, None, None, copied=True)

    def wrap(
        self, node: Node, place: tuple[Origin, int] | None, within: Mapping | Sequence | None, *, copied: bool
    ) -> Value:
        """A text node as a value; behind an alias it is a copy of what the alias names."""
        via = node if isinstance(node, Alias) else None
        target = resolve(node)
        copied = copied or via is not None
        value: Value
        if isinstance(target, Scalar):
            inside = within if via is None else None
            value = Leaf(plain_value(target.value, target.style, target.tag), target, inside, via, copied)
        else:
            value = Map() if isinstance(target, Mapping) else Seq()
            value.tree, value.source, value.within, value.via, value.copied = self, target, within, via, copied
            if not copied:
                value.origin = Origin(target, *(place or (None, 0)))
        if not copied and target.anchor:
            self.definitions[id(target)] = value
        return value

    def entries(self, box: Map) -> list[Child | Loose | Merge]:
        """The pairs of a mapping; what a ``<<`` brings in stands behind it, an own key wins over it."""
        node = box.source
        assert isinstance(node, Mapping)
        names = {key_text(key) for key, _ in node.pairs if not is_merge(key)}
        children: list[Child | Loose | Merge] = []
        for at, (key, value) in enumerate(node.pairs):
            home = (box.origin, at) if box.origin is not None else None
            if is_merge(key):
                children.append(Merge(key, value, home))
                for merged, brought in merged_pairs(value):
                    name = key_text(merged)
                    if name not in names:
                        names.add(name)
                        children.append(
                            Child(name, self.wrap(brought, None, node, copied=True), None, merged, merged=True)
                        )
            else:
                children.append(Child(key_text(key), self.wrap(value, home, node, copied=box.copied), home, key))
        return children

    def items(self, box: Seq) -> list[Child | Loose | Merge]:
        """The items of a list."""
        node = box.source
        assert isinstance(node, Sequence)
        children: list[Child | Loose | Merge] = []
        for at, item in enumerate(node.items):
            home = (box.origin, at) if box.origin is not None else None
            children.append(Child("", self.wrap(item, home, node, copied=box.copied), home))
        return children
