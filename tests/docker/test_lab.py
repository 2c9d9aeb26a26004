"""Each part of the lab works for real: other tests may then blame what they test."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from lab_support import Lab, Sandbox, order_faults, seen_requests, tls_options

NewSandbox = Callable[..., Sandbox]
TWO = ["linux/amd64", "linux/arm64"]
FRESH = "COPY fresh /fresh\n"  # a layer that no registry has yet


@pytest.mark.parametrize("buildx", ["old", "new"])
@pytest.mark.parametrize("engine", ["containerd", "classic", "second"])
def test_engines_run_steps_and_containers(new_sandbox: NewSandbox, engine: str, buildx: str) -> None:
    sandbox = new_sandbox(engine=engine, buildx=buildx)
    log = sandbox.build("--no-cache", "--load", "--tag", sandbox.image(), ".", cwd=sandbox.app()).text
    assert "x86_64" in log
    assert sandbox.docker("run", "--rm", sandbox.image(), "cat", "/machine").out == "x86_64\n"


@pytest.mark.parametrize(
    ("engine", "driver"), [("containerd", "io.containerd.snapshotter.v1"), ("classic", "Supports d_type")]
)
def test_engines_use_their_image_store(new_sandbox: NewSandbox, engine: str, driver: str) -> None:
    info = new_sandbox(engine=engine).docker("info", "--format", "{{json .DriverStatus}}").out
    assert driver in info


def test_the_two_buildx_versions_differ(lab: Lab, new_sandbox: NewSandbox) -> None:
    versions = [
        tuple(map(int, lab.parts["clients"][f"buildx-{name}"]["version"].split("."))) for name in ("old", "new")
    ]
    assert versions[0] < (0, 14) < (0, 20) < versions[1]
    for name, version in zip(("old", "new"), versions, strict=True):
        assert ".".join(map(str, version)) in new_sandbox(buildx=name).docker("buildx", "version").out


def test_client_without_buildx_still_builds(new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(engine="classic", buildx="none")
    assert sandbox.docker("buildx", "version", check=False).code != 0
    log = sandbox.docker("build", "--tag", sandbox.image(), ".", cwd=sandbox.app(dockerfile="FROM busybox\n")).text
    assert "Successfully built" in log


@pytest.mark.parametrize("engine", ["containerd", "classic"])
def test_open_registry_takes_a_push(new_sandbox: NewSandbox, lab: Lab, engine: str) -> None:
    sandbox = new_sandbox(engine=engine)
    metadata = sandbox.folder / "metadata.json"
    image = sandbox.image()
    sandbox.build("--push", "--metadata-file", str(metadata), "--tag", f"{image}:1", ".", cwd=sandbox.app())
    registry = lab.registry()
    assert registry.tags(image) == ["1"]
    assert registry.manifest(image, "1").digest == json.loads(metadata.read_text())["containerimage.digest"]
    assert registry.config(image, "1")["architecture"] == "amd64"
    assert not registry.has(image, "2")


def test_password_registry_refuses_and_accepts(sandbox: Sandbox, lab: Lab) -> None:
    image = sandbox.image(registry="password")
    build = ("--push", "--tag", f"{image}:1", ".")
    refused = sandbox.build(*build, cwd=sandbox.app(), check=False)
    assert refused.code != 0
    assert "401 Unauthorized" in refused.text
    sandbox.login()
    sandbox.build(*build, cwd=sandbox.app())
    assert lab.registry("password").has(image, "1")


def test_base_image_is_an_index_of_both_platforms(lab: Lab, sandbox: Sandbox) -> None:
    manifest = lab.registry().manifest(lab.base_image)
    assert sorted(manifest.platforms) == TWO
    assert manifest.digest == lab.parts["base"]["digest"]
    sandbox.build("--build-arg", f"BASE={lab.base_image}", ".", cwd=sandbox.app())


def test_emulation_runs_the_other_architecture(sandbox: Sandbox, lab: Lab) -> None:
    image = sandbox.image()
    options = ("--platform", "linux/arm64", "--provenance=false", "--push", "--no-cache")
    log = sandbox.build(*options, "--tag", f"{image}:1", ".", cwd=sandbox.app()).text
    assert "aarch64" in log
    assert lab.registry().config(image, "1")["architecture"] == "arm64"


@pytest.mark.parametrize("buildx", ["old", "new"])
@pytest.mark.parametrize("kind", ["plain", "unix", "mtls", "nodes"])
def test_remote_builders_need_no_daemon(new_sandbox: NewSandbox, lab: Lab, kind: str, buildx: str) -> None:
    sandbox = new_sandbox(engine=None, buildx=buildx)
    image, builder = sandbox.image(), sandbox.builder(kind)
    options = ("--builder", builder, "--platform", ",".join(TWO), "--provenance=false", "--push", "--no-cache")
    log = sandbox.build(*options, "--tag", f"{image}:1", ".", cwd=sandbox.app()).text
    assert "x86_64" in log
    assert "aarch64" in log
    assert lab.registry().manifest(image, "1").platforms == TWO
    assert ("merging manifest list" in log) == (kind == "nodes")


@pytest.mark.parametrize(("ca", "client"), [("ca", "none"), ("ca", "expired_"), ("ca", "stranger_"), ("wrong_ca", "")])
def test_mtls_refuses_who_is_not_known(new_sandbox: NewSandbox, lab: Lab, ca: str, client: str) -> None:
    sandbox = new_sandbox(engine=None)
    facts = lab.parts["mtls"]
    sandbox.create_builder("bad", facts["endpoint"], *tls_options(facts, ca=ca, client=client))
    assert "inactive" in sandbox.docker("buildx", "inspect", "bad").out
    sandbox.create_builder("good", facts["endpoint"], *tls_options(facts))
    assert "running" in sandbox.docker("buildx", "inspect", "good").out


class TestFaultyRegistry:
    """The registry that fails when told to."""

    def push(self, sandbox: Sandbox, check: bool = True) -> str:
        app = sandbox.app(dockerfile="FROM scratch\n" + FRESH, fresh=sandbox.prefix)
        return sandbox.build("--push", "--tag", sandbox.image(registry="faulty"), ".", cwd=app, check=check).text

    @pytest.mark.parametrize("engine", ["containerd", "classic"])
    def test_passes_everything_on_without_orders(
        self, new_sandbox: NewSandbox, lab: Lab, faults: object, engine: str
    ) -> None:
        sandbox = new_sandbox(engine=engine)
        self.push(sandbox)
        image = sandbox.image(registry="faulty")
        assert lab.registry("faulty").manifest(image).digest == lab.registry().manifest(sandbox.image()).digest
        sandbox.docker("pull", image)

    @pytest.mark.parametrize(
        "order", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "0"}}, {"reset": True}]
    )
    def test_fails_as_often_as_ordered(
        self, sandbox: Sandbox, lab: Lab, faults: Callable[[dict[str, object]], None], order: dict[str, object]
    ) -> None:
        faults({"count": 1, "method": "PUT", "path": "/blobs/", **order})
        self.push(sandbox)
        assert lab.registry().has(sandbox.image())
        outcomes = [entry["outcome"] for entry in seen_requests(lab) if entry["method"] == "PUT"]
        assert outcomes.count(order.get("status", "reset")) == 1

    def test_fails_for_good(self, sandbox: Sandbox, lab: Lab, faults: Callable[[dict[str, object]], None]) -> None:
        faults({"count": 1000, "method": "POST", "status": 503})
        assert "503 Service Unavailable" in self.push(sandbox, check=False)
        assert not lab.registry().has(sandbox.image())

    def test_answers_with_the_ordered_headers(self, lab: Lab, faults: Callable[[dict[str, object]], None]) -> None:
        faults({"status": 429, "headers": {"Retry-After": "7"}, "path": "^/v2/$"})
        url = f"{lab.parts['faulty']['url']}/v2/"
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(url, timeout=10)
        assert (error.value.code, error.value.headers["Retry-After"]) == (429, "7")
        error.value.close()
        with urllib.request.urlopen(url, timeout=10) as response:
            assert response.status == 200

    def test_refuses_a_bad_order(self, lab: Lab) -> None:
        with pytest.raises(urllib.error.HTTPError) as error:
            order_faults(lab, {"path": "["})
        assert error.value.code == 400
        error.value.close()
