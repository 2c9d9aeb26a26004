"""Builds that hang and runs that are killed, on real engines and registries."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Sandbox

CONFIG = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild: {artifacts: [{image: app}]}\n"
SOON = """\
from buildx_tasks.execution.run import waiting
from buildx_tasks.tasks.program import main
waiting.QUIET_SECONDS = 2
main()
"""


def sleeper(sandbox: Sandbox) -> str:
    """A project whose build takes ten minutes; the words by which its processes are known."""
    seconds = f"600.{uuid.uuid4().int % 10**9}"
    sandbox.app("project", f"FROM busybox\nRUN echo begun && sleep {seconds}\n", **{"skaffold.yaml": CONFIG})
    return f"sleep {seconds}"


def running(words: str) -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line:
            found.append(line)
    return found


def end(condition: Callable[[], object], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(condition())


def argv(sandbox: Sandbox, *words: str) -> list[str]:
    return [sys.executable, "-c", SOON, "buildx.build", "--default-repo", sandbox.image("x").rpartition("/")[0], *words]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGTERM])
@pytest.mark.parametrize("builder", ["docker", "remote"])
def test_a_build_ends_with_the_run(sandbox: Sandbox, builder: str, number: signal.Signals) -> None:
    """The docker CLI, its buildx plugin, and what BuildKit runs."""
    words = sleeper(sandbox)
    more = ("--builder", sandbox.builder()) if builder == "remote" else ()
    folder = sandbox.folder / "project"
    with subprocess.Popen(
        argv(sandbox, *more), cwd=folder, env=sandbox.env, stdout=-1, stderr=-1, text=True
    ) as process:
        assert end(lambda: running(words) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        assert len(running(f"{sandbox.folder}")) >= 2
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == (143 if number == signal.SIGTERM else -number)
    assert end(lambda: not running(words))
    assert end(lambda: not running(str(sandbox.folder)))


def test_a_build_that_takes_too_long_is_stopped(sandbox: Sandbox) -> None:
    words = sleeper(sandbox)
    name = sandbox.builder()
    done = sandbox.run(
        *argv(sandbox, "--builder", name, "--build-timeout", "8"), check=False, cwd=sandbox.folder / "project"
    )
    assert done.code == 1
    assert f"build [app] failed: timed out after 8 s (build-timeout), waiting for builder {name}" in done.err
    assert f"artifact app: still waiting for builder {name}, 2 s without output; its last line was: #" in done.out
    assert end(lambda: not running(words))


def test_a_registry_that_never_answers(sandbox: Sandbox, faults: Callable[[dict[str, object]], None]) -> None:
    host = sandbox.lab.parts["faulty"]["host"]
    sandbox.app("project", "FROM scratch\nCOPY skaffold.yaml /\n", **{"skaffold.yaml": CONFIG})
    faults({"count": 500, "delay": 600})
    repo = f"{host}/{sandbox.prefix}"
    command = [sys.executable, "-c", SOON, "buildx.build", "--default-repo", repo, "--build-timeout", "10"]
    command += ["--builder", sandbox.builder(), "--no-cache-artifacts"]
    done = sandbox.run(*command, check=False, cwd=sandbox.folder / "project")
    assert done.code == 1
    assert "timed out after 10 s (build-timeout)" in done.err
    assert f"still waiting for builder lab-plain and registry {host}, " in done.out


def test_a_registry_that_resets_every_connection(sandbox: Sandbox, faults: Callable[[dict[str, object]], None]) -> None:
    host = sandbox.lab.parts["faulty"]["host"]
    sandbox.app("project", "FROM scratch\nCOPY skaffold.yaml /\n", **{"skaffold.yaml": CONFIG})
    faults({"count": 500, "reset": True})
    repo = f"{host}/{sandbox.prefix}"
    command = [sys.executable, "-c", SOON, "buildx.build", "--default-repo", repo, "--build-timeout", "20"]
    command += ["--builder", sandbox.builder(), "--no-cache-artifacts"]
    begin = time.monotonic()
    done = sandbox.run(*command, check=False, cwd=sandbox.folder / "project")
    assert done.code == 1
    assert "build [app] failed" in done.err
    assert "trying again" in done.out or "timed out after 20 s" in done.err
    assert time.monotonic() - begin < 60


def test_a_builder_whose_container_does_not_run_is_not_ok(sandbox: Sandbox) -> None:
    sandbox.app("project", "FROM scratch\n", **{"skaffold.yaml": CONFIG})
    sandbox.docker("buildx", "create", "--name", "box", "--driver", "docker-container")
    command = [sys.executable, "-c", "from buildx_tasks.tasks.program import main; main()", "buildx.doctor"]
    done = sandbox.run(*command, "--builder", "box", check=False, cwd=sandbox.folder / "project")
    assert "builder box (docker-container) does not run: box0 is inactive" in done.out
    assert "docker buildx inspect --bootstrap box" in done.out
