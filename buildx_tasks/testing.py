"""Test a ``tasks.py`` of your own: which tasks it has, and what they would build, without an engine.

`TasksFile` runs `invoke` in a project's folder, with a `RecordingDocker` in place of docker and nothing of the user's
own home or settings. With pytest, ``pytest_plugins = ["buildx_tasks.testing"]`` in the project's ``conftest.py`` gives
the fixture `tasks_file`. Nothing here needs pytest, and nothing else imports this module.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from ast import literal_eval
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIGEST = "sha256:" + "5" * 64
"""The digest of everything that is pushed."""
IMAGE_ID = "sha256:" + "1" * 64
"""The ID of every image that is loaded."""
OUTSIDE = ("BUILDKIT_", "BUILDX_", "DOCKER_", "INVOKE_", "KUBECONFIG", "SKAFFOLD_")
"""Beginnings of variables that a test does not take over."""

# It starts several times for every build, so it imports nothing that takes a while: no json, no signal.
_SCRIPT = """\
#!{python} -IS
import _signal, os, sys, time
def stop(*_):
    sys.stderr.write("ERROR: failed to build: failed to solve: Canceled: context canceled\\n")
    sys.stderr.flush()
    os._exit(1)
_signal.signal(_signal.SIGINT, stop)
folder = {folder!r}
answers = eval(open(folder + "/answers").read())
argv = sys.argv[1:]
wanted = ("DOCKER_BUILDKIT", "BUILDX_NO_DEFAULT_ATTESTATIONS", *answers["environment"])
call = {{"argv": argv, "cwd": os.getcwd(), "env": {{k: os.environ[k] for k in wanted if k in os.environ}}}}
if argv[:2] == ["buildx", "bake"] and "--file" in argv:
    import json
    with open(argv[argv.index("--file") + 1]) as file:
        call["bake"] = json.load(file)
with open(folder + "/calls", "a") as log:
    log.write(ascii(call) + "\\n")
line = " ".join(argv)
if line.startswith("buildx inspect"):
    time.sleep(answers["hesitation"])
for prefix, (code, out, err) in answers["table"].items():
    if line.startswith(prefix):
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(answers["duration"] if line.startswith(("buildx build", "buildx bake")) else 0)
        while code < 0:
            time.sleep(1)
        if code:
            sys.exit(code)
        break
if "--metadata-file" in argv:
    built = '{{"containerimage.digest": "' + answers["digest"] + '"}}'
    if "bake" in call:
        built = "{{" + ", ".join('"' + name + '": ' + built for name in call["bake"]["target"]) + "}}"
    with open(argv[argv.index("--metadata-file") + 1], "w") as metadata:
        metadata.write(built)
