"""Every field of the schema as plain data: a path, the versions that have it, the JSON type in each."""

from __future__ import annotations

from collections.abc import Iterator

from buildx_tasks.document.schema.catalogue import fields


def our_fields() -> dict[str, dict[int, str]]:
    """The JSON type of each field by its path and the position of the version; our own fields are left out."""
    found: dict[str, dict[int, str]] = {}
    for field in fields():
        if field.prop.ours or field.path.startswith(".buildx"):
            continue
        for suffix, kind in _kinds(field.prop.type):
            if not (field.shared and suffix):
                for at in range(field.span.first, field.span.last + 1):
                    found.setdefault(field.path + suffix, {})[at] = kind
    return found


def _kinds(expression: str) -> Iterator[tuple[str, str]]:
    """The path suffixes of a type expression and the JSON type of each."""
    suffix = ""
    while expression[0] in "[{":
        yield suffix, "array" if expression[0] == "[" else "object"
        suffix += "[]" if expression[0] == "[" else "{}"
        expression = expression[1:-1]
    plain = expression in ("any", "string", "integer", "boolean") or "|" in expression
    yield suffix, expression if plain else "object"
