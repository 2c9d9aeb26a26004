"""Declared builders made real: remote, behind mTLS, of two nodes, and by several runs at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from lab_support import Completed, Sandbox

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
    assert "builder safe (remote) is not there yet" in planned.out
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


def test_a_driver_that_cannot_start_says_why(sandbox: Sandbox) -> None:
    """No image can be pulled here, so BuildKit's own image is what a container builder lacks."""
    project = Declared(sandbox, {"local": {"driver": "docker-container", "bootstrap": True}})
    done = project.invoke("buildx.builder.ensure", check=False)
    assert done.code == 4
    assert "local" in done.err
    assert "Traceback" not in done.err
