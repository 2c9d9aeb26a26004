"""A recording `docker` on PATH: plans can be compared on any config without an engine.

Every call is written down as one JSON line. Questions are answered from a small table, builds succeed and write the
metadata that buildx would.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from buildx_tasks.testing import DIGEST, IMAGE_ID
from buildx_tasks.testing import RecordingDocker as Docker

__all__ = ["DIGEST", "IMAGE_ID", "Docker", "Done", "Here", "Project", "gone", "make_project", "without_times"]


@dataclass
class Project:
    """A folder with a config, in which `invoke` runs with a recording docker and nothing of the user's own."""

    folder: Path
    docker: Docker
    env: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """A file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def invoke(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a task here."""
        self.docker.save()
        argv = [sys.executable, "-m", "invoke", *words]
        return subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a task here, whose output is read from pipes, so that it can be interrupted."""
        self.docker.save()
        return subprocess.Popen(
            [sys.executable, "-m", "invoke", *words],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self) -> dict[str, str]:
        """The whole environment of a run: the recording docker before the system's programs, an empty home."""
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": f"{self.docker.folder}:/usr/bin:/bin",
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "DOCKER_HOST": f"unix://{home}/none",
            **self.env,
        }


def without_times(lines: Iterable[str]) -> list[str]:
    """Lines of output without the seconds at their end, which differ from run to run."""
    return [re.sub(r" (\(|. )[\d.]+ s\)?$", "", line) for line in lines]


def gone(pid: int) -> bool:
    """Whether a process is gone soon: one that was killed stays until whoever it fell to has noticed."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


def make_project(folder: Path, config: str) -> Project:
    """A project with this config, a tasks.py, and a Dockerfile in ``.`` and in ``app``."""
    project = Project(folder / "project", Docker(folder / "docker"))
    project.write("skaffold.yaml", config)
    project.write("tasks.py", "import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    project.write("Dockerfile", "FROM scratch\nARG BASE\n")
    project.write("app/Dockerfile", "FROM scratch\nARG BASE\n")
    return project


@dataclass(frozen=True)
class Done:
    """How a task ended that ran in this process."""

    code: int
    out: str
    err: str


class Here:
    """Runs tasks of a project in this process: as `Project.invoke`, and several times as fast."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def invoke(self, project: Project, *words: str) -> Done:
        """Run a task in the project's folder with the project's environment and nothing else."""
        from buildx_tasks.tasks import namespace
        from buildx_tasks.tasks.program import OurProgram

        project.docker.save()
        with self.monkeypatch.context() as patch:
            for name in list(os.environ):
                patch.delenv(name)
            for name, value in project.environment().items():
                patch.setenv(name, value)
            patch.chdir(project.folder)
            self.capsys.readouterr()
            try:
                OurProgram(namespace=namespace()).run(["inv", *words])
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(bool(end.code))
            said = self.capsys.readouterr()
        return Done(code, said.out, said.err)
