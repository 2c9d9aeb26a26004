"""An instance of the lab starts once, restarts what died, and leaves nothing behind, however it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_support import ROOT, Lab


class Instance:
    """A second instance, beside the one that the other tests use."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.env = {**os.environ, "BUILDX_TASKS_LAB": str(run)}

    def start(self, *words: str) -> "subprocess.Popen[str]":
        argv = [sys.executable, "-m", "invoke", *words]
        return subprocess.Popen(
            argv, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def call(self, *words: str) -> str:
        process = self.start(*words)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        return output

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.run / "state.json").read_text())
        return state

    def traces(self) -> list[str]:
        """Whatever this instance could leave behind."""
        ident = self.call("lab.status", "--format=json")
        name = json.loads(ident)["ident"]
        traces = [str(self.run)] if self.run.exists() else []
        traces += [path.name for path in Path("/sys/class/net").iterdir() if name in path.name]
        traces += [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/*{name}*")]
        traces += [str(path) for path in Path("/run/buildx-tasks-lab.shared").glob(f"*{name}")]
        mark = f"BUILDX_TASKS_LAB_INSTANCE={self.run}".encode()
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in environ.read_bytes().split(b"\0"):
                    traces.append(str(environ))
            except OSError:  # ended meanwhile
                continue
        return traces


@pytest.fixture
def instance(lab: Lab) -> Iterator[Instance]:
    """An instance that is down; the shared lab makes sure that the machine can run one and the packages are there."""
    folder = tempfile.mkdtemp(prefix="bxlab", dir="/tmp")  # short: sockets live in it
    Path(folder).rmdir()
    made = Instance(Path(folder))
    yield made
    made.call("lab.down")


def test_up_is_idempotent_and_down_leaves_nothing(instance: Instance) -> None:
    assert "containerd: up" in instance.call("lab.up", "--only=containerd,qemu")
    before = instance.state()
    assert sorted(before["parts"]) == ["clients", "containerd", "open", "qemu"]
    assert "containerd: up" not in instance.call("lab.up", "--only", "containerd")
    assert instance.state() == before
    assert instance.traces()
    instance.call("lab.down")
    assert instance.traces() == []
    instance.call("lab.down")


def test_up_restarts_what_died_and_what_needs_it(instance: Instance) -> None:
    instance.call("lab.up", "--only=faulty,password")
    before = instance.state()["parts"]
    os.kill(before["open"]["processes"][0][0], signal.SIGKILL)
    wait_until_gone(before["open"]["processes"][0][0])
    assert "password: up" not in instance.call("lab.up", "--only=open")
    after = instance.state()["parts"]
    changed = {name for name in before if after[name].get("processes") != before[name].get("processes")}
    assert changed == {"open", "faulty"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", ["clients: up", "open: up", "containerd: up"])
def test_an_interrupted_start_leaves_nothing(instance: Instance, number: int, after: str) -> None:
    process = instance.start("lab.up", "--only=containerd,classic")
    assert process.stdout is not None
    for line in process.stdout:
        if after in line:
            process.send_signal(number)
            break
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert instance.traces() == []


def test_down_cleans_up_after_a_killed_start(instance: Instance) -> None:
    process = instance.start("lab.up", "--only=containerd")
    assert process.stdout is not None
    for line in process.stdout:
        if "open: up" in line:
            process.kill()
            break
    process.communicate(timeout=60)
    assert instance.traces()
    instance.call("lab.down")
    assert instance.traces() == []


def test_unknown_part_is_refused_with_the_known_ones(instance: Instance) -> None:
    process = instance.start("lab.up", "--only=nosuch")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "no such part: nosuch; there are clients, qemu, open" in output


def wait_until_gone(pid: int) -> None:
    """A killed process may stay a moment, or stay as a zombie for its parent."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} does not end")
