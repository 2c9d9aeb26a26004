"""The one door to other programs, and the only importer of sh.

Commands are argument lists, never a shell line. Every command gets a process group of its own, so that an
interrupt ends a build with all its children exactly once, wherever the signal came from. When we are killed, a
watchdog ends them.
"""

from __future__ import annotations

import codecs
import contextlib
import logging
import os
import re
import shutil
import signal
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from buildx_tasks.execution import signals
from buildx_tasks.execution.signals import GRACE_SECONDS
from buildx_tasks.execution.watchdog import Watchdog
from buildx_tasks.model.command import NOT_FOUND, NOT_STARTED, TIMED_OUT, Command, Completed, Write

TAIL_CHARACTERS = 200_000


class ShellRunner:
    """Runs commands with `environ` as their base environment (our own process environment by default).

    `echo` is told every streamed command before it starts; `timeout` in seconds bounds every command, and `cwd` is
    where those without a folder of their own run. The signals of the run in which it is made stop it.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        echo: Callable[[Command], None] | None = None,
        timeout: float | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.environ = dict(os.environ if environ is None else environ)
        self.echo = echo
        self.timeout = timeout
        self.cwd = "" if cwd is None else str(cwd)
        self._running: dict[int, Any] = {}
        self._questions: dict[int, Any] = {}
        self._deadlines: dict[int, _Deadline] = {}
        self._lock = threading.Lock()
        self._stopped = False
        self._watchdog = Watchdog()
        self._tokens: dict[int, int] = {}
        signals.watch(self)

    def capture(self, command: Command) -> Completed:
        """Run to the end and keep both streams whole."""
        program = self._find(command)
        if program is None:
            return _missing(command)
        try:
            process = self._start(program, command, {"_tty_out": False})
        except _NotStartedError as error:
            return _not_started(command, error)
        self._questions[id(process)] = process
        if self._stopped:
            # The signal came between the command's start and the note of it.
            _signal(process, signal.SIGINT)
        try:
            code = self._wait(process)
        finally:
            self._questions.pop(id(process), None)
        return Completed(command=command, code=code, stdout=_text(process.stdout), stderr=_text(process.stderr))

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        """Run and hand over the merged output: whole lines, or pieces as they come through a pseudo terminal."""
        program = self._find(command)
        if program is None:
            return _missing(command)
        if self.echo is not None:
            self.echo(command)
        reading, writing = _open_terminal() if terminal else os.pipe()
        tail = _Tail(write)
        try:
            try:
                process = self._start(program, command, {"_out": writing, "_err_to_out": True})
            except _NotStartedError as error:
                return _not_started(command, error)
            finally:
                os.close(writing)
            _pump(reading, tail.feed, lines=not terminal)
        finally:
            os.close(reading)
        return Completed(command=command, code=self._wait(process), stdout=tail.text())

    def stop_asking(self) -> None:
        """Interrupt the commands whose output is captured, and wait for none; later starts are refused.

        For a signal handler, so it takes no lock: whoever waits for an answer in another thread goes on at once.
        """
        self._stopped = True
        for process in tuple(self._questions.values()):
            _signal(process, signal.SIGINT)

    def kill(self) -> None:
        """Kill every running command, and wait for none; later starts are refused. For a signal handler, too."""
        self._stopped = True
        for process in tuple(self._running.values()):
            _signal(process, signal.SIGKILL)

    def stop(self) -> None:
        """Interrupt every running command, wait a little, then kill what is left; later starts are refused.

        Another interrupt meanwhile ends the waiting: CI services send one signal after another.
        """
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for process in running:
            _signal(process, signal.SIGINT)
        deadline = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(KeyboardInterrupt):
            while time.monotonic() < deadline and any(process.is_alive() for process in running):
                time.sleep(0.05)
        for process in running:
            _signal(process, signal.SIGKILL)

    def _find(self, command: Command) -> str | None:
        name = command.argv[0]
        path = dict(command.env).get("PATH", self.environ.get("PATH"))
        if "/" in name:
            name = str(Path(command.cwd or self.cwd, name))
        return shutil.which(name, path=path)

    def _start(self, program: str, command: Command, options: dict[str, Any]) -> Any:
        import sh

        # sh logs every argv, and build args may carry values that are nobody's business.
        logging.getLogger("sh.command").setLevel(logging.WARNING)
        options |= {
            "_env": {**self.environ, **dict(command.env)},
            "_in": command.stdin or None,
            "_new_group": True,
            "_new_session": False,
            "_bg": True,
            "_bg_exc": False,
            "_return_cmd": True,
            "_ok_code": range(256),
            "_decode_errors": "replace",
            "_close_fds": True,
        }
        if folder := command.cwd or self.cwd:
            options["_cwd"] = folder
        timeout = min((item for item in (self.timeout, command.timeout) if item is not None), default=None)
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            token, options["_preexec_fn"] = self._watchdog.begin()
            try:
                process = sh.Command(program)(*command.argv[1:], **options)
            except sh.ForkException as error:
                self._watchdog.end(token)
                raise _NotStartedError(_reason(str(error))) from None
            except Exception:
                self._watchdog.end(token)
                raise
            self._running[id(process)] = process
            self._tokens[id(process)] = token
            if timeout is not None:
                self._deadlines[id(process)] = _Deadline(process, timeout, polite="_out" in options)
        return process

    def _wait(self, process: Any) -> int:
        import sh

        # An interrupt leaves it among the running ones, for `stop`.
        with contextlib.suppress(sh.ErrorReturnCode):
            process.wait()
        with self._lock:
            self._running.pop(id(process), None)
            deadline = self._deadlines.pop(id(process), None)
            self._watchdog.end(self._tokens.pop(id(process), 0))
        if deadline is not None and deadline.is_over():
            return TIMED_OUT
        code = int(process.exit_code)
        return 128 - code if code < 0 else code


def longest_argument() -> int:
    """Bytes that one argument or variable of a command may have; 0 where only all of them together are bounded.

    Linux takes 32 pages for each, the end of the text included (MAX_ARG_STRLEN).
    """
    return 32 * os.sysconf("SC_PAGE_SIZE") - 1 if sys.platform == "linux" else 0


class _Deadline:
    """Kills a command when its time is over. sh could, but then it looks only ten times a second whether one ended.

    A `polite` one interrupts first, and kills what is left a few seconds later.
    """

    def __init__(self, process: Any, seconds: float, *, polite: bool) -> None:
        self.process = process
        self.polite = polite
        self.expired = False
        self._start(seconds, self._expire)

    def is_over(self) -> bool:
        """Whether the time was over before the command ended; the clock stops."""
        self.timer.cancel()
        if self.expired:
            self._kill()
        return self.expired

    def _start(self, seconds: float, then: Callable[[], None]) -> None:
        self.timer = threading.Timer(seconds, then)
        self.timer.daemon = True
        self.timer.start()

    def _expire(self) -> None:
        self.expired = True
        if self.polite:
            _signal(self.process, signal.SIGINT)
            self._start(GRACE_SECONDS, self._kill)
        else:
            self._kill()

    def _kill(self) -> None:
        _signal(self.process, signal.SIGKILL)


def _open_terminal() -> tuple[int, int]:
    """A pseudo terminal of our own terminal's size: what to read from, what the command writes to.

    It hands line ends on as they are: the real terminal behind us translates them.
    """
    import fcntl
    import pty
    import termios

    reading, writing = pty.openpty()
    modes = termios.tcgetattr(writing)
    modes[1] &= ~termios.OPOST
    termios.tcsetattr(writing, termios.TCSANOW, modes)
    size = shutil.get_terminal_size()
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", size.lines, size.columns, 0, 0))
    return reading, writing


def _pump(reading: int, feed: Write, *, lines: bool) -> None:
    """Read until every writer is gone; a pseudo terminal says so with an error instead of an end."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest = ""
    while True:
        try:
            data = os.read(reading, 65536)
        except OSError:
            data = b""
        rest += decode(data, final=not data)
        if lines:
            *whole, rest = rest.split("\n")
            for line in whole:
                feed(line + "\n")
        elif rest:
            feed(rest)
            rest = ""
        if not data:
            break
    if rest:
        feed(rest + "\n" if lines else rest)


