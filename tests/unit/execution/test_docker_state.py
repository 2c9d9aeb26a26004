from __future__ import annotations

import json
from pathlib import Path

import pytest

from buildx_tasks.execution.docker.docker_state import instance, selected_builder

HERE = "unix:///run/here.sock"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "buildx" / "instances").mkdir(parents=True)
    return {
        "BUILDX_CONFIG": str(tmp_path / "buildx"),
        "DOCKER_CONFIG": str(tmp_path),
        "DOCKER_HOST": HERE,
        "HOME": str(tmp_path),
    }


def select(environ: dict[str, str], **current: object) -> None:
    Path(environ["BUILDX_CONFIG"], "current").write_text(json.dumps(current))


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        ({"Key": HERE, "Name": "far", "Global": False}, "far"),
        ({"Key": "unix:///run/there.sock", "Name": "far", "Global": False}, ""),
        ({"Key": "unix:///run/there.sock", "Name": "far", "Global": True}, "far"),
        ({"Key": HERE, "Name": "", "Global": False}, ""),
        ({"Name": "far"}, "far"),
    ],
)
def test_a_builder_is_selected_for_one_docker_endpoint(
    environ: dict[str, str], current: dict[str, object], expected: str
) -> None:
    select(environ, **current)
    assert selected_builder(environ, environ["HOME"]) == expected


def test_a_context_is_an_endpoint_too(environ: dict[str, str], tmp_path: Path) -> None:
    select(environ, Key="desktop", Name="far")
    del environ["DOCKER_HOST"]
    assert selected_builder(environ, environ["HOME"]) == ""
    (tmp_path / "config.json").write_text('{"currentContext": "desktop"}')
    assert selected_builder(environ, environ["HOME"]) == "far"
    assert selected_builder({**environ, "DOCKER_CONTEXT": "default"}, environ["HOME"]) == ""


def test_names_are_kept_in_lower_case(environ: dict[str, str]) -> None:
    Path(environ["BUILDX_CONFIG"], "instances", "far").write_text('{"Name": "Far", "Driver": "remote"}')
    assert instance("FAR", environ, environ["HOME"])["Driver"] == "remote"
    assert instance("../current", environ, environ["HOME"]) == {}
