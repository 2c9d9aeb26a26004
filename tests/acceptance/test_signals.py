"""Whole tasks that get signals while they do what comes before a build, and that are killed while they build."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest
from recording import Project, gone, make_project

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
SLEEPER = "#!/bin/sh\ntrap '' HUP\nsleep 60 & echo $! >> {folder}/child\necho $$ >> {folder}/pid\nwait\n"

CONFIGS = {
    "cmd": HEAD
    + "build:\n  artifacts:\n    - image: app\n      context: app\n"
    + "      docker: {buildArgs: {A: '{{cmd \"slow\"}}'}}\n",
    "git": HEAD + "requires: [{git: {repo: 'https://git.invalid/x.git'}}]\nbuild: {artifacts: [{image: app}]}\n",
    "docker": HEAD + "build: {artifacts: [{image: app, context: app}]}\n",
    "hook": HEAD + "build: {artifacts: [{image: app, context: app, hooks: {before: [{command: [slow]}]}}]}\n",
    "all-hook": HEAD + "build:\n  artifacts: [{image: app, context: app}]\n  hooks: {before: [{command: [slow]}]}\n",
    "custom": HEAD + "build: {artifacts: [{image: app, context: app, custom: {buildCommand: slow}}]}\n",
}
PROGRAM = {"git": "git", "docker": "docker"}


def slow(folder: Path, config: str) -> Project:
    """A project of which one program takes long: in `folder`, its process id in ``pid``, its child's in ``child``."""
    project = make_project(folder, CONFIGS[config])
    project.docker.save()
    if config == "docker":
        project.env["PATH"] = f"{folder}/bin:/usr/bin:/bin"
        project.write("../bin/docker", SLEEPER.format(folder=folder))
    else:
        project.write(f"../docker/{PROGRAM.get(config, 'slow')}", SLEEPER.format(folder=folder))
    for file in (*(folder / "docker").glob("*"), *(folder / "bin").glob("*")):
        file.chmod(0o755)
    return project


def wait_for(process: Popen[str], condition: Callable[[], object]) -> None:
    while not condition():
        assert process.poll() is None
        time.sleep(0.05)


def begun(folder: Path) -> bool:
    return (folder / "pid").exists() and (folder / "pid").read_text().endswith("\n")


def gone_all(folder: Path) -> bool:
    # Several may have been started: docker is asked more than one question at once.
    return all(gone(int(line)) for name in ("pid", "child") for line in (folder / name).read_text().split())


@pytest.mark.parametrize(
    ("config", "number"),
    [*((config, signal.SIGTERM) for config in CONFIGS), ("cmd", signal.SIGINT), ("custom", signal.SIGHUP)],
)
def test_a_signal_ends_a_build_in_every_phase(tmp_path: Path, config: str, number: signal.Signals) -> None:
    project = slow(tmp_path, config)
    with project.start("buildx.build", "--tag", "v1") as process:
        wait_for(process, lambda: begun(tmp_path))
        begin = time.monotonic()
        process.send_signal(number)
        _out, err = process.communicate(timeout=30)
    assert process.returncode == STATUS[number], err
    by = "" if number == signal.SIGINT else f" by {number.name}"
    assert err.strip().splitlines()[-1].startswith(f"interrupted{by}")
    assert "Traceback" not in err
    assert time.monotonic() - begin < 20
    assert gone_all(tmp_path)


@pytest.mark.parametrize(
    ("config", "number"), [*((config, signal.SIGKILL) for config in CONFIGS), ("custom", signal.SIGQUIT)]
)
def test_what_a_killed_build_had_started_ends_with_it(tmp_path: Path, config: str, number: signal.Signals) -> None:
    project = slow(tmp_path, config)
    with project.start("buildx.build", "--tag", "v1") as process:
        wait_for(process, lambda: begun(tmp_path))
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == -number
    assert gone_all(tmp_path)


API = """\
import json, signal, sys
import buildx_tasks
numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
before = [signal.getsignal(number) for number in numbers]
try:
    buildx_tasks.build(tag="v1")
except Exception as error:
    said = [type(error).__name__, str(error), error.exit_code]
print(json.dumps([*said, [signal.getsignal(number) for number in numbers] == before]))
"""


@pytest.mark.parametrize(("config", "number"), [("cmd", signal.SIGTERM), ("custom", signal.SIGINT)])
def test_the_python_api_ends_as_a_task_does(tmp_path: Path, config: str, number: signal.Signals) -> None:
    project = slow(tmp_path, config)
    program = project.folder / "program.py"
    program.write_text(API)
    with Popen(
        [sys.executable, str(program)], cwd=project.folder, env=project.environment(), stdout=-1, stderr=-1, text=True
    ) as process:
        wait_for(process, lambda: begun(tmp_path))
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    name, message, status, restored = json.loads(out)
    assert (name, status, restored, process.returncode) == ("Interrupted", STATUS[number], True, 0), err
    assert message.startswith("interrupted")
    assert gone_all(tmp_path)
