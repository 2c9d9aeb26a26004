"""docs/tutorial.md, as a reader follows it: its files are written, its commands run and print what the page shows."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from lab_support import Lab, Sandbox, make_sandbox
from walkthrough import Command, File, Shell, steps

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tutorial.md"
STEPS = list(steps(PAGE.read_text(encoding="utf-8")))
DOCKERFILE = """\
FROM scratch
COPY . /
ENTRYPOINT ["/registry", "serve", "/config.yml"]
"""
CONFIG = "version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: ':5000'}\n"


@pytest.fixture
def reader(registry_and_engine: Lab, tmp_path: Path) -> Iterator[Sandbox]:
    """Somebody with docker, git and Python, whose docker has the image `registry:2`."""
    sandbox = make_sandbox(registry_and_engine, tmp_path)
    put_registry_image(sandbox)
    (constraint := tmp_path / "constraint.txt").write_text(f"buildx-tasks @ {ROOT.as_uri()}\n")
    sandbox.env.update(
        {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))},
        # The package of this checkout, where the page installs the released one.
        PIP_CONSTRAINT=str(constraint),
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        GIT_AUTHOR_NAME="t",
        GIT_AUTHOR_EMAIL="t@example.invalid",
        GIT_COMMITTER_NAME="t",
        GIT_COMMITTER_EMAIL="t@example.invalid",
    )
    sandbox.docker("rm", "--force", "registry", check=False)
    yield sandbox
    sandbox.docker("rm", "--force", "registry", check=False)


def put_registry_image(sandbox: Sandbox) -> None:
    """Make `registry:2` of the program that the lab's own registry runs, with the libraries that it needs."""
    folder = sandbox.folder / "registry"
    folder.mkdir()
    program = sandbox.lab.parts["open"]["program"]
    shutil.copy(program, folder / "registry")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for word in linked.split():
        if word.startswith("/"):
            (place := folder / word.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, place)
    (folder / "config.yml").write_text(CONFIG)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    sandbox.build("--tag", "registry:2", "--load", ".", cwd=folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.timeout(300)
def test_every_step_does_what_the_page_shows(reader: Sandbox) -> None:
    port = str(free_port())
    # Port 5000 can be taken, and the engines of the lab don't publish ports.
    published = f"--network host -e REGISTRY_HTTP_ADDR=127.0.0.1:{port}"
    (folder := reader.folder / "reader").mkdir()
    with Shell(folder, reader.env) as shell:
        shell.follow(PAGE, {"-p 5000:5000": published, ":5000": f":{port}"})
    assert list(folder.iterdir()) == []


def test_the_page_begins_with_an_install_and_ends_with_ci() -> None:
    commands = [step.text for step in STEPS if isinstance(step, Command)]
    assert any(text.startswith("pip install") for text in commands)
    assert sum(text.startswith("invoke buildx.build") for text in commands) >= 4
    names = [step.name for step in STEPS if isinstance(step, File)]
    assert names == [
        "tasks.py",
        "app/message.txt",
        "app/Dockerfile",
        "skaffold.yaml",
        "skaffold.yaml",
        ".github/workflows/images.yml",
    ]


def test_ci_runs_the_command_that_the_reader_tried() -> None:
    files = {step.name: step.text for step in STEPS if isinstance(step, File)}
    workflow = yaml.safe_load(files[".github/workflows/images.yml"])
    runs = [item["run"] for item in workflow["jobs"]["build"]["steps"] if "run" in item]
    assert runs[-1] in [step.text for step in STEPS if isinstance(step, Command)]
