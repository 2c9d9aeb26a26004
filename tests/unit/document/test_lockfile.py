"""The text of lock files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildx_tasks.document.formats.lockfile import format_lock, parse_lock
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.lock import Lock

ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")
IMAGES = {"python:3.12": ONE, "localhost:5000/a/b:v1.2_3-x": TWO, "alpine:latest": ONE, "team/app:1": TWO}
TEXT = f"""\
# Base images and the digests that builds use. Commit this file.
# Written by buildx.lock; buildx.lock --update sets the current digests.
version: 1
images:
- alpine:latest@{ONE}
- localhost:5000/a/b:v1.2_3-x@{TWO}
- python:3.12@{ONE}
- team/app:1@{TWO}
"""


def test_text_and_back() -> None:
    assert format_lock(Lock(IMAGES)) == TEXT
    assert parse_lock(TEXT).images == IMAGES
    assert parse_lock(format_lock(Lock())).images == {}


def test_what_other_tools_may_do() -> None:
    lines = ["version: 1", "images:", f"  - docker.io/library/python:3.12@{ONE}", "", "# x", f"- alpine@{TWO}"]
    text = "\r\n".join((*lines, lines[-1], ""))
    assert parse_lock(text).images == {"python:3.12": ONE, "alpine:latest": TWO}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f: has no version"),
        ("version: 2\nimages:\n", "f has version 2"),
        (f"version: 1\nimages:\n<<<<<<< HEAD\n- a:1@{ONE}\n", "f:3: '<<<<<<< HEAD' does not name an image"),
        ("version: 1\nimages:\n- a:1\n", "f:3: '- a:1' does not name"),
        (f"version: 1\nimages:\n- a:1@{ONE}\n- a:1@{TWO}\n", "f:4: a:1 is locked with another digest above"),
        (f"version: 1\nimages:\n- a:1@{ONE[:-1]}\n- A$:1@{TWO}\n", "f:3: "),
    ],
)
def test_problems(text: str, said: str) -> None:
    with pytest.raises(CannotStart) as caught:
        parse_lock(text, "f")
    assert said.replace("f: has", "f has") in caught.value.message
    assert caught.value.hint


def test_renovates_expression_finds_every_image() -> None:
    page = (Path(__file__).parents[3] / "docs" / "lock.md").read_text(encoding="utf-8")
    found = re.search(r'"matchStrings": \["(.+)"\]', page)
    assert found
    expression = found[1].replace("\\\\", "\\").replace("(?<", "(?P<")
    matches = [one.groupdict() for one in re.finditer(expression, TEXT, re.MULTILINE)]
    assert {f"{one['depName']}:{one['currentValue']}": one["currentDigest"] for one in matches} == IMAGES
    pattern = re.search(r'"managerFilePatterns": \["/(.+)/"\]', page)
    assert pattern
    assert re.search(pattern[1].replace("\\\\", "\\"), "a/buildx.lock")
