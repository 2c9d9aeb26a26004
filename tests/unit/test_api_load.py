from __future__ import annotations

import logging
from pathlib import Path

import pytest

import buildx_tasks
from buildx_tasks.errors import ConfigInvalid

TEXT = """\
apiVersion: skaffold/v4beta14
kind: Config
metadata: {name: main}
build: {artifacts: [{image: app}]}
profiles:
- name: env
  activation: [{env: KEY=VALUE}]
- name: kube
  activation: [{kubeContext: kind-x}]
- name: named
  build: {artifacts: [{image: named}]}
---
apiVersion: skaffold/v4beta14
kind: Config
metadata: {name: other}
build: {artifacts: [{image: other}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "skaffold.yaml").write_text(TEXT)
    return tmp_path


def test_loads_the_file_of_a_folder(folder: Path) -> None:
    configs = buildx_tasks.load(cwd=folder, environ={"HOME": str(folder)})
    assert [config.name for config in configs] == ["main", "other"]
    assert configs[0].profiles == ()


def test_takes_what_the_flags_take(folder: Path) -> None:
    (config,) = buildx_tasks.load(
        Path("skaffold.yaml"),
        profiles=["named"],
        modules=["main"],
        overrides=["named.target=debug"],
        kube_context="kind-x",
        cwd=folder,
        environ={"HOME": str(folder)},
    )
    assert [profile.name for profile in config.profiles] == ["kube", "named"]
    assert (config.artifacts[0].image, config.artifacts[0].docker.target) == ("named", "debug")


def test_surroundings_count(folder: Path) -> None:
    (folder / "skaffold.env").write_text("KEY=VALUE\nnonsense\n")
    (folder / ".kube").mkdir()
    (folder / ".kube" / "config").write_text("current-context: kind-x\n")
    told: list[str] = []
    environ = {"HOME": str(folder), "SKAFFOLD_MODULE": "main"}
    (config,) = buildx_tasks.load(cwd=folder, environ=environ, warn=told.append)
    assert [profile.reason for profile in config.profiles] == ["env KEY=VALUE", "kube-context kind-x"]
    assert [line.split(" ")[0] for line in told] == ["skaffold.env:2"]


def test_warnings_go_to_the_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "skaffold.env").write_text("nonsense\n")
    with caplog.at_level(logging.WARNING, "buildx_tasks"):
        buildx_tasks.load(cwd=folder, environ={"HOME": str(folder)})
    assert "skaffold.env:1" in caplog.text


def test_problems_are_errors(folder: Path) -> None:
    (folder / "skaffold.yaml").write_text("apiVersion: skaffold/v4beta14\nbuild: {artifact: []}\n")
    with pytest.raises(ConfigInvalid, match="artifacts"):
        buildx_tasks.load(cwd=folder, environ={"HOME": str(folder)})
