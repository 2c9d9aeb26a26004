"""What holds for every config of every version, and for every text."""

from __future__ import annotations

import json
from typing import Any

from config_strategies import configs, to_text
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from buildx_tasks.document.schema.catalogue import locate, project
from buildx_tasks.document.validate import MAX_FINDINGS, validate_text
from buildx_tasks.model.apiversion import NEWEST, PREFIX, position
from buildx_tasks.model.finding import dotted

RULES_ONLY = {
    *("image-name", "duplicate-image", "unknown-dependency", "dependency-cycle", "alias", "builder-type"),
    *("network-mode", "ignore-without-paths", "sync-strip", "jib-type", "ko-sync", "tag-policy", "worker-pool"),
    *("resource-type", "logs-prefix", "no-upgrade", "skaffold-slip"),
}
"""What a config that is structurally right may still be told."""

slow = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def version_of(config: dict[str, Any]) -> str:
    return str(config["apiVersion"]).removeprefix(PREFIX)


@slow
@given(configs())
def test_a_generated_config_is_what_a_standard_validator_accepts(config: dict[str, Any]) -> None:
    errors = list(Draft202012Validator(project(version_of(config))).iter_errors(config))
    assert not errors, errors[0].message


@slow
@given(configs())
def test_nothing_is_wrong_with_the_structure_of_a_projection_valid_config(config: dict[str, Any]) -> None:
    codes = {item.code for item in validate_text(to_text(config))}
    assert codes - {"required", "one-of"} <= RULES_ONLY


@slow
@given(configs(NEWEST))
def test_nothing_is_missing_in_a_projection_valid_config_of_the_newest_version(config: dict[str, Any]) -> None:
    assert {item.code for item in validate_text(to_text(config))} <= RULES_ONLY


def closed_mappings(value: Any, at: int, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of the mappings whose keys are known, hence checked."""
    found: list[tuple[str | int, ...]] = []
    if isinstance(value, dict):
        place = locate(path, at)
        if place and place.definition and not place.definition.open:
            found.append(path)
        for key, item in value.items():
            found += closed_mappings(item, at, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += closed_mappings(item, at, (*path, number))
    return found


@slow
@given(configs(), st.data(), st.sampled_from(["biuld", "Image", "dockerfil", "x-y", "123"]))
def test_an_unknown_key_is_always_found_where_it_stands(config: dict[str, Any], data: st.DataObject, key: str) -> None:
    at = position(version_of(config))
    path = data.draw(st.sampled_from(closed_mappings(config, at)))
    box: Any = config
    for part in path:
        box = box[part]
    box[key] = "x"
    found = [item for item in validate_text(to_text(config), warnings=True) if item.path == dotted((*path, key))]
    assert [item.code for item in found] in (["unknown-key"], ["ignored-key"])


@slow
@given(configs(), st.data())
def test_keys_of_other_versions_are_found_as_a_standard_validator_finds_them(
    config: dict[str, Any], data: st.DataObject
) -> None:
    other = data.draw(st.sampled_from(["v1alpha1", "v1beta9", "v2beta4", "v2beta29", "v3", NEWEST]))
    config["apiVersion"] = PREFIX + other
    schema = project(other)
    extra = set()
    for error in Draft202012Validator(schema).iter_errors(config):
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            extra |= {dotted((*error.absolute_path, key)) for key in error.instance if key not in known}
        assume(error.validator not in ("type", "oneOf"))
    ours = {
        item.path
        for item in validate_text(to_text(config), warnings=True)
        if item.code in ("unknown-key", "newer-key", "older-key", "ignored-key")
    }
    assert ours == extra


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=400))
def test_any_text_is_judged_without_an_exception(text: str) -> None:
    assert len(validate_text(text, warnings=True, upstream=True)) >= 1


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_are_judged_without_an_exception(data: bytes) -> None:
    assert len(validate_text(data.decode("utf-8", "surrogateescape"))) >= 1


shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@slow
@given(configs(), st.data(), shapes)
def test_a_value_of_any_shape_at_any_place_is_judged_without_an_exception(
    config: dict[str, Any], data: st.DataObject, shape: Any
) -> None:
    box: Any = config
    while isinstance(box, dict | list) and box:
        keys = list(box) if isinstance(box, dict) else range(len(box))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(box[key], dict | list) or not box[key] or data.draw(st.booleans()):
            box[key] = shape
            break
        box = box[key]
    text = json.dumps(config, allow_nan=False) if is_finite(config) else repr(config)
    assert len(validate_text(text, warnings=True, upstream=True)) <= MAX_FINDINGS + 1


def is_finite(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@slow
@given(configs(), st.data())
def test_a_text_with_a_piece_cut_out_is_judged_without_an_exception(
    config: dict[str, Any], data: st.DataObject
) -> None:
    import yaml

    text = yaml.safe_dump(config, allow_unicode=True)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    validate_text(text[:start] + text[end:], warnings=True, upstream=True)
