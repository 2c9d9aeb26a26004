"""The file of a partial build: what is written is read again, and everything else is a message."""

from __future__ import annotations

import json

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.partial import Part, Partial, parse_parts, parts_json
from buildx_tasks.model.result import BUILT

DIGEST = f"sha256:{'a' * 64}"
FULL = Part(
    file="part.json",
    image="app",
    status=BUILT,
    digest=DIGEST,
    platforms=("linux/arm64",),
    partial=Partial(
        tags=("localhost:5000/app:v1",),
        expected=("linux/amd64", "linux/arm64"),
        commit="c" * 40,
        index_annotations=(("a", "1"),),
        descriptor_annotations=(("linux/arm64", (("d", "2"),)),),
    ),
    runtime_type="go",
)
BARE = Part(
    file="part.json",
    image="web",
    status="failed",
    digest="",
    platforms=(),
    partial=Partial(tags=("localhost:5000/web",)),
)


def test_what_is_written_is_read_again() -> None:
    assert parse_parts(parts_json((FULL, BARE)), "part.json") == (FULL, BARE)
    assert FULL.reference == f"localhost:5000/app@{DIGEST}"
    assert "builds" not in json.loads(parts_json(()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "part.json is not JSON: "),
        ("[]", "part.json is not a result file of a partial build"),
        ("[" * 100_000, "part.json is not "),
        ('{"builds": []}', "part.json is the result of a whole build, not of one with --partial"),
        ('{"version": 2, "parts": []}', "part.json has format 2, and format 1 is supported"),
        ('{"version": 1, "parts": [1]}', "part.json is damaged: "),
        ('{"version": 1, "parts": [{}]}', "part.json is damaged: "),
    ],
)
def test_what_is_not_such_a_file(text: str, said: str) -> None:
    with pytest.raises(CannotStart) as caught:
        parse_parts(text, "part.json")
    assert caught.value.message.startswith(said)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tags", []),
        ("tags", "x"),
        ("tags", ["UP/ER:a b"]),
        ("tags", [f"localhost:5000/app:v1@{DIGEST}"]),
        ("digest", "sha256:abc"),
        ("digest", None),
        ("platforms", "linux/arm64"),
        ("expectedPlatforms", [1]),
        ("indexAnnotations", {"a": 1}),
        ("descriptorAnnotations", {"linux/arm64": ["a"]}),
    ],
)
def test_a_damaged_entry(key: str, value: object) -> None:
    data = json.loads(parts_json((FULL,)))
    data["parts"][0][key] = value
    with pytest.raises(CannotStart, match=r"\Apart.json is damaged: "):
        parse_parts(json.dumps(data), "part.json")
