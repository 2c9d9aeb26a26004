"""The first minutes: the installed program in an empty folder, with a new home, without docker, on a small terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyte
import pytest

import buildx_tasks

PROGRAM = Path(sys.executable).with_name("buildx-tasks")
RECORD = Path(__file__).parents[1] / "data" / "first_run.txt"
EMPTY = (
    "buildx.init",
    "buildx.list",
    "buildx.plan",
    "buildx.build",
    "buildx.build --dry-run",
    "buildx.check",
    "buildx.affected --since HEAD",
    "buildx.builder.ensure",
    "buildx.builder.remove",
    "buildx.config.get builder",
    "buildx.config.set cache-tag",
    "schema.validate",
    "schema.upgrade",
    "schema.modeline",
    "buildx.doctor",
    "schema",
    "buildx.lst",
    "buildx.build --plaform linux/arm64",
)
"""What is tried before there is anything."""
WITH_A_DOCKERFILE = (
    "buildx.init --dry-run",
    "buildx.init",
    "buildx.init",
    "buildx.list",
    "schema.validate",
    "buildx.build --dry-run",
    "buildx.build --artifact nothing",
    "buildx.plan",
    "buildx.build",
    "buildx.doctor",
)
"""What is tried once there is a Dockerfile."""


PLACE = b"/home/you"
PLACES = ((rb"[\d.]+ of [\d.]+ GiB", b"50 of 100 GiB"), (rb"[0-9a-f]{64}", b"0" * 64))
"""What differs from machine to machine, and what the record has for it."""


@dataclass(frozen=True)
class Ended:
    """The exit status of a command, and what the screen showed of it."""

    code: int
    text: str


@dataclass(frozen=True)
class Folder:
    """A folder in which nothing is set up: no docker, no config, nothing of the user's own."""

    path: Path
    home: Path

    def run(self, line: str) -> Ended:
        """Run the program on a terminal of 80 columns, as somebody who has just installed it does."""
        environ = {"HOME": str(self.home), "PATH": str(self.home), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        reading, writing = pty.openpty()
        words = (str(PROGRAM), *line.split())
        environ |= {"COLUMNS": "80", "LINES": "24"}
        with subprocess.Popen(
            words, cwd=self.path, env=environ, stdin=writing, stdout=writing, stderr=writing
        ) as process:
            os.close(writing)
            pieces = b""
            while piece := _read(reading):
                pieces += piece
        os.close(reading)
        for pattern, instead in PLACES:
            pieces = re.sub(pattern, instead, pieces.replace(os.fsencode(self.path.parent), PLACE))
        screen = pyte.Screen(80, 1000)
        pyte.ByteStream(screen).feed(pieces)
        rows = [row.rstrip() for row in screen.display]
        return Ended(process.returncode, "\n".join(rows).strip("\n"))


def _read(reading: int) -> bytes:
    try:
        return os.read(reading, 65536)
    except OSError:  # every writer is gone
        return b""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "shop").mkdir()
    (tmp_path / "home").mkdir()
    return Folder(tmp_path / "shop", tmp_path / "home")


def test_every_command_helps_when_nothing_is_set_up(folder: Folder) -> None:
    lines = [*_recorded(folder, EMPTY)]
    assert list(folder.path.iterdir()) == []
    (folder.path / "Dockerfile").write_text("FROM busybox\nCOPY . .\nRUN true\n")
    lines += [
        "$ printf 'FROM busybox\\nCOPY . .\\nRUN true\\n' > Dockerfile",
        "",
        *_recorded(folder, WITH_A_DOCKERFILE),
    ]
    found = "\n".join(lines)
    if os.environ.get("RECORD_FIRST_RUN"):
        RECORD.write_text(found, encoding="utf-8")
    assert found == RECORD.read_text(encoding="utf-8")


def _recorded(folder: Folder, commands: tuple[str, ...]) -> list[str]:
    lines = []
    for command in commands:
        ended = folder.run(command)
        lines += [f"$ buildx-tasks {command}", ended.text, f"[exit status {ended.code}]", ""]
    return lines


NEEDS = {"buildx.affected": "--since HEAD", "buildx.config.get": "builder", "buildx.config.unset": "cache-tag"}


@pytest.mark.parametrize("name", sorted(buildx_tasks.namespace().task_names))
def test_no_task_ends_without_a_hint(folder: Folder, name: str) -> None:
    ended = folder.run(f"{name} {NEEDS.get(name, '')}")
    assert "Traceback" not in ended.text
    assert ended.code in (0, 2, 3, 4), ended.text
    if ended.code in (2, 3):
        assert len(ended.text.splitlines()) > 1, ended.text
