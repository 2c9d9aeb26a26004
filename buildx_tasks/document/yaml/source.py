"""From YAML text to documents: plain data as Skaffold reads it, and the place of every path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from buildx_tasks.document.yaml.nodes import (
    MAX_DEPTH,
    MAX_NODES,
    Mapping,
    Mark,
    Node,
    Scalar,
    Sequence,
    YamlProblem,
    compose,
    resolve,
)
from buildx_tasks.document.yaml.scalars import as_text, plain_value

Path = tuple[str | int, ...]
"""Where a value is: keys and list positions from the document's root, such as ("build", "artifacts", 0)."""

BOM = "\ufeff"
"""The byte-order mark that a text may begin with."""

MAX_VALUES = MAX_NODES
"""Values a stream may hold once its aliases are expanded: stops an alias bomb."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A mapping key that stands twice: its path, the second place and the first."""

    path: Path
    mark: Mark
    first: Mark


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One document of a stream.

    `data` is plain data with aliases and ``<<`` merges expanded; top-level keys that start with a dot are
    in it (see `visible`). `places` maps a path to the mark of its value, `keys` to the mark of its key.
    """

    index: int
    root: Node | None
    start: Mark
    data: Any
    places: dict[Path, Mark] = field(repr=False)
    keys: dict[Path, Mark] = field(repr=False)
    duplicates: tuple[Duplicate, ...] = ()

    def visible(self) -> Any:
        """The data without the top-level dotted keys, which Skaffold drops before it reads a config."""
        if not isinstance(self.data, dict):
            return self.data
        return {key: value for key, value in self.data.items() if not key.startswith(".")}

    def place(self, path: Path) -> Mark:
        """The mark of the key or item at `path`, or of the nearest thing above it that is in the text."""
        for end in range(len(path), -1, -1):
            mark = self.keys.get(path[:end]) or self.places.get(path[:end])
            if mark is not None:
                return mark
        return self.start


def parse(text: str) -> list[Document]:
    """Read all documents of `text`. Raises `YamlProblem` when it is no YAML or too large once expanded."""
    text = text.removeprefix(BOM)
    if text.startswith(BOM):
        # PyYAML would skip this one too, the parsers of Skaffold and of others take it for an indentation.
        raise YamlProblem("the text begins with two byte-order marks", Mark(0, 1, 1))
    budget = _Budget()
    roots = compose(text)
    return [_document(number, root.node, root.start, budget) for number, root in enumerate(roots)]


@dataclass(slots=True)
class _Budget:
    """How many values a whole stream may still hold once its aliases are expanded."""

    left: int = MAX_VALUES

    def spend(self, node: Node) -> None:
        self.left -= 1
        if self.left < 0:
            raise YamlProblem(f"holds more than {MAX_VALUES} values once its aliases are expanded", node.start)


def _document(index: int, node: Node | None, start: Mark, budget: _Budget) -> Document:
    reader = _SourceReader(budget)
    data = reader.read(node, ()) if node is not None else None
    return Document(
        index=index,
        root=node,
        start=node.start if node is not None else start,
        data=data,
        places=reader.places,
        keys=reader.keys,
        duplicates=tuple(reader.duplicates),
    )


class _SourceReader:
    """Walks one document's nodes once; recursion is bounded by the nesting that `compose` allows."""

    def __init__(self, budget: _Budget) -> None:
        self.budget = budget
        self.places: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.duplicates: list[Duplicate] = []
        self.depth = 0

    def read(self, node: Node, path: Path) -> Any:
        self.budget.spend(node)
        self.places.setdefault(path, node.start)
        target = resolve(node)
        if isinstance(target, Scalar):
            return plain_value(target.value, target.style, target.tag)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise YamlProblem("aliases nest too deep", node.start)
        value: Any
        if isinstance(target, Sequence):
            value = [self.read(item, (*path, at)) for at, item in enumerate(target.items)]
        else:
            value = self._mapping(target, path)
        self.depth -= 1
        return value

    def _mapping(self, node: Mapping, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merges: list[Node] = []
        for key, value in node.pairs:
            if is_merge(key):
                merges.append(value)
                continue
            name = key_text(key)
            here = (*path, name)
            if name in result:
                self.duplicates.append(Duplicate(here, key.start, self.keys[here]))
                self.read(value, here)
                continue
            self.keys.setdefault(here, key.start)
            result[name] = self.read(value, here)
        for source in merges:
            for key, value in self._merged(source):
                name = key_text(key)
                if name not in result:
                    self.keys.setdefault((*path, name), source.start)
                    result[name] = self.read(value, (*path, name))
        return result

    def _merged(self, source: Node, depth: int = 0) -> Iterator[tuple[Node, Node]]:
        """The pairs a ``<<`` brings in, nearest first; a source that is no mapping is a problem of its own."""
        self.budget.spend(source)
        if depth > MAX_DEPTH:
            raise YamlProblem("merge keys nest too deep", source.start)
        target = resolve(source)
        if isinstance(target, Sequence):
            for item in target.items:
                yield from self._merged(item, depth + 1)
        elif isinstance(target, Mapping):
            for key, value in target.pairs:
                if is_merge(key):
                    yield from self._merged(value, depth + 1)
                else:
                    self.budget.spend(key)
                    yield key, value
        else:
            raise YamlProblem("a merge key (<<) needs a mapping or a list of mappings", source.start)


def is_merge(key: Node) -> bool:
    """Whether a mapping key is the plain ``<<`` that merges another mapping in."""
    return isinstance(key, Scalar) and key.value == "<<" and not key.style


def key_text(key: Node) -> str:
    """A mapping key as text: Skaffold turns numbers and booleans into their spelling."""
    target = resolve(key)
    if isinstance(target, Scalar):
        value = plain_value(target.value, target.style, target.tag)
        return target.value if value is None else as_text(value)
    raise YamlProblem("a mapping key must be a scalar", key.start)
