"""The doctor's findings, provoked for real."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from lab_support import Lab, Relay, Sandbox, mute_builder, server_tls, tls_options

CERTIFICATES = Path(__file__).parents[2] / "examples/remote-rootless/make-certificates.sh"

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      context: app
"""


BUILD = ("invoke", "buildx.build", "--tag", "v1", "--no-cache-artifacts")


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


@pytest.fixture
def far(new_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """An environment in which no docker daemon answers."""
    return new_sandbox(engine=None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ca": "wrong_ca"}, "was not issued by the CA in"),
        ({"client": "none"}, "it requires a client certificate"),
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
    assert "requires TLS" in doctor(sandbox, "--builder", "plain")[1]["builder"][0]["text"]
    first, pairs = tls_options(facts)
    sandbox.create_builder("named", facts["endpoint"], first, f"{pairs},servername=other")
    assert "is not for other" in doctor(sandbox, "--builder", "named")[1]["builder"][0]["text"]


@pytest.fixture
def go_endpoint(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """A TLS server that is made with Go, as BuildKit is, and wants client certificates of the lab's authority."""
    folder = Path(lab.parts["mtls"]["ca"]).parent
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tls = {"certificate": f"{folder}/server.pem", "key": f"{folder}/server.key", "clientcas": [f"{folder}/ca.pem"]}
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "data")}},
        "http": {"addr": f"127.0.0.1:{port}", "tls": tls},
    }
    (tmp_path / "config.yml").write_text(json.dumps(config))
    program = lab.parts["open"]["program"]
    with subprocess.Popen(
        [program, "serve", tmp_path / "config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        while server.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.05)
        yield f"tcp://localhost:{port}"
        server.terminate()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ca": "wrong_ca"}, "was not issued by the CA in"),
        ({"client": "none"}, "it requires a client certificate, and the builder has none"),
        ({"client": "expired_"}, "has expired on 2020-01-02"),
        ({"client": "stranger_"}, "does not accept the client certificate"),
    ],
)
def test_a_server_made_with_go_refuses_in_other_words(
    new_sandbox: Callable[..., Sandbox], go_endpoint: str, options: dict[str, str], said: str
) -> None:
    sandbox = new_sandbox(engine=None)
    sandbox.create_builder("safe", go_endpoint, *tls_options(sandbox.lab.parts["mtls"], **options))
    code, found = doctor(sandbox, "--builder", "safe")
    assert code == 4
    assert said in found["builder"][0]["text"]


