"""Where an input is planned: a folder, docker's answers without docker, and guards that report what leaves it."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from buildx_tasks.execution.cluster.kube import KubeConfigs
from buildx_tasks.execution.config.layers import SettingsSources
from buildx_tasks.execution.pipeline import Run
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.testing import RecordingDocker

PROBES = ("docker", "git", "kubectl", "minikube")
"""Programs that may be asked in a plan. None of them runs here."""


class OfflineRunner:
    """Answers docker's probes from the table of the recording docker, has no other program, and starts nothing.

    `foreign` are the programs that were asked for besides `PROBES`.
    """

    def __init__(self, table: dict[str, tuple[int, str, str]]) -> None:
        self.table = table
        self.foreign: list[tuple[str, ...]] = []

    def capture(self, command: Command) -> Completed:
        """The recorded answer, or that of a missing program."""
        program, *words = command.argv
        if program not in PROBES:
            self.foreign.append(command.argv)
        line = " ".join(words)
        if program == "docker":
            for prefix, (code, out, err) in self.table.items():
                if line.startswith(prefix):
                    return Completed(command=command, code=code, stdout=out, stderr=err)
        return Completed(command=command, code=127, stderr=f"{program}: not found")

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        """A plan streams nothing."""
        self.foreign.append(command.argv)
        return Completed(command=command, code=127)

    def stop(self) -> None:
        """Nothing runs."""


class Stand:
    """A project folder below `folder` in which inputs are planned one after another."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.home = folder / "home"
        for made in (self.project / "app", self.home):
            made.mkdir(parents=True)
        for dockerfile in ("Dockerfile", "app/Dockerfile"):
            (self.project / dockerfile).write_text("FROM scratch\nARG BASE\nCOPY . /\n")
        self.runner = OfflineRunner(RecordingDocker(folder / "docker").table)
        self.attempts: list[str] = []

    def run(self, text: str) -> Run:
        """The run whose ``skaffold.yaml`` is `text`."""
        (self.project / "skaffold.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
        environ = {"HOME": str(self.home), "PATH": "/nonexistent", "BRANCH": "a" * 40, "FOO": "foo", "X": "a" * 60}
        world = World(
            environ=environ, cwd=self.project, home=self.home, now=datetime(2024, 2, 29, tzinfo=UTC), runner=self.runner
        )
        kube = KubeConfigs(environ, self.home, lambda _text: None)
        return Run(SettingsSources(flags={}, environ=environ, home=self.home, kube=kube), world)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Note what starts a process or connects to anything but a local socket, and stop it."""

        def connect(sock: socket.socket, address: Any) -> None:
            if sock.family != socket.AF_UNIX:
                self.attempts.append(f"connects to {json.dumps(address, default=str)}")
            raise ConnectionRefusedError(111, "Connection refused")

        def resolve(host: object, *_args: object, **_kwargs: object) -> list[Any]:
            self.attempts.append(f"resolves {host!r}")
            raise socket.gaierror(-2, "Name or service not known")

        def start(*args: Any, **_kwargs: Any) -> Any:
            self.attempts.append(f"starts {args[:1]!r}")
            raise FileNotFoundError(2, "No such file or directory")

        with (
            mock.patch.object(socket.socket, "connect", connect),
            mock.patch.object(socket, "getaddrinfo", resolve),
            mock.patch.object(subprocess, "Popen", start),
        ):
            yield

    def left(self) -> list[str]:
        """What left the process since the last call: programs, connections."""
        found = [f"runs {' '.join(argv)}" for argv in self.runner.foreign] + self.attempts
        self.runner.foreign.clear()
        self.attempts.clear()
        return found

    def strangers(self) -> list[str]:
        """Files of the project that nobody here wrote."""
        known = {"skaffold.yaml", "Dockerfile", "app", "app/Dockerfile"}
        names = {path.relative_to(self.project).as_posix() for path in self.project.rglob("*")}
        return sorted(names - known)
