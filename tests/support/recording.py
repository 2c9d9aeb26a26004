"""A recording `docker` on PATH: plans can be compared on any config without an engine.

Every call is written down as one JSON line. Questions are answered from a small table, builds succeed and write the
metadata that buildx would.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """\
#!{python} -S
import json, os, sys, time
folder = {folder!r}
answers = json.load(open(folder + "/answers.json"))
argv = sys.argv[1:]
wanted = ("DOCKER_BUILDKIT", "BUILDX_NO_DEFAULT_ATTESTATIONS", *answers["environment"])
call = {{"argv": argv, "cwd": os.getcwd(), "env": {{k: os.environ[k] for k in wanted if k in os.environ}}}}
with open(folder + "/calls.jsonl", "a") as log:
    log.write(json.dumps(call) + "\\n")
line = " ".join(argv)
if line.startswith("buildx inspect"):
    time.sleep(answers["hesitation"])
for prefix, (code, out, err) in answers["table"].items():
    if line.startswith(prefix):
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(answers["duration"] if line.startswith("buildx build") else 0)
        sys.exit(code)
if "--metadata-file" in argv:
    with open(argv[argv.index("--metadata-file") + 1], "w") as metadata:
        json.dump({{"containerimage.digest": answers["digest"]}}, metadata)
"""
INSPECT = "Name:   {name}\nDriver: {driver}\n\nNodes:\nName: n\nStatus: running\nPlatforms: linux/amd64, linux/arm64\n"
VERSION = {"Client": {"Version": "28.2.2"}, "Server": {"Version": "28.2.2"}}
CONTAINERD = '[["driver-type","io.containerd.snapshotter.v1"]]\n'
DIGEST = "sha256:" + "5" * 64
IMAGE_ID = "sha256:" + "1" * 64


@dataclass
class Docker:
    """A recording docker in `folder`; change `table` (argv prefix -> exit code, stdout, stderr) before a run.

    `hesitation` is how many seconds a builder takes to say what it can do, `duration` how many a build
    goes on when it has said everything.
    """

    folder: Path
    table: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    environment: tuple[str, ...] = ()
    hesitation: float = 0
    duration: float = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        script = self.folder / "docker"
        script.write_text(SCRIPT.format(python=sys.executable, folder=str(self.folder)))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.table = {
            "version": (0, json.dumps(VERSION) + "\n", ""),
            "info": (0, CONTAINERD, ""),
            "buildx version": (0, "github.com/docker/buildx v0.29.1 abc\n", ""),
            "buildx inspect": (0, INSPECT.format(name="default", driver="docker"), ""),
            "image inspect": (0, f"{IMAGE_ID}\n", ""),
            **self.table,
        }

    def without_buildx(self) -> None:
        """Answer as a docker CLI without the plugin does."""
        for words in ("buildx version", "buildx inspect"):
            self.table[words] = (1, "", "docker: unknown command: docker buildx\n\nRun 'docker --help' for more\n")

    def classic(self) -> None:
        """Answer as an engine with the classic image store does."""
        self.table["info"] = (0, '[["Backing Filesystem","extfs"]]\n', "")

    def down(self) -> None:
        """Answer as without any daemon."""
        client = json.dumps({"Client": VERSION["Client"], "Server": None})
        self.table["version"] = (1, client + "\n", "Cannot connect to the Docker daemon at unix:///x. Is it running?\n")

    def builder(self, name: str, driver: str) -> None:
        """Answer with another builder."""
        self.table["buildx inspect"] = (0, INSPECT.format(name=name, driver=driver), "")

    def save(self) -> None:
        """Write the table down for the script."""
        answers = {
            "table": self.table,
            "digest": DIGEST,
            "environment": list(self.environment),
            "hesitation": self.hesitation,
            "duration": self.duration,
        }
        (self.folder / "answers.json").write_text(json.dumps(answers))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call so far: argv, cwd, and the environment variables that matter."""
        log = self.folder / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    @property
    def builds(self) -> list[dict[str, Any]]:
        """The calls that build, in the order they began."""
        return [call for call in self.calls if call["argv"][:1] == ["build"] or call["argv"][:2] == ["buildx", "build"]]


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