def test_a_server_whose_certificate_has_expired(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    facts = sandbox.lab.parts["mtls"]
    with Relay("127.0.0.1", 1, tls=server_tls(sandbox.lab, "expired-server")) as relay:
        sandbox.create_builder("old", f"tcp://{relay.host}", *tls_options(facts))
        code, found = doctor(sandbox, "--builder", "old")
    assert code == 4
    assert "its certificate has expired" in found["builder"][0]["text"]


def test_a_server_that_does_not_speak_tls(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    parts = sandbox.lab.parts
    sandbox.create_builder("open", parts["remote"]["endpoint"], *tls_options(parts["mtls"]))
    code, found = doctor(sandbox, "--builder", "open")
    assert code == 4
    assert "it does not speak TLS" in found["builder"][0]["text"]
    assert found["builder"][0]["fix"].splitlines()[0].endswith("--driver remote ENDPOINT")


def test_one_of_two_nodes_is_dead(sandbox: Sandbox) -> None:
    sandbox.create_builder("half", sandbox.lab.parts["nodes"]["amd64"], "--platform", "linux/amd64")
    sandbox.create_builder("half", "tcp://127.0.0.1:1", "--platform", "linux/arm64", "--append")
    code, found = doctor(sandbox, "--builder", "half")
    assert (code, [check["verdict"] for check in found["builder"]]) == (0, ["ok", "warning"])
    why = "node half1 of builder half: nothing answers at tcp://127.0.0.1:1"
    assert found["builder"][1]["text"].startswith(why)
    code, found = doctor(sandbox, "--builder", "half", "--platform", "linux/amd64,linux/arm64")
    assert (code, [check["verdict"] for check in found["builder"]]) == (4, ["ok", "problem"])
    assert [check["verdict"] for check in found["platform"]] == ["ok", "skipped"]
    repo = sandbox.image("x").removesuffix("/x")
    command = [*BUILD, "--default-repo", repo, "--builder", "half", "--platform", "linux/amd64,linux/arm64"]
    done = sandbox.run(*command, check=False, cwd=sandbox.folder / "project")
    assert (done.code, why in done.err) == (4, True)
    sandbox.run(*command[:-1], "linux/amd64", cwd=sandbox.folder / "project")
    sandbox.run(*found["builder"][1]["fix"].partition(":  ")[2].split(), cwd=sandbox.folder / "project")
    code, found = doctor(sandbox, "--builder", "half", "--platform", "linux/amd64,linux/arm64")
    assert (code, [check["verdict"] for check in found["builder"]]) == (0, ["ok"])


def test_a_dead_builder_is_reported_soon(sandbox: Sandbox) -> None:
    sandbox.create_builder("dead", "tcp://127.0.0.1:1")
    code, found = doctor(sandbox, "--builder", "dead")
    assert code == 4
    assert "nothing answers at tcp://127.0.0.1:1" in found["builder"][0]["text"]
    assert "start BuildKit there" in found["builder"][0]["fix"]
    assert {found[id_][0]["verdict"] for id_ in ("platform", "cache-export", "load")} == {"skipped"}


def test_a_builder_that_takes_a_call_and_says_nothing(sandbox: Sandbox) -> None:
    with mute_builder(sandbox):
        code, found = doctor(sandbox, "--builder", "mute")
    assert code == 4
    assert "did not answer within 2 s" in found["builder"][0]["text"]
    assert "load and network" in found["builder"][0]["fix"]


def test_a_certificate_file_that_is_gone(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    facts = dict(sandbox.lab.parts["mtls"])
    facts["key"] = shutil.copy(facts["key"], sandbox.folder / "key.pem")
    sandbox.create_builder("safe", facts["endpoint"], *tls_options(facts))
    Path(facts["key"]).unlink()
    code, found = doctor(sandbox, "--builder", "safe")
    assert code == 4
    assert str(facts["key"]) in found["builder"][0]["text"]
    assert "No such file" in found["builder"][0]["text"]


def test_a_builder_elsewhere_needs_no_daemon(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    repo = sandbox.image("x").removesuffix("/x")
    code, found = doctor(sandbox, "--builder", sandbox.builder("mtls"), "--default-repo", repo)
    assert code == 0
    assert found["builder"][0]["verdict"] == "ok"
    assert found["docker-daemon"][0]["verdict"] == "skipped"
    assert found["load"][0]["verdict"] == "skipped"
    code, found = doctor(sandbox, "--builder", sandbox.builder("mtls", "again"), "--tag", "v1")
    assert (code, [check["verdict"] for check in found["plan"]]) == (0, ["ok", "warning"])
    assert found["plan"][0]["text"] == "1 kept in the build cache"
    assert "neither pushed nor loaded" in found["plan"][1]["text"]


def test_the_endpoints_of_a_builder_that_does_not_exist_yet_are_checked(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    sandbox.env["BUILDKIT_HOST"] = "tcp://127.0.0.1:1"
    code, found = doctor(sandbox)
    assert code == 4
    assert "nothing answers at tcp://127.0.0.1:1" in found["builder"][0]["text"]
    assert "correct BUILDKIT_HOST" in found["builder"][0]["fix"]
    facts = sandbox.lab.parts["mtls"]
    sandbox.env["BUILDKIT_HOST"] = facts["endpoint"]
    assert "requires TLS, and the builder has no certificates" in doctor(sandbox)[1]["builder"][0]["text"]
    assert sandbox.docker("buildx", "ls").out.count("remote") == 0


def test_a_builder_that_is_not_there_yet_and_is_no_buildkit(far: Sandbox) -> None:
    declared = ".buildx: {{builder: far, builders: {{far: {{driver: remote, endpoint: '{0}'}}}}}}\n"
    for endpoint in (
        far.lab.parts["open"]["url"].replace("http", "tcp"),
        far.lab.parts["second"]["host"],
    ):
        code, found = doctor(far, config=CONFIG + declared.format(endpoint))
        assert code == 4
        assert (
            found["builder"][0]["text"] == f"builder far (remote): {endpoint} responds, but is not a BuildKit endpoint"
        )
        built = far.run(*BUILD, check=False, cwd=far.folder / "project")
        assert (built.code, f"{endpoint} responds, but is not a BuildKit endpoint" in built.err) == (4, True)
        far.create_builder("there", endpoint)
        assert "is not a BuildKit endpoint" in doctor(far, "--builder", "there")[1]["builder"][0]["text"]
        far.docker("buildx", "rm", "there")
    with Relay("127.0.0.1", 1, hold=True) as mute:
        code, found = doctor(far, config=CONFIG + declared.format(f"tcp://{mute.host}"))
        assert (code, "did not answer within 2 s" in found["builder"][0]["text"]) == (4, True)


def test_a_dead_node_is_no_problem_of_a_build_that_does_without_it(far: Sandbox) -> None:
    ends = {"linux/amd64": far.lab.parts["nodes"]["amd64"], "linux/arm64": "tcp://127.0.0.1:1"}
    nodes = [{"endpoint": endpoint, "platforms": [platform]} for platform, endpoint in ends.items()]
    block = {"builder": "two", "builders": {"two": {"driver": "remote", "nodes": nodes}}}
    config = f"{CONFIG}.buildx: {json.dumps(block)}\n"
    for _ in range(2):
        code, found = doctor(far, "--platform", "linux/amd64", config=config)
        assert (code, [check["verdict"] for check in found["builder"]]) == (0, ["ok", "warning"])
        code, found = doctor(far, "--platform", "linux/arm64", config=config)
        assert (code, [check["verdict"] for check in found["builder"]]) == (4, ["ok", "problem"])
        far.run("invoke", "buildx.builder.ensure", cwd=far.folder / "project")


def test_the_builder_of_another_docker_context(sandbox: Sandbox) -> None:
    sandbox.docker("context", "create", "other", "--docker", f"host={sandbox.lab.parts['second']['host']}")
    code, found = doctor(sandbox, "--builder", "other")
    why = "it is the builder of docker context other, and docker talks to context default"
    assert (code, found["builder"][0]["text"]) == (4, f"builder other (docker): {why}")
    built = sandbox.run(*BUILD, "--builder", "other", check=False, cwd=sandbox.folder / "project")
    assert (built.code, f"builder other: {why}" in built.err) == (4, True)
    del sandbox.env["DOCKER_HOST"]
    sandbox.env["DOCKER_CONTEXT"] = "other"
    assert doctor(sandbox)[0] == 0
    assert doctor(sandbox, "--builder", "other")[0] == 0
    code, found = doctor(sandbox, "--builder", "default")
    assert (code, "docker talks to context other" in found["builder"][0]["text"]) == (4, True)


def test_what_the_build_creates_is_not_called_well_before(new_sandbox: Callable[..., Sandbox]) -> None:
    config = CONFIG + ".buildx: {builder: new, builders: {new: {driver: docker-container}}}\n"
    code, found = doctor(new_sandbox(), config=config)
    assert (code, found["builder"][0]["verdict"]) == (0, "skipped")
    code, found = doctor(new_sandbox(engine=None), config=config)
    assert (code, found["builder"][0]["verdict"]) == (4, "problem")
    assert "in a docker daemon, and none answers" in found["builder"][0]["text"]
    assert found["docker-daemon"][0]["verdict"] == "warning"


def test_a_declaration_with_a_mistake_is_a_finding(sandbox: Sandbox) -> None:
    config = CONFIG + ".buildx: {builder: far, builders: {far: {driver: remot, endpoint: 'tcp://h:1'}}}\n"
    code, found = doctor(sandbox, config=config)
    assert code == 4
    assert "remot" in found["config"][0]["text"]


def test_a_declared_builder_that_is_dead(sandbox: Sandbox) -> None:
    config = CONFIG + ".buildx: {builder: far, builders: {far: {driver: remote, endpoint: 'tcp://127.0.0.1:1'}}}\n"
    _code, found = doctor(sandbox, config=config)
    assert "nothing answers" in found["builder"][0]["text"]
    assert "invoke buildx.builder.ensure --name far --repair" in found["builder"][0]["fix"]


def test_why_buildx_is_used_or_not(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox()
    assert "the default builder of docker" in doctor(sandbox)[1]["tool"][0]["text"]
    config = Path(sandbox.env["DOCKER_CONFIG"], "config.json")
    said = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps({**said, "aliases": {"builder": "buildx"}}))
    assert "alias builder" in doctor(sandbox)[1]["tool"][0]["text"]
    assert "builder is off" in doctor(sandbox, "--builder", "off")[1]["tool"][0]["text"]


def test_an_unknown_builder(sandbox: Sandbox) -> None:
    sandbox.builder("plain", "far")
    code, found = doctor(sandbox, "--builder", "fra")
    assert code == 4
    assert "did you mean far?" in found["builder"][0]["fix"]


def test_no_plugin_and_an_old_one(new_sandbox: Callable[..., Sandbox]) -> None:
    without = new_sandbox(buildx="none")
    code, found = doctor(without)
    assert (code, found["buildx"][0]["verdict"]) == (0, "warning")
    code, found = doctor(without, "--platform", "linux/amd64,linux/arm64")
    assert (code, "install the docker-buildx plugin" in found["plan"][0]["fix"]) == (4, True)
    assert doctor(without, "--builder", "off")[1]["buildx"][0]["verdict"] == "skipped"
    code, found = doctor(new_sandbox(buildx="old"))
    assert code == 0
    assert "needs 0.15" in found["buildx"][0]["text"]


def test_no_docker_at_all(sandbox: Sandbox) -> None:
    sandbox.env["PATH"] = str(Path(sys.executable).parent)
    code, found = doctor(sandbox)
    assert code == 4
    assert found["docker-cli"][0]["text"] == "docker is not on PATH"
    assert found["tool"][0]["verdict"] == "problem"


# No package has a buildx that old: this one says another version than the lab's, and does everything else as it does.
OLD_PLUGIN = """\
#!/bin/sh
[ "$1 $2" = "buildx version" ] && exec echo "github.com/docker/buildx v{version} 0000000"
exec {plugin} "$@"
"""


@pytest.mark.parametrize(
    ("version", "verdict", "said"),
    [
        ("0.9.1", "warning", "buildx 0.9.1 is older than 0.10, the oldest that is supported"),
        ("0.11.2", "problem", "annotations need docker buildx 0.12, and 0.11.2 is here"),
        ("0.12.1", "warning", "several outputs of one build (needs 0.13)"),
    ],
)
def test_a_plugin_from_before(new_sandbox: Callable[..., Sandbox], version: str, verdict: str, said: str) -> None:
    sandbox = new_sandbox(buildx="none")
    plugins = Path(sandbox.env["DOCKER_CONFIG"], "cli-plugins")
    plugins.mkdir(exist_ok=True)
    plugin = sandbox.lab.parts["clients"]["buildx-old"]["plugin"]
    (plugins / "docker-buildx").write_text(OLD_PLUGIN.format(version=version, plugin=plugin))
    (plugins / "docker-buildx").chmod(0o755)
    block = ".buildx: {artifacts: {app: {annotations: {a: b}}}}\n"
    _code, found = doctor(sandbox, config=CONFIG + block)
    (check,) = [check for check in (*found["buildx"], *found["plan"]) if said in check["text"]]
    assert check["verdict"] == verdict
    assert check["fix"].startswith("update docker-buildx")


def test_a_classic_engine_and_none_at_all(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine="classic")
    config = CONFIG + "      docker: {cacheFrom: [app]}\n"
    code, found = doctor(sandbox, "--platform", "linux/amd64,linux/arm64", config=config)
    assert code == 4
    assert found["cache-export"][0]["verdict"] == "skipped"
    assert "makes one platform at a time" in found["plan"][0]["text"]
    assert "classic image store" in found["image-store"][0]["text"]
    code, found = doctor(new_sandbox(engine=None))
    assert code == 4
    assert found["docker-daemon"][0]["verdict"] == "warning"
    assert "none answers" in found["tool"][0]["text"]


def context_block(source: str) -> str:
    return f".buildx: {{artifacts: {{app: {{buildContexts: {{y: '{source}'}}}}}}}}\n"


CLASSIC = "classic"
CONTAINERD = "containerd"


@pytest.mark.parametrize(
    ("engine", "config", "words", "said"),
    [
        (CLASSIC, ".buildx: {attest: max}\n", (), "can't attach any"),
        (CLASSIC, ".buildx: {artifacts: {app: {outputs: ['type=oci,dest=x.tar']}}}\n", (), "that exports images"),
        (CLASSIC, "      docker: {cacheTo: [app:c]}\n", (), "that can export a cache"),
        (CLASSIC, "", ("--platform", "linux/amd64,linux/arm64"), "makes one platform at a time"),
        (
            CONTAINERD,
            "",
            ("--builder", "off", "--platform", "linux/amd64,linux/arm64"),
            "let buildx build: builder is off",
        ),
        (CONTAINERD, "", ("--output", "type=oci"), "needs a dest"),
        (CONTAINERD, "", ("--output", "type=tar,dest=-"), "needs a dest"),
        (CONTAINERD, "", ("--default-repo", "http://x"), "http://x"),
        (CONTAINERD, "", ("--default-repo", "bad host/x"), "bad host"),
        (CONTAINERD, "", ("--tag", "bad tag"), "bad tag"),
        (CONTAINERD, "    - {image: web, context: gone}\n", (), "context 'gone' does not exist"),
        (CONTAINERD, "      docker: {dockerfile: Gone}\n", (), "no Dockerfile at"),
        (CONTAINERD, context_block("../gone"), (), "there is no folder ../gone"),
        (CONTAINERD, context_block("oci-layout://gone"), (), "there is no folder gone"),
        (CONTAINERD, context_block("artifact://z"), (), "nothing here builds 'z'"),
        (CONTAINERD, "      docker: {ssh: 'default=gone/key'}\n", (), "ssh default: there is no file gone/key"),
        (CONTAINERD, "", ("--builder", "off", "--strict", "--cache-to", "app:c"), "cacheTo is left out"),
        (
            CONTAINERD,
            "    - {image: web, context: app}\n",
            ("--output", "type=oci,dest=same.tar"),
            "artifacts 'app' and 'web' write the same file, same.tar",
        ),
    ],
)
def test_what_a_build_refuses_is_a_problem(
    new_sandbox: Callable[..., Sandbox], engine: str, config: str, words: tuple[str, ...], said: str
) -> None:
    sandbox = new_sandbox(engine=engine)
    repo = () if "--default-repo" in words else ("--default-repo", sandbox.image("x").removesuffix("/x"))
    code, found = doctor(sandbox, *repo, *words, config=CONFIG + config)
    problems = [
        f"{check['text']} {check['fix']}"
        for checks in found.values()
        for check in checks
        if check["verdict"] == "problem"
    ]
    assert (code, any(said in text for text in problems)) == (4, True), problems
    built = sandbox.run("invoke", "buildx.build", *repo, *words, check=False, cwd=sandbox.folder / "project")
    assert built.code in (2, 4)
    assert said in built.err


def test_a_target_that_is_no_stage(sandbox: Sandbox) -> None:
    code, found = doctor(sandbox, config=CONFIG + "      docker: {target: nope}\n")
    assert (code, "Dockerfile has no stage nope" in found["plan"][0]["text"]) == (4, True)
    built = sandbox.run(*BUILD, check=False, cwd=sandbox.folder / "project")
    assert (built.code, "the Dockerfile has no stage nope" in built.err) == (1, True)


def test_what_several_nodes_build_can_not_be_kept(sandbox: Sandbox) -> None:
    words = ("--builder", sandbox.builder("nodes"), "--platform", "linux/amd64,linux/arm64")
    code, found = doctor(sandbox, *words)
    assert (code, "can't be kept here" in found["plan"][0]["text"]) == (4, True)
    code, found = doctor(sandbox, *words, "--default-repo", sandbox.image("x").removesuffix("/x"))
    assert (code, found["plan"][0]["text"]) == (0, "1 pushed")


def test_what_a_build_warns_of_is_a_warning(sandbox: Sandbox) -> None:
    block = ".buildx: {artifacts: {app: {annotations: {a: b}}}}\n"
    code, found = doctor(sandbox, "--builder", "off", "--tag", "v1", config=CONFIG + block)
    assert (code, [check["verdict"] for check in found["plan"]]) == (0, ["ok", "warning"])
    assert "annotation 'a' is left out" in found["plan"][1]["text"]


def test_a_builder_that_is_not_as_declared(far: Sandbox) -> None:
    live = far.lab.parts["remote"]["endpoint"]
    declared = ".buildx: {{builder: far, builders: {{far: {{driver: remote, endpoint: '{0}'}}}}}}\n"
    far.create_builder("far", live)
    code, found = doctor(far, config=CONFIG + declared.format("tcp://127.0.0.1:1"))
    assert (code, [check["verdict"] for check in found["builder"]]) == (0, ["ok", "warning"])
    assert found["builder"][1]["fix"].endswith("invoke buildx.builder.ensure --name far --repair")
    far.docker("buildx", "rm", "far")
    far.create_builder("far", "tcp://127.0.0.1:1")
    code, found = doctor(far, config=CONFIG + declared.format(live))
    assert (code, [check["verdict"] for check in found["builder"]]) == (4, ["problem", "warning"])
    built = far.run(*BUILD, check=False, cwd=far.folder / "project")
    assert (built.code, "builder far differs from its declaration (endpoint is" in built.err) == (4, True)
    far.run(*found["builder"][1]["fix"].partition(":  ")[2].split(), cwd=far.folder / "project")
    assert doctor(far, config=CONFIG + declared.format(live))[0] == 0


def test_what_runs_nothing_is_built_for_any_platform(sandbox: Sandbox) -> None:
    folder = sandbox.app("project/app", "FROM scratch\nCOPY Dockerfile /\n").parent
    (folder / "skaffold.yaml").write_text(CONFIG)
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    words = ("--platform", "linux/riscv64")
    done = sandbox.run("invoke", "buildx.doctor", *words, cwd=folder)
    assert "no step has to run on it" in done.out
    sandbox.run(*BUILD, *words, cwd=folder)


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
    config = CONFIG + f"      docker: {{cacheFrom: [{host}/x], cacheTo: ['type=registry,ref={host}/y']}}\n"
    assert doctor(sandbox, config=config)[1]["registry"][0]["text"].startswith(f"{host} answers")
    sandbox.docker("logout", host)
    assert doctor(sandbox, config=config)[0] == 4
    code, found = doctor(sandbox, config=config.replace("cacheTo: ['type=registry,ref=", "cacheTo: ['type=local,dest="))
    assert (code, found["registry"][0]["verdict"]) == (0, "ok")


def test_a_registry_that_refuses_our_credentials(sandbox: Sandbox) -> None:
    host = sandbox.lab.parts["password"]["host"]
    config = Path(sandbox.env["DOCKER_CONFIG"], "config.json")
    said = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps({**said, "auths": {host: {"auth": "bWU6d3Jvbmc="}}}))
    code, found = doctor(sandbox, "--default-repo", f"{host}/x")
    assert code == 4
    assert f"{host} rejected the credentials" in found["registry"][0]["text"]


def test_a_credential_helper_that_is_not_there(sandbox: Sandbox) -> None:
    config = Path(sandbox.env["DOCKER_CONFIG"], "config.json")
    said = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps({**said, "credsStore": "nowhere"}))
    for registry, bad in (("open", False), ("password", True)):
        repo = sandbox.image("x", registry).removesuffix("/x")
        code, found = doctor(sandbox, "--default-repo", repo)
        assert (code, "docker-credential-nowhere" in found["registry"][0]["text"]) == (4 if bad else 0, bad)
        built = sandbox.run(*BUILD, "--default-repo", repo, check=False, cwd=sandbox.folder / "project")
        assert (built.code, "docker-credential-nowhere" in built.err) == (int(bad), bad)
    config.write_text(json.dumps({**said, "credHelpers": "x", "auths": [], "cliPluginsExtraDirs": 3}))
    assert "Traceback" not in sandbox.run("invoke", "buildx.doctor", check=False, cwd=sandbox.folder / "project").err


def test_a_registry_in_trouble(sandbox: Sandbox, faults: Callable[[dict[str, object]], None]) -> None:
    faults({"count": 9, "status": 503})
    _code, found = doctor(sandbox, "--default-repo", sandbox.image("x", "faulty").removesuffix("/x"))
    assert found["registry"][0]["verdict"] == "warning"
    assert found["registry"][0]["text"].endswith("answers with 503")


class Front(BaseHTTPRequestHandler):
    """The door of a registry."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on standard error."""


@pytest.fixture
def name() -> str:
    """A name of this machine that nobody takes for the machine itself."""
    found = socket.gethostname()
    try:
        socket.create_server((found, 0)).close()
    except OSError:
        pytest.skip(f"the name of this machine, {found}, leads nowhere")
    return found


@pytest.fixture
def server(name: str) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer((name, 0), Front)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_registry_that_speaks_plain_http(sandbox: Sandbox, server: ThreadingHTTPServer, name: str) -> None:
    host = f"{name}:{server.server_port}"
    code, found = doctor(sandbox, "--default-repo", f"{host}/x")
    assert code == 4
    assert found["registry"][0]["text"] == f"{host} speaks plain HTTP"
    sandbox.run(*found["registry"][0]["fix"].split(), cwd=sandbox.folder / "project")
    assert doctor(sandbox, "--default-repo", f"{host}/x")[1]["registry"][0]["verdict"] == "ok"


def test_a_registry_whose_certificate_nobody_knows(
    sandbox: Sandbox, server: ThreadingHTTPServer, name: str, tmp_path: Path
) -> None:
    subprocess.run([CERTIFICATES, tmp_path, name], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server-cert.pem", tmp_path / "server-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    host = f"{name}:{server.server_port}"
    code, found = doctor(sandbox, "--default-repo", f"{host}/x")
    assert code == 4
    assert f"the certificate of {host} can't be trusted" in found["registry"][0]["text"]
    assert f"/etc/docker/certs.d/{host}/ca.crt" in found["registry"][0]["fix"]


def test_proxies_that_are_half_set(sandbox: Sandbox) -> None:
    sandbox.env["HTTPS_PROXY"] = "http://127.0.0.1:1"
    sandbox.env["https_proxy"] = "http://127.0.0.1:2"
    sandbox.env["NO_PROXY"] = "elsewhere.example"
    _code, found = doctor(sandbox, "--default-repo", "registry.internal:5000/x")
    said = " / ".join(check["text"] for check in found["proxy"])
    assert "HTTPS_PROXY and https_proxy differ" in said
    assert "NO_PROXY does not list registry.internal:5000" in said


def test_a_proxy_that_spares_nobody(sandbox: Sandbox) -> None:
    sandbox.env["HTTPS_PROXY"] = "http://127.0.0.1:1"
    _code, found = doctor(sandbox)
    assert "is set without NO_PROXY" in found["proxy"][0]["text"]


def test_an_agent_that_has_gone(sandbox: Sandbox) -> None:
    path = sandbox.folder / "agent"
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(path))
        agent.listen()
    sandbox.env["SSH_AUTH_SOCK"] = str(path)
    code, found = doctor(sandbox, config=CONFIG + "      docker: {ssh: default}\n")
    assert code == 4
    assert f"no agent answers at SSH_AUTH_SOCK ({path})" in found["ssh-agent"][0]["text"]
    assert "ssh-add" in found["ssh-agent"][0]["fix"]
    built = sandbox.run(*BUILD, check=False, cwd=sandbox.folder / "project")
    assert (built.code, f"no agent answers at SSH_AUTH_SOCK ({path})" in built.err) == (0, True)
    path.unlink()
    code, found = doctor(sandbox, config=CONFIG + "      docker: {ssh: default}\n")
    why = f"there is no {path}, which SSH_AUTH_SOCK names"
    assert (code, why in found["ssh-agent"][0]["text"]) == (4, True)
    built = sandbox.run(*BUILD, check=False, cwd=sandbox.folder / "project")
    assert (built.code, why in built.err) == (2, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_is_nearly_full(sandbox: Sandbox) -> None:
    small = sandbox.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        sandbox.env["TMPDIR"] = str(small)
        _code, found = doctor(sandbox)
    finally:
        subprocess.run(["umount", small], check=True)
    (full,) = [check for check in found["disk"] if check["verdict"] == "warning"]
    assert str(small) in full["text"]


def test_secrets_and_an_agent_are_missed_before_the_build(sandbox: Sandbox) -> None:
    config = CONFIG + "      docker: {ssh: default, secrets: [{id: a, src: gone}, {id: b, env: UNSET_HERE}]}\n"
    code, found = doctor(sandbox, config=config)
    assert code == 4
    assert [check["verdict"] for check in found["secrets"]] == ["problem", "warning"]
    assert "variable UNSET_HERE is not set" in found["secrets"][1]["text"]
    assert found["ssh-agent"][0]["verdict"] == "problem"
    done = sandbox.run("invoke", "buildx.build", "--tag", "v1", check=False, cwd=sandbox.folder / "project")
    assert done.code == 2
    assert "skaffold.yaml:5: artifact 'app': secret a: there is no file gone" in done.err
    assert "SSH_AUTH_SOCK does not name an agent" in done.err


def test_a_config_that_cannot_be_read_is_a_finding_among_others(sandbox: Sandbox) -> None:
    code, found = doctor(sandbox, config="apiVersion: skaffold/v4beta13\nkind: Config\nbiuld: {}\n")
    assert code == 4
    assert "did you mean 'build'?" in found["config"][0]["text"]
    assert found["buildx"][0]["verdict"] == "ok"
