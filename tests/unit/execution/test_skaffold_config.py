"""The config that Skaffold gets for one artifact of another builder."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from buildx_tasks.document.schema.decode import decode_config
from buildx_tasks.execution.run.skaffold import config_for, write_config
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.request import LOAD, PUSH
from buildx_tasks.model.result import ArtifactResult


def artifact(version: str, build: dict[str, Any]) -> Artifact:
    data = {"apiVersion": f"skaffold/{version}", "kind": "Config", "build": build}
    return decode_config(data).artifacts[0]


def result(output: str) -> dict[str, ArtifactResult]:
    return {"low": ArtifactResult(image="low", tag="low:1", reference="low:id", output=output)}


@pytest.mark.parametrize(
    ("version", "kind", "section", "written"),
    [
        ("v4beta6", "jib", {}, "v4beta6"),
        ("v2beta29", "jib", {"fromImage": "x"}, "v2beta29"),
        ("v1beta12", "jib", {"project": "p"}, "v1beta14"),
        ("v2beta10", "ko", {}, "v2beta26"),
        ("v4beta13", "ko", {"main": "./cmd"}, "v4beta13"),
    ],
)
def test_its_version_is_the_oldest_from_the_users_on_that_has_the_fields(
    tmp_path: Path, version: str, kind: str, section: dict[str, str], written: str
) -> None:
    path = tmp_path / "config"
    write_config(path, artifact(version, {"artifacts": [{"image": "a", kind: section}]}), {})
    assert json.loads(path.read_text())["apiVersion"] == f"skaffold/{written}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_around_the_artifact_is_left_out() -> None:
    build = {
        "artifacts": [{"image": "a", "jib": {}, "hooks": {}, "sync": {"auto": True}}, {"image": "b"}],
        "tagPolicy": {"sha256": {}},
        "platforms": ["linux/amd64"],
        "hooks": {"before": []},
        "insecureRegistries": ["r:1"],
        "local": {"tryImportMissing": True},
    }
    assert config_for(artifact("v4beta7", build), {}) == {
        "apiVersion": "skaffold/v4beta7",
        "kind": "Config",
        "build": {
            "artifacts": [{"image": "a", "context": ".", "jib": {}, "sync": {"auto": True}}],
            "insecureRegistries": ["r:1"],
            "local": {"tryImportMissing": True},
        },
    }


@pytest.mark.parametrize(
    ("item", "output", "expected"),
    [
        ({"jib": {"fromImage": "low"}}, LOAD, {"fromImage": "docker://low:id"}),
        ({"jib": {"fromImage": "low"}}, PUSH, {"fromImage": "low:id"}),
        ({"jib": {"fromImage": "other"}}, PUSH, {"fromImage": "other"}),
        ({"buildpacks": {"builder": "low", "runImage": "low"}}, LOAD, {"builder": "low:id", "runImage": "low:id"}),
        ({"kaniko": {"buildArgs": {"A": "1"}}}, PUSH, {"buildArgs": {"A": "1", "low": "low:id"}}),
        ({"kaniko": {"buildArgs": {"low": "own"}}}, PUSH, {"buildArgs": {"low": "own"}}),
        ({"bazel": {"target": "//:low"}}, PUSH, {"target": "//:low"}),
    ],
)
def test_required_images(item: dict[str, dict[str, Any]], output: str, expected: dict[str, Any]) -> None:
    (kind,) = item
    build = {"artifacts": [{"image": "a", "requires": [{"image": "low"}], **item}]}
    (made,) = config_for(artifact("v4beta13", build), result(output))["build"]["artifacts"]
    assert made[kind] == expected
    assert "requires" not in made


def test_a_docker_artifact_of_a_cloud() -> None:
    docker = {"cacheTo": ["x"], "target": "t"}
    build = {
        "artifacts": [{"image": "a", "docker": docker, "requires": [{"image": "low", "alias": "BASE"}]}],
        "googleCloudBuild": {"projectId": "p"},
    }
    config = config_for(artifact("v4beta13", build), result(PUSH))
    assert config["build"] == {
        "artifacts": [{"image": "a", "context": ".", "docker": {"target": "t", "buildArgs": {"BASE": "low:id"}}}],
        "googleCloudBuild": {"projectId": "p"},
    }
