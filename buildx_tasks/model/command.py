"""A command as a value: what is planned is what is run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

NOT_FOUND = 127
NOT_STARTED = 126
TIMED_OUT = 124
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One process: `argv`; `env` on top of our own environment; `timeout` in seconds, None for none.

    `stdin` is what the process reads; it never shows up where commands are shown.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = ""
    timeout: float | None = None
    stdin: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """How a process ended.

    `code` is 0 for success, 127 when the program is missing, 126 when the system refused to start it, 124 after a
    timeout. `stdout` and `stderr` are whole for a captured command; for a streamed one `stdout` is the tail of both.
    """

    command: Command
    code: int
    stdout: str = ""
    stderr: str = ""

    @property
    def ok(self) -> bool:
        """Whether the process ended with success."""
        return self.code == 0

    @property
    def missing(self) -> bool:
        """Whether the program is not there at all."""
        return self.code == NOT_FOUND and not self.stdout and self.stderr.endswith("not found")

    @property
    def timed_out(self) -> bool:
        """Whether the process was ended because its time was over."""
        return self.code == TIMED_OUT


def without_colour(text: str) -> str:
    """What a command printed, without terminal control sequences."""
    return _CONTROLS.sub("", text)


Write = Callable[[str], None]


class Runner(Protocol):
    """The door to other programs; `execution.shell.ShellRunner` is the real one, tests bring their own."""

    def capture(self, command: Command) -> Completed:
        """Run to the end and keep both streams whole; never raises for a failing or missing program."""

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        """Run, handing merged output to `write` as it comes: whole lines, or raw pieces on a `terminal`."""

    def stop(self) -> None:
        """End every running command of this runner: politely, then by force."""
