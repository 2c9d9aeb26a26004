"""`docs/architecture.md` names the functions that a build runs through, in the order in which it reaches them."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType

import pytest
from recording import DIGEST, Here, make_project

import buildx_tasks

PACKAGE = Path(buildx_tasks.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs/architecture.md").read_text(encoding="utf-8")
LISTED = re.findall(r"^\d+\. `([\w/]+:[\w.]+)`: ", PAGE, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`([\w/]+:[\w.]+)`", PAGE)))
CONFIG = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts: [{image: reg.example/app, context: app}]\n"


@contextmanager
def first_calls() -> Iterator[list[str]]:
    """The functions of the package that are called inside the block, by their first call, in all threads."""
    calls: dict[str, None] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(f"{PACKAGE}/"):
            module = Path(frame.f_code.co_filename).relative_to(PACKAGE).with_suffix("")
            calls.setdefault(f"{module.as_posix()}:{frame.f_code.co_qualname}")

    found: list[str] = []
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        found.extend(calls)


def test_the_way_of_one_artifact_is_the_one_that_a_build_takes(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, CONFIG)
    with first_calls() as calls:
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--push")
    assert done.code == 0, done.err
    assert f"reg.example/app:v1@{DIGEST}" in done.out
    assert 20 <= len(LISTED) <= 40
    assert [name for name in calls if name in LISTED] == LISTED


@pytest.mark.parametrize("name", NAMED)
def test_every_function_that_the_page_names_is_there(name: str) -> None:
    module, _, path = name.partition(":")
    value: object = import_module(f"buildx_tasks.{module.replace('/', '.')}")
    for part in path.split("."):
        value = getattr(value, part)
    assert callable(value)
