"""Configs of any version, made at random from the projection of that version."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from buildx_tasks.document.schema.catalogue import project
from buildx_tasks.model.apiversion import PREFIX, VERSIONS

WORDS = st.sampled_from(["a", "b/c", "x y", "1.5", "true", "*.js", "./k8s/*.yaml", "{{.FOO}}", "é", "#no", "- a", "'"])
KEYS = st.sampled_from(["A", "b.c", "d-e", "1"])
versions: SearchStrategy[str] = st.sampled_from(VERSIONS)


def to_text(*documents: Any) -> str:
    """Documents as YAML (JSON is YAML), one line each."""
    return "".join(f"---\n{json.dumps(document)}\n" for document in documents)


@st.composite
def configs(draw: DrawFn, version: str | None = None, *, rich: int = 4) -> dict[str, Any]:
    """A config that the projection of its version accepts; at most `rich` keys in each mapping."""
    chosen = version or draw(versions)
    schema = project(chosen)
    config = _mapping(draw, schema["$defs"]["SkaffoldConfig"], schema["$defs"], rich, 0)
    config.pop(".buildx", None)
    return {**config, "apiVersion": PREFIX + chosen, "kind": "Config"}


def _value(draw: DrawFn, schema: dict[str, Any], defs: dict[str, Any], rich: int, depth: int) -> Any:
    if "$ref" in schema:
        return _mapping(draw, defs[schema["$ref"].rpartition("/")[2]], defs, rich, depth)
    kind = schema.get("type", "string")
    kind = draw(st.sampled_from(kind)) if isinstance(kind, list) else kind
    if allowed := schema.get("enum") or next(
        (item["enum"] for item in schema.get("anyOf", ()) if "enum" in item), None
    ):
        return draw(st.sampled_from(allowed))
    if kind == "array":
        size = draw(st.integers(0, 2 if depth < 6 else 0))
        return [_value(draw, schema["items"], defs, rich, depth + 1) for _ in range(size)]
    if kind == "object":
        inner = schema.get("additionalProperties", True)
        values = {"type": "string"} if inner is True else inner
        keys = draw(st.lists(KEYS, max_size=2, unique=True))
        return {key: _value(draw, values, defs, rich, depth + 1) for key in keys}
    return draw({"string": WORDS, "integer": st.integers(0, 9), "boolean": st.booleans()}[kind])


def _mapping(draw: DrawFn, schema: dict[str, Any], defs: dict[str, Any], rich: int, depth: int) -> dict[str, Any]:
    properties: dict[str, Any] = schema["properties"]
    required = schema.get("required", [])
    some = st.lists(st.sampled_from(sorted(properties)), min_size=0 if depth else 2, max_size=rich, unique=True)
    wanted = draw(some) if properties and depth <= 8 else []
    keys = list(dict.fromkeys([*required, *wanted]))
    group = [item["required"][0] for item in schema.get("oneOf", ()) if "required" in item]
    extra = [key for key in keys if key in group][1:]
    return {key: _value(draw, properties[key], defs, rich, depth + 1) for key in keys if key not in extra}
