"""Words for what the structure check finds: keys of other versions, near misses, wanted and given types."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from buildx_tasks.document.schema.catalogue import Place, locate
from buildx_tasks.document.schema.master import Definition, Property, definitions
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.scalars import BOOL_WORDS
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.model.apiversion import PREFIX, VERSIONS
from buildx_tasks.model.taskname import task_command

UPGRADE = f"run: {task_command('schema.upgrade')}"
NO_KIND = "missing-kind"
"""The code of the one thing that Skaffold rejects and a build here does not: a config without a ``kind``."""
_FEW = 14
_WANTED = {"string": "a string", "integer": "a whole number", "boolean": "true or false", "object": "a mapping"}
_WANTED_MANY = {"string": "strings", "integer": "whole numbers", "boolean": "true or false", "object": "mappings"}


def unknown_key(place: Place, owner: Definition, path: Path, at: int) -> Problem:
    """A key that the version at position `at` does not have in the mapping at `place`; `path` ends with it."""
    key = str(path[-1])
    variants = owner.properties.get(key, ())
    this = PREFIX + VERSIONS[at]
    if later := [item for item in variants if item.span.first > at]:
        since = PREFIX + VERSIONS[later[0].span.first]
        return Problem(
            path=path,
            code="newer-key",
            message=f"{key!r} exists since {since}, this file is {this}",
            hint=UPGRADE,
        )
    if variants:
        return _removed(variants[-1], path, this)
    hint = _near(owner, key, at)
    if not hint and place.prop and place.owner:
        hint = _retyped(place.owner, place.prop, at)
    return Problem(path=path, code="unknown-key", message=f"unknown key {key!r}", hint=hint or _known(owner, at))


def _removed(prop: Property, path: Path, this: str) -> Problem:
    last = PREFIX + VERSIONS[prop.span.last]
    message = f"{prop.name!r} was removed after {last}, this file is {this}"
    hint = f"write {prop.successor} instead" if prop.successor else "remove it"
    return Problem(path=path, code="older-key", message=message, hint=hint)


def _near(owner: Definition, key: str, at: int) -> str:
    """A likely meant key, here or one level down."""
    keys = {name.casefold(): name for name in owner.keys(at)}
    if here := keys.get(key.casefold()):
        return f"did you mean {here!r}?"
    for name in keys.values():
        prop = owner.find(name, at)
        inner = definitions().get(prop.type) if prop else None
        below = {item.casefold(): item for item in inner.keys(at)} if inner else {}
        if found := below.get(key.casefold()):
            return f"{found!r} belongs below {name!r}"
    close = difflib.get_close_matches(key.casefold(), list(keys), n=1, cutoff=0.7)
    return f"did you mean {keys[close[0]]!r}?" if close else ""


def _known(owner: Definition, at: int) -> str:
    keys = owner.keys(at)
    if not keys:
        return "no key is allowed here"
    return f"known keys: {', '.join(keys)}" if len(keys) <= _FEW else ""


def is_lenient(path: Path, at: int) -> bool:
    """Whether `path` is in a section whose unknown keys Skaffold skips without a word."""
    places = [locate(path[:end], at) for end in range(1, len(path) + 1)]
    return any(item and item.definition and at in item.definition.lenient for item in places)


def ignored_key(problem: Problem) -> Problem:
    """`problem`, an unknown key, as a warning for sections whose unknown keys Skaffold skips."""
    return replace(problem, code="ignored-key", message=f"{problem.message}; Skaffold ignores it", severity="warning")


def missing_value(path: Path, key: str, instance: Mapping[str, Any]) -> Problem:
    """A required key that is absent or empty.

    Without a ``kind`` it is clear what is meant, as there is only one, but Skaffold rejects the config.
    """
    message = f"{key} is empty" if key in instance else f"{key} is missing"
    if key == "kind" and not path:
        return Problem(path=(key,), code=NO_KIND, message=message, hint="write kind: Config", severity="warning")
    return Problem(path=(*path, key), code="required", message=message)


def several_of_one(path: Path, keys: Sequence[str]) -> Problem:
    """Several members of a group in which only one may be set."""
    message = f"{', '.join(keys[:-1])} and {keys[-1]} can't be set together"
    return Problem(path=(*path, keys[-1]), code="one-of", message=message, hint="keep one of them")


def wrong_type(path: Path, value: Any, at: int) -> Problem:
    """A value that Skaffold's parser can't read as what belongs at `path`."""
    place = locate(path, at)
    wanted = place.type if place else "any"
    message = f"must be {_wanted(wanted)}, not {_given(value)}"
    hint = _type_hint(wanted, value)
    if not hint and place and place.prop and place.owner:
        hint = _retyped(place.owner, place.prop, at)
    return Problem(path=path, code="wrong-type", message=message, hint=hint)


def _wanted(expression: str) -> str:
    if expression[0] not in "[{":
        return " or ".join(_WANTED.get(part, "a mapping") for part in expression.split("|"))
    kind = "a list" if expression[0] == "[" else "a mapping"
    inner = expression[1:-1]
    return f"{kind} of {_WANTED_MANY[inner]}" if inner in _WANTED_MANY else kind


def _given(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    text = str(value)
    return f"the string {text[:40] + '…' if len(text) > 40 else text!r}"


def _type_hint(wanted: str, value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if wanted == "boolean" and value in ("true", "false"):
        return "leave out the quotes"
    if wanted == "boolean" and "{{" in value:
        return "templates are expanded in strings only"
    if wanted == "integer" and value.lstrip("+-").isdigit():
        return "leave out the quotes"
    if wanted == "[string]":
        return "put it behind a dash, as an item of a list"
    return ""


def _retyped(owner: Definition, prop: Property, at: int) -> str:
    """What the same key wanted in older or newer versions, where that may explain a file of this one."""
    for other in owner.properties[prop.name]:
        if other.type == prop.type:
            continue
        if other.span.last < at:
            moved = f", now write {other.successor}" if other.successor else ""
            return f"up to {PREFIX}{VERSIONS[other.span.last]} it was {_wanted(other.type)}{moved}"
        return f"it is {_wanted(other.type)} since {PREFIX}{VERSIONS[other.span.first]}; {UPGRADE}"
    return ""


def unlisted_value(path: Path, value: Any, allowed: list[Any]) -> Problem:
    """A value outside of an enumeration: an error in our own block, else only advice, since Skaffold takes it."""
    close = difflib.get_close_matches(str(value), [str(item) for item in allowed], n=1)
    ours = path[:1] == (".buildx",)
    return Problem(
        path=path,
        code="unlisted-value",
        message=f"{value!r} is none of: {', '.join(str(item) for item in allowed)}",
        hint=f"did you mean {close[0]!r}?" if close else "",
        severity="error" if ours else "warning",
    )


def reads_as(kind: str, value: Any) -> bool:
    """Whether Skaffold's parser reads `value`, which is not null, into a field of the JSON type `kind`.

    Any scalar is read as text, the YAML 1.1 words as booleans, and fractions as whole numbers.
    """
    if kind == "object":
        return isinstance(value, dict)
    if kind == "array":
        return isinstance(value, list)
    if kind == "string":
        return not isinstance(value, dict | list)
    if kind == "boolean":
        return isinstance(value, bool) or (isinstance(value, str) and value in BOOL_WORDS)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and -(2**63) <= value < 2**63
