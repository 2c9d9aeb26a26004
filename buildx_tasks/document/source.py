"""From YAML text to documents: plain data as Skaffold reads it, and the place of every path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from buildx_tasks.document.nodes import Mapping, Mark, Node, Scalar, Sequence, YamlProblem, compose, resolve
from buildx_tasks.document.scalars import as_text, plain_value

Path = tuple[str | int, ...]
"""Where a value is: keys and list positions from the document's root, such as ("build", "artifacts", 0)."""

MAX_VALUES = 200_000
"""Values one document may hold once its aliases are expanded: stops an alias bomb."""


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
    text = text.removeprefix("\ufeff")
    return [_document(number, root.node, root.start) for number, root in enumerate(compose(text))]


def _document(index: int, node: Node | None, start: Mark) -> Document:
    reader = _Reader()
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


class _Reader:
    """Walks one document's nodes once; recursion is bounded by the nesting that `compose` allows."""

    def __init__(self) -> None:
        self.places: dict[Path, Mark] = {}
        self.keys: dict[Path, Mark] = {}
        self.duplicates: list[Duplicate] = []
        self.count = 0
        self.depth = 0

    def read(self, node: Node, path: Path) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise YamlProblem(f"holds more than {MAX_VALUES} values once its aliases are expanded", node.start)
        self.places.setdefault(path, node.start)
        target = resolve(node)
        if isinstance(target, Scalar):
            return plain_value(target.value, target.style, target.tag)
        self.depth += 1
        if self.depth > 400:
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

    def _merged(self, source: Node) -> Iterator[tuple[Node, Node]]:
        """The pairs a ``<<`` brings in, nearest first; a source that is no mapping is a problem of its own."""
        self.count += 1
        if self.count > MAX_VALUES:
            raise YamlProblem(f"holds more than {MAX_VALUES} values once its aliases are expanded", source.start)
        target = resolve(source)
        if isinstance(target, Sequence):
            for item in target.items:
                yield from self._merged(item)
        elif isinstance(target, Mapping):
            for key, value in target.pairs:
                if is_merge(key):
                    yield from self._merged(value)
                else:
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
