"""Fields of Skaffold's that take more than a flag, with real parts: networks, custom builders, results as text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_support import Completed, Sandbox

NewSandbox = Callable[..., Sandbox]
HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts:\n"
MARKED = "FROM busybox\nRUN echo made-by-base > /mark\n"
READING = "ARG BASE\nFROM $BASE\nRUN cat /mark\n"


class Project:
    """A folder with a config and two small images."""

    def __init__(self, sandbox: Sandbox, config: str) -> None:
        self.sandbox = sandbox
        self.folder = sandbox.folder / "project"
        for name, text in {
            "skaffold.yaml": textwrap.dedent(config),
            "tasks.py": "import buildx_tasks\n\nns = buildx_tasks.namespace()\n",
            "base/Dockerfile": MARKED,
            "top/Dockerfile": READING,
            "hosts/Dockerfile": "FROM busybox\nRUN cat /etc/hosts; ip addr\n",
        }.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def build(self, *words: str, check: bool = True) -> Completed:
        """Run buildx.build with one tag and nothing pushed."""
        return self.sandbox.run(
            "invoke", "buildx.build", "--tag", "v1", "--no-push", *words, check=check, cwd=self.folder
        )


@pytest.fixture
def neighbour(sandbox: Sandbox) -> Iterator[str]:
    """A running container of the sandbox's engine; its name has capitals, which docker tells apart."""
    name = f"Neighbour-{sandbox.prefix}"
    sandbox.docker("run", "--detach", "--name", name, "--hostname", "next-door", "busybox", "sleep", "600")
    yield name
    sandbox.docker("rm", "--force", name)


class TestNetwork:
    @pytest.mark.parametrize("buildx", ["old", "new"])
    @pytest.mark.parametrize("network", ["bridge", "none", "Host"])
    def test_networks_of_buildkit(self, new_sandbox: NewSandbox, buildx: str, network: str) -> None:
        sandbox = new_sandbox(buildx=buildx)
        project = Project(sandbox, f"{HEAD}    - {{image: app, context: hosts, docker: {{network: {network}}}}}\n")
        assert "Build [app] succeeded" in project.build("--builder", "default").out

    def test_the_network_of_a_container_is_left_to_the_legacy_builder(self, sandbox: Sandbox, neighbour: str) -> None:
        network = "'container:{{.NEIGHBOUR}}'"
        project = Project(sandbox, f"{HEAD}    - {{image: app, context: hosts, docker: {{network: {network}}}}}\n")
        sandbox.env["NEIGHBOUR"] = neighbour
        done = project.build("--no-cache")
        assert "next-door" in done.text
        assert "is built with plain docker build" in done.err

    def test_a_builder_that_was_asked_for_is_an_error_there(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, f"{HEAD}    - {{image: app, context: hosts, docker: {{network: 'container:x'}}}}\n")
        done = project.build("--builder", sandbox.builder("plain", "far"), check=False)
        assert done.code == 4
        assert "builder far has no network 'container:x'" in done.err


CUSTOM = f"""\
{HEAD}\
    - image: top
      context: top
      requires: [{{image: base, alias: BASE}}]
    - image: base
      context: base
      custom:
        buildCommand: docker build --tag "$IMAGE" "$BUILD_CONTEXT"
"""


class TestCustom:
    def test_what_a_command_loads_reaches_the_docker_driver(self, sandbox: Sandbox) -> None:
        done = Project(sandbox, CUSTOM).build()
        assert "made-by-base" in done.out

    def test_another_builder_can_not_see_it_which_is_known_before(self, sandbox: Sandbox) -> None:
        done = Project(sandbox, CUSTOM).build("--builder", sandbox.builder("plain", "far"), check=False)
        assert done.code == 4
        assert "artifact 'top' requires 'base', which is loaded into the docker daemon" in done.err
        assert "Building [" not in done.out


EXPORTED = f"""\
{HEAD}\
    - {{image: top, context: top, requires: [{{image: base, alias: BASE}}]}}
    - {{image: base, context: base}}
.buildx:
  artifacts:
    base: {{outputs: ['type=oci,dest=base.tar']}}
"""


@pytest.mark.parametrize("builder", ["default", "far"])
def test_what_is_only_exported_reaches_its_dependent(sandbox: Sandbox, builder: str) -> None:
    sandbox.builder("plain", "far")
    project = Project(sandbox, EXPORTED)
    done = project.build("--builder", builder)
    assert "made-by-base" in done.out
    assert (project.folder / "base.tar").exists()


def test_the_classic_store_can_not_hand_an_export_on_which_is_known_before(new_sandbox: NewSandbox) -> None:
    files = EXPORTED.replace("type=oci,dest=base.tar", "type=local,dest=files")
    done = Project(new_sandbox(engine="classic"), files).build("--builder", "default", check=False)
    assert done.code == 4
    assert "artifact 'top' requires 'base', which is exported" in done.err
    assert "Building [" not in done.out


def test_the_result_as_text(sandbox: Sandbox) -> None:
    project = Project(sandbox, f"{HEAD}    - {{image: base, context: base}}\n")
    template = "{{range .Builds}}{{.ImageName}}={{.Tag}}{{end}}"
    done = project.build("--quiet", "--template", template, "--file-output", "out.txt")
    image_id = json.loads(sandbox.docker("image", "inspect", "base:v1").out)[0]["Id"].removeprefix("sha256:")
    assert done.out == f"base=base:{image_id}\n"
    assert Path(project.folder, "out.txt").read_text() == f"base=base:{image_id}"
