"""What is said of why an artifact is built."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildx_tasks.planning.reuse.why import OTHER, UNKNOWN, Record, explain, make_record

PARTS: dict[str, Any] = {
    "version": "3",
    "request": {
        "build_args": [("VERSION", "=1"), ("GITHUB_TOKEN", "=hunter2")],
        "target": "prod",
        "labels": [("a", "b")],
        "add_hosts": ["h:1"],
    },
    "required": [("base", "BASE")],
    "digests": [("base", "sha256:" + "1" * 64)],
    "variables": [],
    "environment": [],
    "platforms": ["linux/amd64"],
    "hooks": [],
    "dockerfile": "d",
    "files": "f",
    "contexts": [],
}
FILES = {"": {".": "folder 755", "a": "file 644 1", "b": "file 644 2"}, "docs": {"x": "file 644 3"}}


def record(parts: dict[str, Any] | None = None, files: dict[str, dict[str, str]] | None = None) -> Record:
    return make_record({**PARTS, **(parts or {})}, FILES | (files or {}))


def request(**changes: Any) -> dict[str, Any]:
    return {"request": {**PARTS["request"], **changes}}


@pytest.mark.parametrize(
    ("parts", "files", "expected"),
    [
        ({}, {"": {"a": "file 644 9", "b": "file 644 2"}}, "a changed"),
        ({}, {"": {"a": "file 644 1", "c": "file 644 9"}}, "c added, b removed"),
        (
            {},
            {"": {"a": "file 644 1", "b": "file 644 2", **{f"n{number}": "file 644 9" for number in range(5)}}},
            "n0, n1, n2 and 2 more added",
        ),
        ({}, {"docs": {"x": "file 600 3"}}, "docs:x changed"),
        ({"dockerfile": "e"}, {}, "the Dockerfile changed"),
        ({"digests": [("base", "sha256:" + "2" * 64)]}, {}, "required image base changed"),
        ({"platforms": ["linux/arm64"]}, {}, "platforms changed"),
        (request(build_args=[("VERSION", "=2"), ("GITHUB_TOKEN", "=hunter2")]), {}, "build arg VERSION changed"),
        (request(build_args=[("GITHUB_TOKEN", "=hunter2")]), {}, "build arg VERSION was removed"),
        (request(build_args=[("VERSION", "=1"), ("GITHUB_TOKEN", "=other")]), {}, OTHER),
        (request(target="dev"), {}, "target changed"),
        (request(add_hosts=["h:2"]), {}, "addHost changed"),
        (request(labels=[("a", "b"), ("c", "d")]), {}, "label c is new"),
        ({}, {}, ""),
    ],
)
def test_a_change_is_named(parts: dict[str, Any], files: dict[str, dict[str, str]], expected: str) -> None:
    assert explain(record(), record(parts, files)) == expected


def test_several_changes_are_all_named() -> None:
    now = record({"dockerfile": "e", **request(target="dev")}, {"": {"a": "file 644 9", "b": "file 644 2"}})
    assert explain(record(), now) == "the Dockerfile changed, a changed, target changed"


def test_nothing_is_known_at_first() -> None:
    assert explain(None, record()) == UNKNOWN


def test_a_record_is_read_back_and_holds_no_value() -> None:
    text = json.dumps(record().to_json())
    assert Record.from_json(json.loads(text)) == record()
    for value in ("hunter2", "GITHUB_TOKEN", "prod"):
        assert value not in text


@pytest.mark.parametrize("data", [None, [], {}, {"format": 2}, {"format": 1, "parts": 3, "files": {}}])
def test_what_is_no_record_is_none(data: Any) -> None:
    assert Record.from_json(data) is None
