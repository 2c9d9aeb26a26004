"""Without a docker daemon: what is advised then works then, command by command."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from lab_support import Lab, Sandbox, make_sandbox

CONFIG = """\
apiVersion: skaffold/v4beta14
kind: Config
build: {artifacts: [{image: app, context: app}]}
"""


@pytest.fixture
def alone(remote_lab: Lab, tmp_path: Path) -> Sandbox:
    """An environment in which no docker daemon answers, with a config."""
    sandbox = make_sandbox(remote_lab, tmp_path / "sandbox", engine=None)
    folder = sandbox.app("project/app").parent
    (folder / "skaffold.yaml").write_text(CONFIG)
    return sandbox


def advised(sandbox: Sandbox, endpoint: str, *words: str) -> list[list[str]]:
    """The commands that a task advises as it fails, with this endpoint."""
    done = sandbox.run("buildx-tasks", *words, check=False, cwd=sandbox.folder / "project")
    assert done.code == 4, done.out + done.err
    assert "docker-container" not in done.err
    assert done.err.startswith(
        ("builder default builds in the local docker daemon and none answers: ", "builder box: ")
    )
    assert "start docker, or build somewhere else:\n" in done.err
    lines = [line.rpartition(":  ")[2] for line in done.err.splitlines() if ":  " in line]
    return [shlex.split(line.replace("tcp://HOST:1234", endpoint).replace(" NAME", " remote")) for line in lines]


def test_the_advice_leads_to_a_build(alone: Sandbox, remote_lab: Lab) -> None:
    endpoint = remote_lab.parts["remote"]["endpoint"]
    create, select, once = advised(alone, endpoint, "buildx.build")
    assert advised(alone, endpoint, "buildx.plan") == advised(alone, endpoint, "buildx.check") == [create, select, once]
    folder = alone.folder / "project"
    alone.run("env", *once, cwd=folder)
    assert alone.run(*create, cwd=folder).code == 0
    assert alone.run(*select, cwd=folder).code == 0
    done = alone.run("buildx-tasks", "buildx.build", cwd=folder)
    assert re.search(r"^1 built", done.out, re.MULTILINE), done.out
    assert "builder remote is configured" in alone.run("buildx-tasks", "buildx.plan", cwd=folder).out


def test_a_builder_in_a_container_whose_daemon_is_down(alone: Sandbox, remote_lab: Lab) -> None:
    """As buildx leaves it on file when the daemon stops after the builder was created."""
    node: dict[str, object] = {
        "Name": "box0",
        "Endpoint": alone.env["DOCKER_HOST"],
        "DriverOpts": {},
        "Flags": None,
        "Files": None,
    }
    file = Path(alone.env["BUILDX_CONFIG"]) / "instances" / "box"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"Name": "box", "Driver": "docker-container", "Nodes": [node], "Dynamic": False}))
    create, *_others = advised(alone, remote_lab.parts["remote"]["endpoint"], "buildx.build", "--builder", "box")
    assert create[:3] == ["docker", "buildx", "create"]
    done = alone.run("buildx-tasks", "buildx.doctor", "--builder", "box", check=False, cwd=alone.folder / "project")
    assert "create --name box" not in done.out
    assert "--driver remote tcp://HOST:1234" in done.out
