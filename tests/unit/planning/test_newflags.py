"""Flags that only a newer buildx knows are an error before the build."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import Placeholder, flag
from buildx_tasks.planning.build.newflags import check_new_flags

APP = Artifact(image="app", file="s.yaml", line=4)
BEGIN = flag("docker", "buildx", "build", why="")
ANNOTATION = flag("--annotation", "a=b", why="")
LOAD = flag("--load", why="")
LAYOUT = flag("--output", ("type=oci,dest=", Placeholder("layout", "app")), why="")
PUSH = flag("--push", why="")


@pytest.mark.parametrize(
    ("flags", "version", "said"),
    [
        ([BEGIN, LOAD], "0.10.0", ""),
        ([BEGIN, ANNOTATION], "0.12.0", ""),
        ([BEGIN, ANNOTATION], "0.11.2", "annotations need docker buildx 0.12, and 0.11.2 is here"),
        ([BEGIN, LOAD, LAYOUT], "0.13.1", ""),
        ([BEGIN, LOAD, LAYOUT], "0.12.1", "several outputs of one build need docker buildx 0.13"),
        ([BEGIN, PUSH, LAYOUT, LAYOUT], "0.12.1", "several outputs of one build"),
        ([BEGIN, LAYOUT], "0.12.1", ""),
        ([BEGIN, LAYOUT, LOAD], "nonsense", ""),
    ],
)
def test_versions(flags: list[object], version: str, said: str) -> None:
    try:
        check_new_flags(APP, flags, version)  # type: ignore[arg-type]
        message = ""
    except EngineUnfit as error:
        message = error.message
    assert said in message
    assert not message or message.startswith("s.yaml:4: artifact 'app': ")
    assert bool(said) == bool(message)
