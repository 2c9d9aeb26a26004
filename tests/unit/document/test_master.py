"""The master schema is well-formed: every name, range and word in it means something."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from buildx_tasks.document.schema.master import (
    EVER,
    PRIMITIVES,
    ROOT,
    Definition,
    VersionRange,
    definitions,
    folder,
    parse_span,
)
from buildx_tasks.model.apiversion import VERSIONS, position

KNOWN_WORDS = {
    "type", "description", "default", "enum", "pattern",
    "x-since", "x-until", "x-required", "x-successor", "x-ours", "x-kubernetes",
}  # fmt: skip
DEFINITION_WORDS = {"description", "properties", "x-include", "x-one-of", "x-one-of-until", "x-lenient", "x-open"}


def raw() -> dict[str, dict[str, Any]]:
    return {
        name: data
        for file in sorted(folder().glob("*.json"))
        for name, data in json.loads(file.read_text(encoding="utf-8")).items()
    }


def raw_properties() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{name}.{key}", variant)
        for name, data in raw().items()
        for key, value in data["properties"].items()
        for variant in (value if isinstance(value, list) else [value])
    ]


def test_no_definition_stands_in_two_files() -> None:
    names = [name for file in folder().glob("*.json") for name in json.loads(file.read_text(encoding="utf-8"))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("definition", definitions().values(), ids=lambda definition: definition.name)
def test_types_and_groups_name_what_exists(definition: Definition) -> None:
    for key, variants in definition.properties.items():
        for prop in variants:
            inner = prop.type.strip("[]{}")
            known = inner in definitions() or set(inner.split("|")) <= PRIMITIVES
            assert known, f"{definition.name}.{key}: {prop.type}"
    assert set(definition.one_of) <= set(definition.properties)


@pytest.mark.parametrize("definition", definitions().values(), ids=lambda definition: definition.name)
def test_variants_of_a_key_follow_each_other_without_overlap(definition: Definition) -> None:
    for key, variants in definition.properties.items():
        for earlier, later in itertools.pairwise(variants):
            assert earlier.span.last + 1 == later.span.first, f"{definition.name}.{key}"
        for prop in variants:
            assert prop.span, f"{definition.name}.{key}"
            assert not prop.required or (prop.required & prop.span), f"{definition.name}.{key}"


@pytest.mark.parametrize(("name", "data"), raw_properties(), ids=lambda value: value if isinstance(value, str) else "")
def test_each_property_is_described_in_known_words(name: str, data: dict[str, Any]) -> None:
    assert set(data) <= KNOWN_WORDS
    assert re.fullmatch(r"\S.{5,138}\S[.]", data["description"]), name


def test_each_definition_is_described_in_known_words() -> None:
    for name, data in raw().items():
        assert set(data) <= DEFINITION_WORDS, name
        assert data["description"].endswith("."), name


def test_every_definition_is_used() -> None:
    used = {ROOT, "Pipeline"}
    used |= {
        prop.type.strip("[]{}")
        for definition in definitions().values()
        for variants in definition.properties.values()
        for prop in variants
    }
    assert set(definitions()) <= used


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("v1beta5..v2beta29", "v1beta5", "v2beta29"),
        ("v1beta5..", "v1beta5", VERSIONS[-1]),
        ("..v2beta29", VERSIONS[0], "v2beta29"),
        ("..", VERSIONS[0], VERSIONS[-1]),
    ],
)
def test_parse_span(text: str, first: str, last: str) -> None:
    assert parse_span(text) == VersionRange(position(first), position(last))


def test_spans_meet_and_may_be_empty() -> None:
    assert (VersionRange(2, 5) & VersionRange(4, 9)) == VersionRange(4, 5)
    assert not (VersionRange(2, 3) & VersionRange(4, 9))
    assert EVER
    assert 3 in VersionRange(2, 3)
    assert 4 not in VersionRange(2, 3)
