"""Flags that only a newer buildx knows are an error before the build."""

from __future__ import annotations

from typing import Any

import pytest

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.request import BUILDX, LAYOUT, LOAD, PUSH, Because, BuildRequest, Output
from buildx_tasks.planning.build.newflags import check_new_flags, keeps_history

APP = Artifact(image="app", file="s.yaml", line=4)
ANNOTATION = Because(("a", "b"), "")
LOADED, PUSHED, LAID_OUT = (Because(Output(kind), "") for kind in (LOAD, PUSH, LAYOUT))


def request(*items: Because[Any] | str) -> BuildRequest:
    """A request with outputs, annotations, and texts as its cliFlags."""
    return BuildRequest(
        image="app",
        tool=Because(BUILDX, ""),
        outputs=tuple(item for item in items if not isinstance(item, str) and isinstance(item.value, Output)),
        annotations=(ANNOTATION,) if ANNOTATION in items else (),
        cli_flags=tuple(Because(item, "cliFlags") for item in items if isinstance(item, str)),
    )


@pytest.mark.parametrize(
    ("items", "version", "said"),
    [
        ((LOADED,), "0.10.0", ""),
        ((ANNOTATION,), "0.12.0", ""),
        ((ANNOTATION,), "0.11.2", "annotations need docker buildx 0.12, and 0.11.2 is here"),
        (("--annotation=a=b",), "0.11.2", "annotations need docker buildx 0.12, and 0.11.2 is here"),
        ((LOADED, LAID_OUT), "0.13.1", ""),
        ((LOADED, LAID_OUT), "0.12.1", "several outputs of one build need docker buildx 0.13"),
        ((PUSHED, LAID_OUT, LAID_OUT), "0.12.1", "several outputs of one build"),
        ((PUSHED, "-otype=oci,dest=a"), "0.12.1", "several outputs of one build"),
        ((LOADED, "--push"), "0.12.1", "several outputs of one build"),
        ((PUSHED, "--push"), "0.12.1", ""),
        ((LAID_OUT,), "0.12.1", ""),
        ((LAID_OUT, LOADED), "nonsense", ""),
    ],
)
def test_versions(items: tuple[Any, ...], version: str, said: str) -> None:
    try:
        check_new_flags(APP, request(*items), version)
        message = ""
    except EngineUnfit as error:
        message = error.message
    assert said in message
    assert not message or message.startswith("s.yaml:4: artifact 'app': ")
    assert bool(said) == bool(message)


@pytest.mark.parametrize(("buildx", "kept"), [("v0.19.3", False), ("v0.20.0", True), ("0.29.1+ds1", True), ("", False)])
def test_whose_logs_can_be_shown_later(buildx: str, kept: bool) -> None:
    assert keeps_history(buildx) is kept
