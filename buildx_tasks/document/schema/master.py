"""The annotated master schema as values: definitions, their properties and the versions each exists in.

The files under ``schema/`` are the source; ``docs/schema.md`` explains their format. They are read once, when
first needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from buildx_tasks.model.apiversion import VERSIONS, position

ROOT = "SkaffoldConfig"
PRIMITIVES = frozenset(("string", "integer", "boolean", "object", "any"))


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A run of versions, by position and inclusive; empty when `first` is after `last`."""

    first: int = 0
    last: int = len(VERSIONS) - 1

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.first <= at <= self.last

    def __and__(self, other: VersionRange) -> VersionRange:
        return VersionRange(max(self.first, other.first), min(self.last, other.last))

    def __bool__(self) -> bool:
        return self.first <= self.last


EVER = VersionRange()
NEVER = VersionRange(1, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """One meaning of a key. A key that changed its type has one `Property` for each run of versions.

    `type` is an expression: a primitive, the name of a definition, ``[T]`` for a list, ``{T}`` for a mapping of
    any keys, ``A|B`` for either of two primitives. `kubernetes` are the versions in which Skaffold reads what is
    inside by lower-case keys only. `ours` marks keys that Skaffold does not know.
    """

    name: str
    type: str
    span: VersionRange = EVER
    required: VersionRange = NEVER
    kubernetes: VersionRange = NEVER
    successor: str = ""
    description: str = ""
    default: Any = None
    enum: tuple[str, ...] = ()
    pattern: str = ""
    ours: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A mapping with known keys, named after Skaffold's type.

    Of the keys in `one_of` at most one may be set, in the versions `one_of_span`. In the versions `lenient`
    Skaffold ignores unknown keys here and below. An `open` one has other keys, which are not described.
    """

    name: str
    description: str
    properties: Mapping[str, tuple[Property, ...]]
    one_of: tuple[str, ...] = ()
    one_of_span: VersionRange = EVER
    lenient: VersionRange = NEVER
    open: bool = False

    def find(self, key: str, at: int) -> Property | None:
        """What `key` means in the version at position `at`; None when it does not exist there."""
        return next((item for item in self.properties.get(key, ()) if at in item.span), None)

    def keys(self, at: int) -> list[str]:
        """The keys of the version at position `at`, in the master's order."""
        return [key for key in self.properties if self.find(key, at)]


@cache
def definitions() -> Mapping[str, Definition]:
    """Every definition by name."""
    raw: dict[str, dict[str, Any]] = {}
    for file in sorted(folder().glob("*.json")):
        raw.update(json.loads(file.read_text(encoding="utf-8")))
    return {name: _definition(name, data, raw) for name, data in raw.items()}


def folder() -> Path:
    """Where the master is: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "_schema"
    return installed if installed.is_dir() else package.parent / "schema"


def parse_span(text: str) -> VersionRange:
    """``v1beta5..v2beta29``, ``v1beta5..``, ``..v2beta29`` or ``..``; raises `KeyError` for unknown versions."""
    first, _, last = text.partition("..")
    return VersionRange(position(first) if first else EVER.first, position(last) if last else EVER.last)


def _definition(name: str, data: dict[str, Any], raw: dict[str, dict[str, Any]]) -> Definition:
    included = raw[data["x-include"]]["properties"] if "x-include" in data else {}
    return Definition(
        name=name,
        description=data["description"],
        properties={key: _properties(key, value) for key, value in {**data["properties"], **included}.items()},
        one_of=tuple(data.get("x-one-of", ())),
        one_of_span=parse_span(f"..{data.get('x-one-of-until', '')}"),
        lenient=parse_span(data["x-lenient"]) if "x-lenient" in data else NEVER,
        open=data.get("x-open", False),
    )


def _properties(name: str, data: dict[str, Any] | list[dict[str, Any]]) -> tuple[Property, ...]:
    return tuple(_property(name, item) for item in (data if isinstance(data, list) else [data]))


def _property(name: str, data: dict[str, Any]) -> Property:
    return Property(
        name=name,
        type=data["type"],
        span=parse_span(f"{data.get('x-since', '')}..{data.get('x-until', '')}"),
        required=parse_span(data["x-required"]) if "x-required" in data else NEVER,
        kubernetes=parse_span(data["x-kubernetes"]) if "x-kubernetes" in data else NEVER,
        successor=data.get("x-successor", ""),
        description=data["description"],
        default=data.get("default"),
        enum=tuple(data.get("enum", ())),
        pattern=data.get("pattern", ""),
        ours=data.get("x-ours", False),
    )
