"""Tasks on a terminal: what they write to one, and how the screen looks when they have ended."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pyte
from recording import Project


@dataclass(frozen=True)
class Seen:
    """What a task wrote to a terminal, the exit status, and the rows of the screen at its end without empty ones."""

    text: str
    code: int
    rows: list[str]
    screen: pyte.Screen


def on_terminal(
    project: Project,
    *words: str,
    columns: int = 80,
    lines: int = 24,
    both: bool = True,
    interrupt_when: Callable[[str], bool] = lambda _text: False,
) -> Seen:
    """Run a task on a terminal of this size, with standard error on it too when `both`.

    It is interrupted, once, when what it wrote so far is as `interrupt_when` says.
    """
    project.docker.save()
    reading, writing = pty.openpty()
    command = [sys.executable, "-m", "invoke", *words]
    env = {"TERM": "xterm", "COLUMNS": str(columns), "LINES": str(lines)} | project.environment()
    errors = writing if both else subprocess.DEVNULL
    pieces, interrupted = "", False
    with subprocess.Popen(command, cwd=project.folder, env=env, stdout=writing, stderr=errors) as process:
        os.close(writing)
        while piece := _read(reading):
            pieces += piece.decode(errors="replace")
            if not interrupted and interrupt_when(pieces):
                interrupted = True
                process.send_signal(signal.SIGINT)
    os.close(reading)
    screen = pyte.Screen(columns, lines)
    pyte.Stream(screen).feed(pieces)
    rows = [row.rstrip() for row in screen.display if row.strip()]
    return Seen(text=pieces, code=process.returncode, rows=rows, screen=screen)


def _read(reading: int) -> bytes:
    try:
        return os.read(reading, 65536)
    except OSError:  # every writer is gone
        return b""