"""
_INSPECT = "Name:   {name}\nDriver: {driver}\n\nNodes:\nName: n\nStatus: running\nPlatforms: linux/amd64, linux/arm64\n"
_INVOKE = """\
import sys
sys.path.remove("")  # which -c puts there, and the program `invoke` has not
sys.argv[0] = "invoke"
from invoke.main import program
program.run()
"""
_VERSION = {"Client": {"Version": "28.2.2"}, "Server": {"Version": "28.2.2"}}
_CONTAINERD = '[["driver-type","io.containerd.snapshotter.v1"]]\n'


@dataclass
class RecordingDocker:
    """A program `docker` in `folder` that writes down its calls; builds succeed and write what buildx would.

    `table` has the answers: the beginning of a command line -> exit status, standard output, standard error. A command
    whose status is negative goes on until it is stopped.
    `environment` names variables to write down; `hesitation` is how many seconds a builder takes to say what it can
    do, `duration` how many a build goes on after its output.
    """

    folder: Path
    table: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    environment: tuple[str, ...] = ()
    hesitation: float = 0
    duration: float = 0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        script = self.folder / "docker"
        script.write_text(_SCRIPT.format(python=sys.executable, folder=str(self.folder)), encoding="utf-8")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.table = {
            "version": (0, json.dumps(_VERSION) + "\n", ""),
            "info": (0, _CONTAINERD, ""),
            "buildx version": (0, "github.com/docker/buildx v0.29.1 abc\n", ""),
            "buildx inspect": (0, _INSPECT.format(name="default", driver="docker"), ""),
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
        client = json.dumps({"Client": _VERSION["Client"], "Server": None})
        self.table["version"] = (1, client + "\n", "Cannot connect to the Docker daemon at unix:///x. Is it running?\n")

    def builder(self, name: str, driver: str) -> None:
        """Answer with another builder."""
        self.table["buildx inspect"] = (0, _INSPECT.format(name=name, driver=driver), "")

    def save(self) -> None:
        """Write the answers down for the program; `TasksFile.run` does it before each run."""
        answers = {
            "table": self.table,
            "digest": DIGEST,
            "environment": list(self.environment),
            "hesitation": self.hesitation,
            "duration": self.duration,
        }
        (self.folder / "answers").write_text(ascii(answers), encoding="utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call so far: ``argv`` without the program, ``cwd``, and ``env`` with the variables that matter.

        A bake has its file besides, as ``bake``.
        """
        log = self.folder / "calls"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [literal_eval(line) for line in lines]

    @property
    def builds(self) -> list[dict[str, Any]]:
        """The calls that build one artifact each, in the order they began; those of `bakes` build several."""
        return [call for call in self.calls if call["argv"][:1] == ["build"] or call["argv"][:2] == ["buildx", "build"]]

    @property
    def bakes(self) -> list[dict[str, Any]]:
        """The calls that build several artifacts, in the order they began."""
        return [call for call in self.calls if call["argv"][:2] == ["buildx", "bake"] and "bake" in call]


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """How a run of `invoke` ended: its exit status, standard output and standard error."""

    code: int
    out: str
    err: str


class TasksFile:
    """The ``tasks.py`` (or ``tasks/``) of the project in `folder`, run by `invoke` in a process of its own.

    `scratch` is an empty folder for the recording docker and a home; `docker` is that recorder, `env` holds variables
    that runs get beside the environment of the test.
    """

    def __init__(self, folder: str | os.PathLike[str], scratch: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).absolute()
        self.scratch = Path(scratch).absolute()
        self.docker = RecordingDocker(self.scratch / "docker")
        self.env: dict[str, str] = {}

    @property
    def names(self) -> frozenset[str]:
        """The names of all tasks and their aliases; raises `AssertionError` when `invoke` fails."""
        done = self.run("--complete", "--", "invoke")
        assert done.code == 0, done.err
        return frozenset(done.out.split())

    def run(self, *words: str, stdin: str = "") -> Done:
        """Run `invoke` with these arguments: ``run("buildx.build", "--tag", "v1")``."""
        from buildx_tasks.execution.shell import ShellRunner
        from buildx_tasks.model.command import Command

        self.docker.save()
        argv = (sys.executable, "-c", _INVOKE, *words)
        done = ShellRunner(self._environment()).capture(Command(argv=argv, cwd=str(self.folder), stdin=stdin))
        return Done(code=done.code, out=done.stdout, err=done.stderr)

    def _environment(self) -> dict[str, str]:
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
        path = os.pathsep.join((str(self.docker.folder), kept.get("PATH", os.defpath)))
        own = {"PATH": path, "HOME": str(home), "DOCKER_HOST": f"unix://{home}/docker.sock"}
        return {**kept, **own, **self.env}


try:
    import pytest
except ImportError:  # there is then nobody to use the fixture
    pass
else:

    @pytest.fixture
    def tasks_file(request: pytest.FixtureRequest, tmp_path: Path) -> TasksFile:
        """The `TasksFile` of the project that is tested: the folder in which pytest has its root."""
        return TasksFile(request.config.rootpath, tmp_path)
