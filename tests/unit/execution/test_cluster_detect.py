"""What the kube-context makes of a run, with stub programs on the PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.execution.cluster.detect import ClusterContext, EnvironmentRunner, detect_cluster
from buildx_tasks.execution.cluster.kube import KubeConfigs, Warn
from buildx_tasks.execution.pipeline import with_advertised_registry
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.command import Command
from buildx_tasks.model.layers import Layer, resolve
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.cluster import Cluster


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}


def program(folder: Path, name: str, script: str) -> None:
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\n{script}\n')
    path.chmod(0o755)


def current(folder: Path, context: str) -> None:
    (folder / ".kube").mkdir()
    (folder / ".kube" / "config").write_text(f"current-context: {context}\n")


def look(folder: Path, environ: dict[str, str], settings: Settings, warn: Warn = pytest.fail) -> ClusterContext:
    return detect_cluster(ShellRunner(environ), KubeConfigs(environ, folder, warn), settings)


def calls(folder: Path) -> str:
    path = folder / "calls"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(
    ("context", "settings", "cluster"),
    [
        ("", Settings(), Cluster(local=False, push=True, load=False, reason="no kube-context is set")),
        (
            "prod",
            Settings(),
            Cluster(local=False, push=True, load=False, reason="kube-context 'prod' is not a local cluster"),
        ),
        (
            "prod",
            Settings(local_cluster=True),
            Cluster(local=True, push=False, load=False, reason="local-cluster is true"),
        ),
        (
            "prod",
            Settings(kube_context="kind-a"),
            Cluster(local=True, push=False, load=True, reason="kube-context 'kind-a' is a kind cluster"),
        ),
        (
            "k3d-a",
            Settings(k3d_disable_load=True),
            Cluster(
                local=True,
                push=True,
                load=False,
                reason="kube-context 'k3d-a' is a k3d cluster and k3d-disable-load is set",
            ),
        ),
    ],
)
def test_the_cluster(
    tmp_path: Path, environ: dict[str, str], context: str, settings: Settings, cluster: Cluster
) -> None:
    current(tmp_path, context)
    around = look(tmp_path, environ, settings)
    assert around == ClusterContext(kube_context=settings.kube_context or context, cluster=cluster)
    assert with_advertised_registry(settings, around) is settings


@pytest.mark.parametrize(
    ("layers", "context", "repo", "pushes", "asked"),
    [
        ([], "kind-a", "localhost:5001", True, True),
        ([Layer("~/.skaffold/config (global)", {"default-repo": "weak"})], "kind-a", "localhost:5001", True, True),
        ([Layer("flag", {"default-repo": "mine"})], "kind-a", "mine", False, False),
        ([Layer("environment", {"default-repo": ""})], "kind-a", "", False, False),
        ([], "prod", None, True, False),
    ],
)
def test_the_advertised_registry(
    tmp_path: Path,
    environ: dict[str, str],
    layers: list[Layer],
    context: str,
    repo: str | None,
    pushes: bool,
    asked: bool,
) -> None:
    current(tmp_path, context)
    program(tmp_path, "kubectl", "echo 'host: localhost:5001'")
    around = look(tmp_path, environ, resolve(layers))
    settings = with_advertised_registry(resolve(layers), around)
    assert (settings.default_repo, around.cluster.push, bool(calls(tmp_path))) == (repo, pushes, asked)
    if asked:
        assert settings.origins["default-repo"] == "kube-context kind-a"


def test_minikubes_daemon_is_what_every_command_sees(tmp_path: Path, environ: dict[str, str]) -> None:
    current(tmp_path, "minikube")
    program(tmp_path, "minikube", "echo DOCKER_HOST=tcp://10.0.0.1:2376; echo DOCKER_TLS_VERIFY=1")
    program(tmp_path, "docker", 'echo "$DOCKER_HOST $DOCKER_TLS_VERIFY"')
    around = look(tmp_path, environ, Settings())
    runner = EnvironmentRunner(ShellRunner(environ), around.docker_env)
    lines: list[str] = []
    runner.stream(Command(argv=("docker",)), lines.append)
    assert runner.capture(Command(argv=("docker",))).stdout == "tcp://10.0.0.1:2376 1\n"
    assert lines == ["tcp://10.0.0.1:2376 1\n"]
    own = Command(argv=("docker",), env=(("DOCKER_HOST", "own"),))
    assert runner.capture(own).stdout == "own 1\n"
    assert (around.cluster.local, around.cluster.push) == (True, False)


@pytest.mark.parametrize(("detect", "local"), [(True, True), (False, False)])
def test_detection_off_still_adopts_the_daemon(
    tmp_path: Path, environ: dict[str, str], detect: bool, local: bool
) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(
        "current-context: mine\ncontexts: [{name: mine, context: {cluster: c}}]\n"
        f"clusters: [{{name: c, cluster: {{certificate-authority: {tmp_path}/.minikube/ca.crt}}}}]\n"
    )
    program(tmp_path, "minikube", "echo DOCKER_HOST=inside")
    around = look(tmp_path, environ, Settings(detect_minikube=detect))
    assert around.cluster.local is local
    assert around.docker_env == (("DOCKER_HOST", "inside"),)


def test_a_stopped_minikube_stops_a_build_in_it(tmp_path: Path, environ: dict[str, str]) -> None:
    current(tmp_path, "minikube")
    program(tmp_path, "minikube", "echo stopped >&2; exit 1")
    with pytest.raises(EngineUnfit, match="minikube cluster 'minikube' can't be found: stopped"):
        look(tmp_path, environ, Settings())


def test_a_stopped_minikube_is_a_warning_for_a_named_builder(tmp_path: Path, environ: dict[str, str]) -> None:
    current(tmp_path, "minikube")
    program(tmp_path, "minikube", "echo stopped >&2; exit 1")
    warnings: list[str] = []
    look(tmp_path, environ, Settings(builder="remote"), warnings.append)
    assert len(warnings) == 1
    assert warnings[0].endswith("can't be found: stopped; using builder remote anyway")
