"""The one place that handles signals: SIGINT, SIGTERM and SIGHUP end a run and its commands, whatever it is doing.

The first signal interrupts: what is asked ends at once, builds get a few seconds to stop, and the results so far are
kept. Another one ends the waiting: what still runs is killed. SIGKILL and SIGQUIT can't be handled, see `watchdog`.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Protocol

from buildx_tasks.errors import BuildxTasksError, Interrupted, WorkFailed
from buildx_tasks.execution.wakeup import WakeUp

GRACE_SECONDS = 5.0
AGAIN_SECONDS = 0.01
_AROUND_FORK = ("_acquireLock", "_releaseLock")
DEFAULTS: dict[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""The signals that end a run, with the handlers that we replace. Others are there on purpose and stay."""


class Signalled(KeyboardInterrupt):
    """What a signal raises.

    A class of its own, since CPython takes note of a plain KeyboardInterrupt that passes an ``exec``, as of a dataclass
    being made, and then ends ``python -m invoke`` by SIGINT whatever became of it.
    """


class Stoppable(Protocol):
    """What runs commands: `execution.shell.ShellRunner`. A handler calls all but `stop`, so these take no lock."""

    def stop_asking(self) -> None:
        """Interrupt the commands whose output is captured, and let no other start."""

    def kill(self) -> None:
        """Kill every command."""

    def stop(self) -> None:
        """Interrupt every command, wait a little, then kill what is left."""


class _Scope:
    """One run: its runners, and the first signal that came."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.wakeup = WakeUp()
        self.over = False
        self.late = 0
        self.runners: list[Stoppable] = []
        self.first = 0
        self.since = 0.0
        self.lost = False
        self.hook = sys.unraisablehook
        self._sending = threading.Lock()

    def handle(self, number: int, frame: FrameType | None) -> None:
        """What happens on a signal, in the main thread."""
        if os.getpid() != self.process:
            # A command that is not quite there yet: between fork and exec the code here is still ours.
            os._exit(128 + number)
        if _is_swallowed(frame):
            _thread.start_new_thread(_send_again, (number,))
            return
        if not self.wakeup.noticed() and not self.lost:
            return
        if self.over:
            self.late = number
            return
        if not self.first or self.lost:
            self.first, self.since = self.first or number, time.monotonic()
            self.lost = False
            for runner in tuple(self.runners):
                runner.stop_asking()
            # Not by `threading`, whose locks the interrupted code may hold.
            _thread.start_new_thread(self._kill_later, ())
            raise Signalled
        self._kill()
        # Results are being written by now. Only what takes longer than that is left at once.
        if time.monotonic() - self.since > GRACE_SECONDS:
            raise Signalled

    def dropped(self, dropped: sys.UnraisableHookArgs) -> None:
        """What happens where Python drops an exception: in a finalizer and the callback of a weak reference.

        A signal that comes there interrupts nothing, so it is sent again.
        """
        if not isinstance(dropped.exc_value, Signalled):
            self.hook(dropped)
        elif not self.over:
            self.lost = True
            _thread.start_new_thread(self._send_again, ())

    def end(self) -> None:
        """Let no signal of ours come any more: whoever goes on would take it for one of their own."""
        with self._sending:
            self.over = True

    def stop(self) -> None:
        """Stop what still runs."""
        for runner in self.runners:
            runner.stop()

    def _send_again(self) -> None:
        time.sleep(AGAIN_SECONDS)
        with self._sending:
            if self.lost and not self.over:
                os.kill(os.getpid(), self.first)

    def _kill_later(self) -> None:
        time.sleep(GRACE_SECONDS)
        self._kill()

    def _kill(self) -> None:
        for runner in tuple(self.runners):
            runner.kill()


def _is_swallowed(frame: FrameType | None) -> bool:
    """Whether an exception would be lost: Python drops those of the functions by which `logging` follows a fork.

    The lock of `logging` would stay locked, too.
    """
    while frame is not None:
        if frame.f_code.co_name in _AROUND_FORK and frame.f_globals.get("__name__") == "logging":
            return True
        frame = frame.f_back
    return False


def _send_again(number: int) -> None:
    time.sleep(AGAIN_SECONDS)
    os.kill(os.getpid(), number)


class _Current(threading.local):
    scope: _Scope | None = None


_current = _Current()


def watch(runner: Stoppable) -> None:
    """Let the signals of the run that this thread is in stop a runner; outside of a run nothing happens."""
    if _current.scope is not None:
        _current.scope.runners.append(runner)


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP end what runs inside: commands are stopped, and `Interrupted` is raised.

    Its exit status is 128 and the signal's number. The handlers before are put back at the end. Handlers that are not
    Python's own stay in place, as do ignored signals; outside the main thread none are installed. A run in a run is
    part of it.
    """
    if _current.scope is not None:
        yield
        return
    scope = _current.scope = _Scope()
    replaced = _install(scope)
    hook = scope.dropped  # a bound method is a new object each time
    sys.unraisablehook = hook
    try:
        yield
        if scope.lost:
            raise Signalled
    except KeyboardInterrupt:
        scope.stop()
        raise _interrupted(scope, "interrupted") from None
    except Interrupted as error:
        raise _interrupted(scope, error.message) from None
    except BuildxTasksError as error:
        scope.stop()
        if not scope.first:
            raise
        # The exception of the handler was dropped, see `dropped`. What the run was waiting for has been stopped all
        # the same, and its failure is no news.
        failures = f"{error.message}\n" if isinstance(error, WorkFailed) else ""
        raise _interrupted(scope, f"{failures}interrupted") from None
    except BaseException:
        scope.stop()
        raise
    finally:
        scope.end()
        scope.wakeup.end()
        for number in replaced:
            signal.signal(number, DEFAULTS[number])
        if sys.unraisablehook is hook:
            sys.unraisablehook = scope.hook
        _current.scope = None
        if scope.late and not scope.first:
            os.kill(os.getpid(), scope.late)  # it came as we left, and is for whoever goes on


def _install(scope: _Scope) -> list[signal.Signals]:
    if threading.current_thread() is not threading.main_thread():
        return []
    ours = [number for number, default in DEFAULTS.items() if signal.getsignal(number) == default]
    for number in ours:
        signal.signal(number, scope.handle)
    scope.wakeup.start(ours)
    return ours


def _interrupted(scope: _Scope, message: str) -> Interrupted:
    number = scope.first or signal.SIGINT
    by = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
    error = Interrupted(f"interrupted{by}".join(message.rsplit("interrupted", 1)))  # failures are told before it
    error.exit_code = 128 + number
    return error
