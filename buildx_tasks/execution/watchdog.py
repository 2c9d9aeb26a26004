"""Ends the commands of a process that was killed: nobody is left who could stop them otherwise.

A process that gets SIGKILL or SIGQUIT, or crashes, runs no code of its own any more. So a small companion waits at a
pipe whose other end only we hold. When we are gone it reads the end of the pipe, sends SIGTERM to the process group of
every command that still runs, and SIGKILL three seconds later. Groups include grandchildren: the buildx plugin of the
docker CLI, the programs of a hook. It is a shell because that starts in a millisecond and is there on Linux and macOS;
its script is constant, and all it reads are numbers. Without a ``/bin/sh`` there is no companion.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
import weakref
from collections.abc import Callable

SHELL = "/bin/sh"
NAME = "buildx-tasks-watchdog"
LEAVE_SECONDS = 1.0
SCRIPT = """\
trap '' HUP INT QUIT TERM
running=' '
while read -r word token group; do
  case $word in
    begin) running="$running$token:$group " ;;
    end)
      case $running in *" $token:"*)
        rest=${running#*" $token:"}
        running="${running%%" $token:"*} ${rest#* }" ;;
      esac ;;
    leave) exit 0 ;;
  esac
done
signal() {
  some=1
  for entry in $running; do kill -s "$1" -- "-${entry#*:}" && some=0; done
  return $some
}
signal TERM
for second in 1 2 3; do
  signal 0 || exit 0
  sleep 1
done
signal KILL
"""


class Watchdog:
    """Knows the commands of one runner; its companion starts with the first of them and leaves with this object."""

    def __init__(self) -> None:
        self._pipe = -1
        self._tokens = itertools.count(1)

    def begin(self) -> tuple[int, Callable[[], None]]:
        """A token for a command, and what that has to call in its own process, once that leads its group.

        The process itself says that it begins, so that there is no moment in which it runs and is not known.
        """
        if self._pipe < 0:
            self._start()
        token, pipe = next(self._tokens), self._pipe
        return token, lambda: _introduce(pipe, token)

    def end(self, token: int) -> None:
        """Forget a command that has ended, or never started."""
        _tell(self._pipe, f"end {token}\n")

    def _start(self) -> None:
        reading, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)  # a companion that is stopped must not stop us
        try:
            companion = os.posix_spawn(
                SHELL,
                [SHELL, "-c", SCRIPT, NAME],
                {"PATH": os.environ.get("PATH", os.defpath)},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reading, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setpgroup=0,
            )
        except OSError:
            companion = 0
        finally:
            os.close(reading)
        # When we end, the companion does by itself.
        weakref.finalize(self, _dismiss, self._pipe, companion, os.getpid()).atexit = False


def _introduce(pipe: int, token: int) -> None:
    """Say which group a command is. Runs between fork and exec, where a pipe without a reader would be the end."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _tell(pipe, f"begin {token} {os.getpid()}\n")
    signal.signal(signal.SIGPIPE, before)


def _tell(pipe: int, line: str) -> None:
    with contextlib.suppress(OSError):
        os.write(pipe, line.encode())


def _dismiss(pipe: int, companion: int, owner: int) -> None:
    """Let the companion go. A fork of ours has it not for a child, and leaves it to us."""
    ours = os.getpid() == owner
    if ours:
        _tell(pipe, "leave\n")
    os.close(pipe)
    deadline = time.monotonic() + LEAVE_SECONDS
    with contextlib.suppress(ChildProcessError):
        while ours and companion and not os.waitpid(companion, os.WNOHANG)[0] and time.monotonic() < deadline:
            time.sleep(0.001)
