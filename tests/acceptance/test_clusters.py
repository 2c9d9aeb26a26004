"""What the kube-context and the global config make of a whole run; docker, minikube and kubectl are stubs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildx_tasks.model.settings import SKAFFOLD_ENVIRONMENT
from buildx_tasks.tasks import namespace
from buildx_tasks.tasks.program import OurProgram

Run = Callable[..., str]

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
  - image: registry.example/app
"""
DOCKER = """\
echo "$DOCKER_HOST $*" >> "$HOME/docker-calls"
case "$1 $2" in
"version --format") echo '{"Client": {"Version": "24.0.0"}, "Server": {"Version": "24.0.0"}}';;
"buildx version") exit 1;;
"image inspect") echo sha256:0123;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*SKAFFOLD_ENVIRONMENT, "KUBECONFIG", "XDG_CONFIG_HOME", "SKAFFOLD_CONFIG", "BUILDX_TASKS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("DOCKER_HOST", "DOCKER_CONFIG", "BUILDX_CONFIG", "MINIKUBE_HOME"):
        monkeypatch.delenv(name, raising=False)
    project = tmp_path / "project"
    project.mkdir()
    (project / "skaffold.yaml").write_text(CONFIG)
    (project / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / ".kube").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.chdir(project)
    stub(tmp_path, "docker", DOCKER)
    return tmp_path


def stub(home: Path, name: str, script: str) -> None:
    path = home / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run tasks with a current kube-context; gives what they print, and fails when they do."""

    def run_tasks(context: str, *words: str) -> str:
        (home / ".kube" / "config").write_text(f"current-context: {context}\n")
        try:
            OurProgram(namespace=namespace()).run(["inv", *words])
        except SystemExit as end:
            pytest.fail(f"{words} ended with {end.code}: {capsys.readouterr().err}")
        return capsys.readouterr().out

    return run_tasks


def plan(run: Run, context: str, *words: str) -> dict[str, Any]:
    (build,) = json.loads(run(context, "buildx.plan", "--format", "json", *words))["builds"]
    assert isinstance(build, dict)
    return build


@pytest.mark.parametrize(
    ("context", "output", "reason"),
    [
        ("''", "push", "registry.example/app:latest names a registry and no kube-context is set"),
        ("prod", "push", "registry.example/app:latest names a registry and kube-context 'prod' is not a local cluster"),
        ("kind-a", "load", "kube-context 'kind-a' is a kind cluster"),
        ("k3d-a", "load", "kube-context 'k3d-a' is a k3d cluster"),
        ("docker-desktop", "load", "kube-context 'docker-desktop' is the cluster of Docker Desktop"),
    ],
)
def test_a_local_cluster_gets_no_push(run: Run, home: Path, context: str, output: str, reason: str) -> None:
    build = plan(run, context)
    assert build["output"] == output
    assert build["outputReason"].startswith(reason)


def test_the_global_config_overrides_the_name(run: Run, home: Path) -> None:
    run("kind-a", "buildx.config.set", "local-cluster", "false")
    assert plan(run, "kind-a")["output"] == "push"
    assert plan(run, "kind-b")["output"] == "load"


def test_an_advertised_registry_is_pushed_to(run: Run, home: Path) -> None:
    stub(home, "kubectl", "echo 'host: localhost:5001'\n")
    build = plan(run, "kind-a")
    assert (build["tag"], build["output"]) == ("localhost:5001/registry_example_app:latest", "push")
    assert build["outputReason"].endswith("is a kind cluster that advertises the registry localhost:5001")
    assert plan(run, "kind-a", "--default-repo=")["output"] == "load"


def test_a_build_for_minikube_happens_in_its_daemon(run: Run, home: Path) -> None:
    stub(home, "minikube", "echo DOCKER_HOST=tcp://10.0.0.1:2376\n")
    build = plan(run, "minikube")
    assert build["environment"]["DOCKER_HOST"] == "tcp://10.0.0.1:2376"
    assert build["output"] == "load"
    assert build["outputReason"].startswith("kube-context 'minikube' is a minikube cluster")
    run("minikube", "buildx.build")
    calls = (home / "docker-calls").read_text().splitlines()
    assert any(" build " in call for call in calls)
    assert any(" image inspect " in call for call in calls)
    elsewhere = [call.split()[0] for call in calls if not call.startswith("tcp://10.0.0.1:2376 ")]
    assert {*elsewhere} <= {"version", "info", "buildx"}, "only questions may go to the machine's own daemon"