class _Tail:
    """Passes output on and keeps the end of it."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.pieces: deque[str] = deque()
        self.size = 0

    def feed(self, piece: str) -> None:
        self.pieces.append(piece)
        self.size += len(piece)
        while self.size > TAIL_CHARACTERS and len(self.pieces) > 1:
            self.size -= len(self.pieces.popleft())
        self.write(piece)

    def text(self) -> str:
        return "".join(self.pieces)


def _signal(process: Any, number: int) -> None:
    """Signal a command's whole group, whose id is the command's own: children may outlive their leader."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class _NotStartedError(Exception):
    """The system refused to start a program; the text is its reason."""


def _reason(report: str) -> str:
    """The system's own words at the end of sh's report of a child that could not become the program."""
    last = report.rstrip().rpartition("\n")[2].strip()
    found = re.match(r"\w+: \[Errno \d+\] ([^:]+)", last)
    return found[1] if found else last.rpartition(": ")[2]


def _not_started(command: Command, error: _NotStartedError) -> Completed:
    return Completed(command=command, code=NOT_STARTED, stderr=f"{command.argv[0]} can't be started: {error}")


def _missing(command: Command) -> Completed:
    return Completed(command=command, code=NOT_FOUND, stderr=f"{command.argv[0]}: not found")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
