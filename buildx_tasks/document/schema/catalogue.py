"""The master schema seen from one version or along all of them: a JSON Schema, a field, a list of changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from buildx_tasks.document.schema.master import PRIMITIVES, ROOT, Definition, Property, VersionRange, definitions
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.model.apiversion import PREFIX, VERSIONS, position
from buildx_tasks.model.changes import Changes

BLOCK = ".buildx"
"""The top-level key that holds our own settings."""

SCHEMA_ID = "urn:buildx-tasks:skaffold:"
"""How the ``$id`` of every schema begins; the version follows."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def project(version: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one version, such as ``v4beta13``; raises `KeyError` for an unknown one.

    The result is shared between callers: read it, don't change it. Each definition is titled with its name.
    """
    at = position(version)
    known = definitions()
    names = [ROOT]
    for name in names:
        for key in known[name].keys(at):
            prop = known[name].find(key, at)
            inner = prop.type.strip("[]{}") if prop else ROOT
            if inner in known and inner not in names:
                names.append(inner)
    version = VERSIONS[at]
    schemas = {name: _object(known[name], at) for name in names}
    schemas[ROOT]["patternProperties"] = {r"^\.": {}}
    schemas[ROOT]["properties"]["apiVersion"]["const"] = PREFIX + version
    return {
        "$schema": DIALECT,
        "$id": SCHEMA_ID + version,
        "title": f"skaffold.yaml, {PREFIX}{version}",
        "$ref": f"#/$defs/{ROOT}",
        "$defs": schemas,
    }


def _object(definition: Definition, at: int) -> dict[str, Any]:
    found = {key: definition.find(key, at) for key in definition.properties}
    properties = {key: prop for key, prop in found.items() if prop}
    schema: dict[str, Any] = {
        "title": definition.name,
        "description": definition.description,
        "type": "object",
        "properties": {key: _value(prop) for key, prop in properties.items()},
        "additionalProperties": definition.open,
    }
    if required := [key for key, prop in properties.items() if at in prop.required]:
        schema["required"] = required
    group = [key for key in definition.one_of if key in properties]
    if len(group) > 1 and at in definition.one_of_span:
        members: list[dict[str, Any]] = [{"required": [key]} for key in group]
        schema["oneOf"] = [*members, {"not": {"anyOf": members}}]
    return schema


def _value(prop: Property) -> dict[str, Any]:
    schema = {**_type(prop.type), "description": prop.description}
    if prop.default is not None:
        schema["default"] = prop.default
    if prop.enum and prop.pattern:
        schema["anyOf"] = [{"enum": list(prop.enum)}, {"pattern": prop.pattern}]
    elif prop.enum:
        schema["enum"] = list(prop.enum)
    return schema


def _type(expression: str) -> dict[str, Any]:
    if expression == "any":
        return {}
    if expression in PRIMITIVES:
        return {"type": expression}
    if expression[0] == "[":
        return {"type": "array", "items": _type(expression[1:-1])}
    if expression[0] == "{":
        return {"type": "object", "additionalProperties": _type(expression[1:-1]) or True}
    if "|" in expression:
        return {"type": expression.split("|")}
    return {"$ref": f"#/$defs/{expression}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What stands at a path: its type expression, its property (None inside a list or mapping), its owner."""

    type: str
    prop: Property | None = None
    owner: Definition | None = None

    @property
    def definition(self) -> Definition | None:
        """The definition of the mapping that belongs here, None for anything else."""
        return definitions().get(self.type)


def locate(path: Path, at: int) -> Place | None:
    """What the version at position `at` wants at `path`; None when nothing is known about it."""
    place = Place(type=ROOT)
    for part in path:
        kind = place.type
        if kind[0] in "[{":
            place = Place(type=kind[1:-1])
        elif (definition := place.definition) and (prop := definition.find(str(part), at)):
            place = Place(type=prop.type, prop=prop, owner=definition)
        else:
            return None
    return place


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One property at one path (``build.artifacts[].docker.target``) with the versions it really exists in.

    `shared` marks a section of a profile that is the same as at the top level.
    """

    path: str
    prop: Property
    span: VersionRange
    shared: bool = False


@cache
def fields() -> tuple[Field, ...]:
    """Every property of every version, parents first; the sections of a profile are not repeated."""
    return tuple(_fields(definitions()[ROOT], "", VersionRange(), (ROOT,)))


def _fields(definition: Definition, prefix: str, span: VersionRange, above: tuple[str, ...]) -> Iterator[Field]:
    known = definitions()
    for key, variants in definition.properties.items():
        for prop in variants:
            if not (exists := span & prop.span):
                continue
            path = f"{prefix}.{key}" if prefix else key
            shared = definition.name == "Profile" and key in known["Pipeline"].properties
            yield Field(path=path, prop=prop, span=exists, shared=shared)
            inner = prop.type.strip("[]{}")
            if inner in known and inner not in above and not shared:
                marks = "".join("[]" if char == "[" else "{}" for char in prop.type if char in "[{")
                yield from _fields(known[inner], path + marks, exists, (*above, inner))


@cache
def changes() -> tuple[Changes, ...]:
    """The changes of every version, oldest first; of a new or vanished mapping only the mapping itself is listed."""
    by_path: dict[str, list[Field]] = {}
    for item in fields():
        if not item.path.startswith(BLOCK) and not (item.path.startswith("profiles[].") and item.shared):
            by_path.setdefault(item.path, []).append(item)
    return tuple(_changes(at, by_path) for at in range(len(VERSIONS)))


def _changes(at: int, by_path: dict[str, list[Field]]) -> Changes:
    added: list[str] = []
    ours: list[str] = []
    retyped: list[str] = []
    removed: list[tuple[str, str]] = []
    for path, variants in by_path.items():
        new = next((item for item in variants if item.span.first == at), None)
        old = next((item for item in variants if item.span.last == at - 1), None)
        if new and old:
            if new.prop.type != old.prop.type:
                retyped.append(path)
        elif new:
            (ours if new.prop.ours else added).append(path)
        elif old:
            removed.append((path, old.prop.successor))
    return Changes(
        version=VERSIONS[at],
        added=tuple(path for path in added if not _has_parent(path, [*added, *retyped])),
        removed=tuple(
            (path, successor)
            for path, successor in removed
            if not _has_parent(path, [*retyped, *(other for other, _ in removed)])
        ),
        retyped=tuple(retyped),
        ours=tuple(ours),
    )


def _has_parent(path: str, others: list[str]) -> bool:
    return any(path != other and path.startswith(other) and path[len(other)] in ".[{" for other in others)
