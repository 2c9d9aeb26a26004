"""Declared builders made real: remote, behind mTLS, of two nodes, and by several runs at once."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_support import Completed, Relay, Sandbox, server_tls, tls_options

from buildx_tasks.document.buildkit.inspect import parse_inspect
from buildx_tasks.execution.docker.connection import speaks_http2
from buildx_tasks.execution.docker.remotebuilders import RemoteBuilders

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts: [{image: app, context: app}]
.buildx:
"""
DOCKERFILE = "FROM busybox\nRUN uname -m > /machine && cat /machine\n"


class Declared:
    def __init__(self, sandbox: Sandbox, builders: dict[str, object], builder: str = "") -> None:
        self.sandbox = sandbox
        self.folder = sandbox.app("project/app", DOCKERFILE).parent
        self.declare(builders, builder)
        (self.folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")

    def declare(self, builders: dict[str, object], builder: str = "") -> None:
        block = f"  builders: {json.dumps(builders)}\n" + (f"  builder: {builder}\n" if builder else "")
        (self.folder / "skaffold.yaml").write_text(CONFIG + block)

    def invoke(self, *words: str, check: bool = True) -> Completed:
        return self.sandbox.run("invoke", *words, check=check, cwd=self.folder)

    @property
    def repo(self) -> str:
        return self.sandbox.image("x").removesuffix("/x")

    def build(self, *words: str, check: bool = True) -> Completed:
        options = ("--default-repo", self.repo, "--tag", "v1", "--no-cache-artifacts")
        return self.invoke("buildx.build", *options, *words, check=check)


def safe(sandbox: Sandbox, **changes: object) -> dict[str, object]:
    facts = sandbox.lab.parts["mtls"]
    tls = {"ca": facts["ca"], "cert": facts["cert"], "key": facts["key"]}
    return {"driver": "remote", "endpoint": facts["endpoint"], "tls": tls, **changes}


def two(sandbox: Sandbox, second: str = "linux/arm64") -> dict[str, object]:
    nodes = sandbox.lab.parts["nodes"]
    return {
        "driver": "remote",
        "nodes": [
            {"endpoint": nodes["amd64"], "platforms": ["linux/amd64"]},
            {"endpoint": nodes["arm64"], "platforms": [second]},
        ],
    }


@pytest.fixture
def far(new_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """An environment in which no docker daemon answers."""
    return new_sandbox(engine=None)


@pytest.mark.parametrize("buildx", ["old", "new"])
def test_a_build_creates_the_builder_it_needs(new_sandbox: Callable[..., Sandbox], buildx: str) -> None:
    sandbox = new_sandbox(engine=None, buildx=buildx)
    project = Declared(sandbox, {"safe": safe(sandbox)}, "safe")
    planned = project.invoke("buildx.plan", "--tag", "v1")
    assert "builder safe (remote) does not exist yet" in planned.out
    assert sandbox.docker("buildx", "inspect", "safe", check=False).code != 0
    project.build()
    assert sandbox.lab.registry().has(f"{project.repo}/app", "v1")


def test_ensuring_twice_changes_nothing_and_repair_is_asked_for(far: Sandbox) -> None:
    project = Declared(far, {"two": two(far)})
    assert "builder two: created" in project.invoke("buildx.builder.ensure").out
    assert "builder two: as declared" in project.invoke("buildx.builder.ensure").out
    project.declare({"two": two(far, "linux/arm/v7")})
    different = project.invoke("buildx.builder.ensure", "--name", "two", check=False)
    assert different.code == 4
    assert "linux/arm/v7" in different.err
    assert "--repair" in different.err
    assert project.invoke("buildx.builder.ensure", "--name", "two", "--repair").code == 0
    assert "linux/arm/v7" in far.docker("buildx", "inspect", "two").out
    assert "builder two: removed" in project.invoke("buildx.builder.remove", "two").out
    assert "builder two: was not there" in project.invoke("buildx.builder.remove", "two").out


def test_what_buildx_does_not_remove(sandbox: Sandbox) -> None:
    refused = Declared(sandbox, {}).invoke("buildx.builder.remove", "default", check=False)
    assert (refused.code, "can't be removed: context builder cannot be removed" in refused.err) == (4, True)


def test_a_repair_that_fails_leaves_the_builder_as_it_was(far: Sandbox) -> None:
    project = Declared(far, {"safe": safe(far)})
    project.invoke("buildx.builder.ensure")
    far.docker("buildx", "use", "safe")
    before = Path(far.env["BUILDX_CONFIG"], "instances", "safe").read_text()
    project.declare({"safe": safe(far, **{"driver-opts": {"nonsense": "1"}})})
    refused = project.invoke("buildx.builder.ensure", "--repair", check=False)
    assert (refused.code, "it is as it was before" in refused.err) == (4, True), refused.text
    assert Path(far.env["BUILDX_CONFIG"], "instances", "safe").read_text() == before
    assert "running" in far.docker("buildx", "inspect").out


def test_a_builder_whose_second_node_is_refused_is_not_half_there(far: Sandbox) -> None:
    declared = two(far)
    declared["nodes"][1]["driver-opts"] = {"nonsense": "1"}  # type: ignore[index]
    project = Declared(far, {"two": declared})
    refused = project.invoke("buildx.builder.ensure", check=False)
    assert (refused.code, "nonsense" in refused.err) == (4, True), refused.text
    assert 'no builder "two" found' in far.docker("buildx", "inspect", "two", check=False).err
    first = {**declared, "nodes": declared["nodes"][:1]}  # type: ignore[index]
    project.declare({"two": first})
    project.invoke("buildx.builder.ensure")
    project.declare({"two": declared})
    assert project.invoke("buildx.builder.ensure", check=False).code == 4
    project.declare({"two": first})
    assert "as declared" in project.invoke("buildx.builder.ensure").out


def test_a_declared_builder_that_says_nothing_is_reported_soon_and_not_created(far: Sandbox) -> None:
    with Relay("127.0.0.1", 1, hold=True) as mute:
        declared: dict[str, object] = {"mute": {"driver": "remote", "endpoint": f"tcp://{mute.host}"}}
        project = Declared(far, declared, "mute")
        begun = time.monotonic()
        refused = project.build(check=False)
        assert (refused.code, f"tcp://{mute.host} did not answer within 2 s" in refused.err) == (4, True), refused.text
        assert far.docker("buildx", "inspect", "mute", check=False).code != 0
        assert project.invoke("buildx.builder.ensure", check=False).code == 4
        # docker would have waited twenty seconds for each.
        assert time.monotonic() - begun < 18


def test_a_builder_that_works_is_not_made_anew_where_nobody_is(far: Sandbox) -> None:
    live = far.lab.parts["remote"]["endpoint"]
    project = Declared(far, {"far": {"driver": "remote", "endpoint": live}})
    assert "created" in project.invoke("buildx.builder.ensure").out
    project.declare({"far": {"driver": "remote", "endpoint": "tcp://127.0.0.1:1"}})
    refused = project.invoke("buildx.builder.ensure", "--repair", check=False)
    assert (refused.code, "nothing answers at tcp://127.0.0.1:1" in refused.err) == (4, True)
    assert live in far.docker("buildx", "inspect", "far").out


def test_of_two_nodes_one_may_be_silent(far: Sandbox) -> None:
    with Relay("127.0.0.1", 1, hold=True) as mute:
        nodes = [{"endpoint": far.lab.parts["nodes"]["amd64"]}, {"endpoint": f"tcp://{mute.host}"}]
        project = Declared(far, {"two": {"driver": "remote", "nodes": nodes}})
        begun = time.monotonic()
        assert "created" in project.invoke("buildx.builder.ensure").out
        assert time.monotonic() - begun < 18
        assert f"tcp://{mute.host}" in (Path(far.env["BUILDX_CONFIG"]) / "instances" / "two").read_text()


def test_two_nodes_build_two_platforms_into_one_index(far: Sandbox) -> None:
    project = Declared(far, {"two": two(far)}, "two")
    project.build("--platform", "linux/amd64,linux/arm64")
    platforms = far.lab.registry().manifest(f"{project.repo}/app", "v1").platforms
    assert sorted(platforms) == ["linux/amd64", "linux/arm64"]


def test_variables_alone_are_a_builder(far: Sandbox) -> None:
    project = Declared(far, {})
    far.env["BUILDKIT_HOST"] = far.lab.parts["remote"]["endpoint"]
    project.build()
    assert far.lab.registry().has(f"{project.repo}/app", "v1")


def test_runs_at_the_same_time_create_one_builder(far: Sandbox) -> None:
    project = Declared(far, {"two": two(far)})
    argv = ("invoke", "buildx.builder.ensure")
    runs = [
        subprocess.Popen(
            argv, cwd=project.folder, env=far.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(3)
    ]
    texts = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], texts
    assert sum("created" in text for text in texts) == 1
    assert far.docker("buildx", "inspect", "two").out.count("Endpoint:") == 2


def test_builds_at_the_same_time_on_one_builder_and_on_isolated_configurations(far: Sandbox) -> None:
    project = Declared(far, {"safe": safe(far)}, "safe")
    isolated = {**far.env, "BUILDX_CONFIG": str(far.folder / "isolated")}
    runs = [
        subprocess.Popen(
            ("invoke", "buildx.build", "--default-repo", project.repo, "--tag", f"t{number}", "--no-cache"),
            cwd=project.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number, env in enumerate((far.env, far.env, isolated, isolated))
    ]
    texts = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0, 0], texts
    assert far.lab.registry().tags(f"{project.repo}/app") == ["t0", "t1", "t2", "t3"]


def test_buildkit_speaks_first(sandbox: Sandbox) -> None:
    parts, options = sandbox.lab.parts, {"DriverOpts": None}
    assert speaks_http2({"Endpoint": parts["remote"]["endpoint"], **options})
    assert speaks_http2({"Endpoint": parts["remote"]["unix"], **options})
    assert not speaks_http2({"Endpoint": parts["mtls"]["endpoint"], **options})
    pairs = dict(pair.split("=") for pair in tls_options(parts["mtls"])[1].split(","))
    assert speaks_http2({"Endpoint": parts["mtls"]["endpoint"], "DriverOpts": pairs})
    assert not speaks_http2({"Endpoint": parts["mtls"]["endpoint"], "DriverOpts": {**pairs, "servername": "other"}})
    assert not speaks_http2({"Endpoint": parts["open"]["url"].replace("http", "tcp"), **options})


@pytest.mark.parametrize("place", ["remote", "unix", "mtls", "nodes"])
def test_a_remote_builder_says_itself_what_buildx_says_of_it(far: Sandbox, place: str) -> None:
    parts = far.lab.parts
    specs = {
        "remote": {"driver": "remote", "endpoint": parts["remote"]["endpoint"]},
        "unix": {"driver": "remote", "endpoint": parts["remote"]["unix"]},
        "mtls": safe(far),
        "nodes": two(far),
    }
    project = Declared(far, {"far": specs[place]}, "far")
    project.invoke("buildx.builder.ensure")
    said = parse_inspect(far.docker("buildx", "inspect", "far").out)
    remote = RemoteBuilders(far.env, far.env["HOME"])
    nodes = remote.nodes("far")
    assert [(node.name, node.endpoint, node.claimed, node.platforms, node.running) for node in nodes] == [
        (node.name, node.endpoint, node.claimed, node.platforms, True) for node in said.nodes
    ]


def test_a_driver_that_cannot_start_says_why(sandbox: Sandbox) -> None:
    """No image can be pulled here, so BuildKit's own image is what a container builder lacks."""
    project = Declared(sandbox, {"local": {"driver": "docker-container", "bootstrap": True}})
    done = project.invoke("buildx.builder.ensure", check=False)
    assert done.code == 4
    assert "local" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("buildx", ["old", "new"])
def test_a_container_builder_is_created_as_declared(new_sandbox: Callable[..., Sandbox], buildx: str) -> None:
    sandbox = new_sandbox(buildx=buildx)
    options = {"image": "registry.example/buildkit:1", "env.NAMES": "a,b", "network": "host"}
    project = Declared(sandbox, {"box": {"driver-opts": options, "buildkitd-config": "b.toml"}})
    (project.folder / "b.toml").write_text("[worker.oci]\nmax-parallelism = 3 # few\n")
    assert "builder box: created" in project.invoke("buildx.builder.ensure").out
    assert "builder box: as declared" in project.invoke("buildx.builder.ensure").out
    on_file = json.loads((sandbox.folder / "buildx" / "instances" / "box").read_text())
    assert on_file["Nodes"][0]["DriverOpts"] == options
    (project.folder / "b.toml").write_text("[worker.oci]\nmax-parallelism = 4\n")
    done = project.invoke("buildx.builder.ensure", check=False)
    assert (done.code, "buildkitd.toml differs from the declared file" in done.err) == (4, True)


def test_insecure_registries_are_configuration_of_what_we_start(sandbox: Sandbox) -> None:
    project = Declared(sandbox, {"box": {}})
    sandbox.env["SKAFFOLD_INSECURE_REGISTRY"] = "registry.internal:5000"
    project.invoke("buildx.builder.ensure")
    node = json.loads((sandbox.folder / "buildx" / "instances" / "box").read_text())["Nodes"][0]
    config = base64.b64decode(node["Files"]["buildkitd.toml"]).decode()
    assert '[registry."registry.internal:5000"]' in config
    assert "http = true" in config


def test_behind_tls_variables_a_docker_context_is_made(sandbox: Sandbox) -> None:
    certificates = sandbox.folder / "certs"
    certificates.mkdir()
    for name in ("ca", "cert", "key"):
        (certificates / f"{name}.pem").write_text(Path(sandbox.lab.parts["mtls"][name]).read_text())
    project = Declared(sandbox, {"box": {}})
    sandbox.env.update(DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(certificates))
    engine = sandbox.lab.parts["containerd"]["host"].removeprefix("unix://")
    with Relay("127.0.0.1", engine, tls=server_tls(sandbox.lab)) as relay:
        sandbox.env["DOCKER_HOST"] = f"tcp://{relay.host}"
        assert "builder box: created" in project.invoke("buildx.builder.ensure").out
        assert "builder box: as declared" in project.invoke("buildx.builder.ensure").out
    endpoint = json.loads((sandbox.folder / "buildx" / "instances" / "box").read_text())["Nodes"][0]["Endpoint"]
    host = sandbox.docker("context", "inspect", endpoint, "--format", "{{.Endpoints.docker.Host}}").out
    assert host.strip() == f"tcp://{relay.host}"


def test_a_cluster_that_is_not_there(sandbox: Sandbox) -> None:
    project = Declared(sandbox, {"pod": {"driver": "kubernetes"}})
    done = project.invoke("buildx.builder.ensure", check=False)
    assert done.code == 4
    assert "no kubeconfig was found for one" in done.err


KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: build}}]
current-context: c
"""


def test_a_kubernetes_builder_is_created_as_declared(sandbox: Sandbox) -> None:
    options = {"namespace": "build", "replicas": 2, "rootless": True}
    project = Declared(sandbox, {"pod": {"driver": "kubernetes", "driver-opts": options}})
    (sandbox.folder / "kubeconfig").write_text(KUBECONFIG)
    sandbox.env["KUBECONFIG"] = str(sandbox.folder / "kubeconfig")
    assert "builder pod: created" in project.invoke("buildx.builder.ensure").out
    assert "builder pod: as declared" in project.invoke("buildx.builder.ensure").out
    on_file = json.loads((sandbox.folder / "buildx" / "instances" / "pod").read_text())
    assert on_file["Nodes"][0]["DriverOpts"] == {"namespace": "build", "replicas": "2", "rootless": "true"}


@pytest.fixture
def plain_registry(sandbox: Sandbox) -> Iterator[str]:
    """The open registry at an address that no builder takes for this machine: plain HTTP there has to be allowed."""
    address = sandbox.docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").out
    port = int(sandbox.lab.parts["open"]["host"].partition(":")[2])
    with Relay(address.strip(), port) as relay:
        yield relay.host


def test_a_registry_without_tls_takes_images_and_caches(sandbox: Sandbox, plain_registry: str) -> None:
    facts = {"driver": "remote", "endpoint": sandbox.lab.parts["remote"]["endpoint"]}
    project = Declared(sandbox, {"far": facts}, "far")
    config = (project.folder / "skaffold.yaml").read_text()
    cached = "{image: app, context: app, docker: {cacheFrom: [app]}}"
    (project.folder / "skaffold.yaml").write_text(config.replace("{image: app, context: app}", cached))
    words = ("buildx.build", "--default-repo", f"{plain_registry}/{sandbox.prefix}", "--tag", "v1", "--cache-tag", "c")
    refused = project.invoke(*words, check=False)
    assert "speaks plain HTTP" in refused.err
    assert f"insecure-registries {plain_registry}" in refused.err
    sandbox.env["SKAFFOLD_INSECURE_REGISTRY"] = plain_registry
    done = project.invoke(*words)
    assert "could not be written" not in done.err
    assert sandbox.lab.registry().tags(sandbox.image("app")) == ["c", "v1"]


def test_what_several_nodes_built_is_not_loaded(sandbox: Sandbox) -> None:
    project = Declared(sandbox, {"two": two(sandbox)}, "two")
    done = project.build("--no-push", "--platform", "linux/amd64,linux/arm64", check=False)
    assert done.code == 4
    assert "a builder with one node" in done.err
    assert project.build("--no-push", "--platform", "linux/arm64").code == 0
