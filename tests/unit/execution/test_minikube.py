from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.execution.cluster import minikube
from buildx_tasks.execution.cluster.minikube import docker_env, is_minikube
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.planning.build.cluster import ClusterFacts

PROFILES = '{"valid": [{"Config": {"Nodes": [{"IP": "10.0.0.1", "Port": 8443}]}}]}'
LISTED = ClusterFacts(context="mine", server="https://10.0.0.1:8443")


def stub(folder: Path, script: str) -> dict[str, str]:
    """An environment whose only `minikube` runs `script` and notes its arguments in folder/calls."""
    program = folder / "bin" / "minikube"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >> {folder}/calls\n{script}\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin"}


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(
    ("facts", "expected", "asked"),
    [
        (ClusterFacts(), False, False),
        (ClusterFacts(context="minikube"), True, False),
        (ClusterFacts(context="mine", ca_file="HOME/.minikube/ca.crt", server="https://x"), True, False),
        (ClusterFacts(context="mine"), False, False),
        (LISTED, True, True),
        (ClusterFacts(context="mine", server="https://10.0.0.1:6443"), False, True),
    ],
)
def test_the_heuristic(tmp_path: Path, facts: ClusterFacts, expected: bool, asked: bool) -> None:
    environ = stub(tmp_path, f"echo '{PROFILES}'")
    (tmp_path / ".minikube" / "profiles").mkdir(parents=True)
    facts = ClusterFacts(
        context=facts.context, server=facts.server, ca_file=facts.ca_file.replace("HOME", str(tmp_path))
    )
    assert is_minikube(ShellRunner(environ), facts, environ, tmp_path) is expected
    assert calls(tmp_path) == (["profile list -o json"] if asked else [])


def test_minikube_home_is_honoured(tmp_path: Path) -> None:
    environ = stub(tmp_path, "exit 1") | {"MINIKUBE_HOME": str(tmp_path / "data")}
    inside = ClusterFacts(context="mine", ca_file=str(tmp_path / "data" / ".minikube" / "ca.crt"))
    assert is_minikube(ShellRunner(environ), inside, environ, tmp_path)


def test_without_the_program_nothing_is_minikube(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path)}
    assert not is_minikube(ShellRunner(environ), ClusterFacts(context="minikube"), environ, tmp_path)


def test_without_a_profile_nothing_is_asked(tmp_path: Path) -> None:
    environ = stub(tmp_path, f"echo '{PROFILES}'")
    assert not is_minikube(ShellRunner(environ), LISTED, environ, tmp_path)
    assert calls(tmp_path) == []


@pytest.mark.parametrize("script", ["exit 3", "echo no json", f"echo '{PROFILES}'; exit 1"])
def test_a_failing_list_means_no(tmp_path: Path, script: str) -> None:
    environ = stub(tmp_path, script)
    (tmp_path / ".minikube" / "profiles").mkdir(parents=True)
    assert not is_minikube(ShellRunner(environ), LISTED, environ, tmp_path)


def test_the_daemon_inside(tmp_path: Path) -> None:
    output = "# a comment\nDOCKER_TLS_VERIFY=1\nDOCKER_HOST=tcp://10.0.0.1:2376\n\nDOCKER_CERT_PATH=/a b=c\n"
    environ = stub(tmp_path, f"cat <<'END'\n{output}END")
    assert docker_env(ShellRunner(environ), "mine", pytest.fail) == (
        ("DOCKER_CERT_PATH", "/a b=c"),
        ("DOCKER_HOST", "tcp://10.0.0.1:2376"),
        ("DOCKER_TLS_VERIFY", "1"),
    )
    assert calls(tmp_path) == ["docker-env --shell none -p mine"]


@pytest.mark.parametrize("code", [51, 64])
def test_a_cluster_on_the_machine_itself_uses_the_local_daemon(tmp_path: Path, code: int) -> None:
    warnings: list[str] = []
    assert docker_env(ShellRunner(stub(tmp_path, f"exit {code}")), "mine", warnings.append) == ()
    assert warnings == ["minikube cluster 'mine' has no docker daemon of its own: the local one is used"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo hello; echo 'not running' >&2; exit 89", "can't be found: not running"),
        ("exit 7", "can't be found: exit code 7"),
        ("echo DOCKER_HOST", "not NAME=VALUE: 'DOCKER_HOST'"),
    ],
)
def test_other_failures_stop_the_build(tmp_path: Path, script: str, said: str) -> None:
    with pytest.raises(EngineUnfit) as caught:
        docker_env(ShellRunner(stub(tmp_path, script)), "mine", pytest.fail)
    assert said in caught.value.message
    assert "minikube start -p mine" in caught.value.hint


def test_silence_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minikube, "DOCKER_ENV_SECONDS", 0.2)
    with pytest.raises(EngineUnfit, match="no answer within"):
        docker_env(ShellRunner(stub(tmp_path, "sleep 30")), "mine", pytest.fail)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnfit, match="minikube: not found"):
        docker_env(ShellRunner({"PATH": str(tmp_path)}), "mine", pytest.fail)
