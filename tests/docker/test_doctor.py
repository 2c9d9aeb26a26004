"""The doctor's findings, provoked for real."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from lab_support import Sandbox, tls_options

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      context: app
"""


def doctor(sandbox: Sandbox, *words: str, config: str = CONFIG) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    folder = sandbox.app("project/app").parent
    (folder / "skaffold.yaml").write_text(config)
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    done = sandbox.run("invoke", "buildx.doctor", "--format", "json", *words, check=False, cwd=folder)
    found: dict[str, list[dict[str, Any]]] = {}
    for check in json.loads(done.out)["checks"]:
        found.setdefault(check["id"], []).append(check)
    return done.code, found


def test_a_healthy_setup(sandbox: Sandbox) -> None:
    repo = sandbox.image("x").removesuffix("/x")
    code, found = doctor(sandbox, "--default-repo", repo, "--platform", "linux/amd64,linux/arm64")
    assert code == 0
    assert [check["verdict"] for check in found["registry"]] == ["ok"]
    assert [check["verdict"] for check in found["platform"]] == ["ok", "warning"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ca": "wrong_ca"}, "was not issued by the CA in"),
        ({"client": "none"}, "it wants a client certificate"),
        ({"client": "expired_"}, "has expired on"),
        ({"client": "stranger_"}, "does not accept the client certificate"),
    ],
)
def test_a_tls_handshake_that_fails_is_explained(
    new_sandbox: Callable[..., Sandbox], options: dict[str, str], said: str
) -> None:
    sandbox = new_sandbox(engine=None)
    facts = sandbox.lab.parts["mtls"]
    sandbox.create_builder("safe", facts["endpoint"], *tls_options(facts, **options))
    code, found = doctor(sandbox, "--builder", "safe")
    assert code == 4
    assert said in found["builder"][0]["text"]


def test_a_tls_server_that_is_spoken_to_without_tls_and_another_name(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    facts = sandbox.lab.parts["mtls"]
    sandbox.create_builder("plain", facts["endpoint"])
    assert "speaks TLS" in doctor(sandbox, "--builder", "plain")[1]["builder"][0]["text"]
    first, pairs = tls_options(facts)
    sandbox.create_builder("named", facts["endpoint"], first, f"{pairs},servername=other")
    assert "is not for other" in doctor(sandbox, "--builder", "named")[1]["builder"][0]["text"]


def test_a_dead_builder_is_reported_soon(sandbox: Sandbox) -> None:
    sandbox.create_builder("dead", "tcp://127.0.0.1:1")
    begin = time.monotonic()
    code, found = doctor(sandbox, "--builder", "dead")
    assert code == 4
    assert "nothing answers at tcp://127.0.0.1:1" in found["builder"][0]["text"]
    assert time.monotonic() - begin < 5


def test_an_unknown_builder(sandbox: Sandbox) -> None:
    sandbox.builder("plain", "far")
    code, found = doctor(sandbox, "--builder", "fra")
    assert code == 4
    assert "did you mean far?" in found["builder"][0]["fix"]


def test_no_plugin_and_an_old_one(new_sandbox: Callable[..., Sandbox]) -> None:
    code, found = doctor(new_sandbox(buildx="none"))
    assert code == 4
    assert found["buildx"][0]["verdict"] == "problem"
    code, found = doctor(new_sandbox(buildx="old"))
    assert code == 0
    assert "needs 0.15" in found["buildx"][0]["text"]


def test_a_classic_engine_and_none_at_all(new_sandbox: Callable[..., Sandbox]) -> None:
    _code, found = doctor(new_sandbox(engine="classic"))
    assert found["cache-export"][0]["verdict"] == "warning"
    code, found = doctor(new_sandbox(engine=None))
    assert code == 4
    assert found["docker-daemon"][0]["verdict"] == "warning"
    assert "none answers" in found["tool"][0]["text"]


def test_a_platform_that_nobody_offers(sandbox: Sandbox) -> None:
    code, found = doctor(sandbox, "--platform", "linux/riscv64")
    assert code == 4
    assert found["platform"][0]["verdict"] == "problem"


def test_registries(sandbox: Sandbox) -> None:
    host = sandbox.lab.parts["password"]["host"]
    code, found = doctor(sandbox, "--default-repo", f"{host}/x")
    assert code == 4
    assert found["registry"][0]["fix"] == f"docker login {host}"
    sandbox.login()
    assert doctor(sandbox, "--default-repo", f"{host}/x")[1]["registry"][0]["verdict"] == "ok"
    assert "does not answer" in doctor(sandbox, "--default-repo", "localhost:1/x")[1]["registry"][0]["text"]


def test_secrets_and_an_agent_are_missed_before_the_build(sandbox: Sandbox) -> None:
    config = CONFIG + "      docker: {ssh: default, secrets: [{id: a, src: gone}, {id: b, env: UNSET_HERE}]}\n"
    code, found = doctor(sandbox, config=config)
    assert code == 4
    assert len(found["secrets"]) == 2
    assert found["ssh-agent"][0]["verdict"] == "problem"
    done = sandbox.run("invoke", "buildx.build", "--tag", "v1", check=False, cwd=sandbox.folder / "project")
    assert done.code == 2
    assert "skaffold.yaml:5: artifact 'app': secret a: there is no file gone" in done.err
    assert "variable UNSET_HERE is not set" in done.err
    assert "SSH_AUTH_SOCK names no agent" in done.err


def test_a_config_that_cannot_be_read_is_a_finding_among_others(sandbox: Sandbox) -> None:
    code, found = doctor(sandbox, config="apiVersion: skaffold/v4beta13\nkind: Config\nbiuld: {}\n")
    assert code == 4
    assert "did you mean 'build'?" in found["config"][0]["text"]
    assert found["buildx"][0]["verdict"] == "ok"
