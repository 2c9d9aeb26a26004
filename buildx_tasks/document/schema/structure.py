"""Judge the structure of a config by the schema: keys, types, listed values, missing values. Uses jsonschema."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any

from buildx_tasks.document.schema.catalogue import locate, project
from buildx_tasks.document.schema.explain import (
    ignored_key,
    is_lenient,
    missing_value,
    reads_as,
    several_of_one,
    unknown_key,
    unlisted_value,
    wrong_type,
)
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.model.apiversion import NEWEST, VERSIONS

MAX_PROBLEMS = 1000
"""Problems of one document after which the check stops."""


def structure_problems(data: Any, at: int) -> list[Problem]:
    """Unknown keys and wrong types of one document, judged by the version at position `at`."""
    problems: list[Problem] = []
    for error in _parser(VERSIONS[at]).iter_errors(data):
        if len(problems) >= MAX_PROBLEMS:
            break
        path: Path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            problems += _unknown_keys(path, error.instance, error.schema["properties"], at)
        elif error.validator == "enum":
            problems.append(unlisted_value(path, error.instance, error.validator_value))
        else:
            problems.append(wrong_type(path, error.instance, at))
    return problems


def _unknown_keys(path: Path, instance: dict[str, Any], known: Collection[str], at: int) -> Iterator[Problem]:
    found = locate(path, at)
    owner = found.definition if found else None
    if found is None or owner is None:
        return
    extras = [key for key in instance if key not in known and not (key.startswith(".") and not path)]
    for key in extras[:MAX_PROBLEMS]:
        problem = unknown_key(found, owner, (*path, key), at)
        yield ignored_key(problem) if is_lenient(path, at) else problem


def completeness_problems(config: Mapping[str, Any]) -> list[Problem]:
    """Missing required values and one-of groups of which several are set, in the newest shape.

    As in Skaffold, empty text counts as not set, an empty list counts as set, and profiles are judged too.
    """
    problems: list[Problem] = []
    for error in _completer().iter_errors(config):
        path: Path = tuple(error.absolute_path)
        if error.validator == "required":
            missing = [key for key in error.validator_value if not _is_set(error.instance.get(key))]
            problems += [missing_value(path, key, error.instance) for key in missing]
        else:
            members = _members_set(error.validator_value, error.instance)
            problems.append(several_of_one(path, sorted(members, key=list(error.instance).index)))
    return problems


def _is_set(value: Any) -> bool:
    return value not in (None, "")


def _members_set(alternatives: list[dict[str, Any]], instance: Mapping[str, Any]) -> list[str]:
    members = [item["required"][0] for item in alternatives if "required" in item]
    return [key for key in members if _is_set(instance.get(key))]


@cache
def _parser(version: str) -> Any:
    """A validator that takes what Skaffold's parser takes in one version."""
    from jsonschema import ValidationError

    def has_type(_: Any, types: str | list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
        names = [types] if isinstance(types, str) else types
        if instance is not None and not any(reads_as(name, instance) for name in names):
            yield ValidationError("type")

    def is_listed(_: Any, allowed: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and instance not in ("", *allowed):
            yield ValidationError("enum")

    return _walker(version, {"type": has_type, "enum": is_listed})


@cache
def _completer() -> Any:
    """A validator for what Skaffold wants set, or set alone, in the newest version."""
    from jsonschema import Draft202012Validator, ValidationError

    def has_required(_: Any, required: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, dict) and not all(_is_set(instance.get(key)) for key in required):
            yield ValidationError("required")

    def has_one(_: Any, alternatives: list[dict[str, Any]], instance: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, dict) and len(_members_set(alternatives, instance)) > 1:
            yield ValidationError("oneOf")

    def values(validator: Any, schema: Any, instance: Any, parent: Any) -> Iterator[Any]:
        if isinstance(schema, dict):
            yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, schema, instance, parent)

    return _walker(NEWEST, {"required": has_required, "oneOf": has_one, "additionalProperties": values})


def _walker(version: str, keywords: dict[str, Callable[..., Any]]) -> Any:
    """A validator of the projection of `version` that walks it as usual but judges by `keywords` only."""
    from jsonschema import Draft202012Validator, validators

    schema = project(version)

    def refers(validator: Any, reference: str, instance: Any, _: Any) -> Iterator[Any]:
        yield from validator.descend(instance, schema["$defs"][reference.rpartition("/")[2]])

    usual = {name: Draft202012Validator.VALIDATORS[name] for name in ("properties", "items", "additionalProperties")}
    return validators.create(meta_schema={}, validators={"$ref": refers, **usual, **keywords})(schema)
