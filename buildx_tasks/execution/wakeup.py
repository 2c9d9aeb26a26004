"""Lets the main thread notice a signal that the system gave to another thread.

Python runs handlers in the main thread. When it waits for a lock there (another thread's result) and the system gives
a signal to one of the other threads, as macOS does and newer Linux kernels do, nothing wakes it: Ctrl-C would have no
effect until the build ends. So a thread listens for signals, and repeats to the main thread what that has not noticed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Collection
from functools import cache

NOTICE_SECONDS = 0.05
REPEATED_SECONDS = 0.3
"""A signal within this time after another one counts as the same."""


_listening: list[WakeUp] = []


class WakeUp:
    """Listens for signals from `start` to `end`, both in the main thread. A handler says that it runs: `noticed`."""

    def __init__(self) -> None:
        self._noticed = 0.0
        self._writing = -1
        self._listener: threading.Thread | None = None

    def start(self, numbers: Collection[int]) -> None:
        """Begin with these signals, unless the program around us listens itself, as an event loop does."""
        if not numbers:
            return
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        if before != -1:
            signal.set_wakeup_fd(before)
            os.close(reading)
            os.close(writing)
            return
        _forget_in_forks()
        self._writing = writing
        _listening.append(self)
        self._listener = threading.Thread(
            target=self._listen, args=(reading, frozenset(numbers)), name="buildx-tasks-signals", daemon=True
        )
        self._listener.start()

    def end(self) -> None:
        """Listen no more."""
        if self._listener is None:
            return
        signal.set_wakeup_fd(-1)
        _listening.remove(self)
        os.close(self._writing)
        self._listener.join()
        self._listener = None

    def noticed(self) -> bool:
        """Note that a handler runs; whether it is for a signal that none ran for yet."""
        before, self._noticed = self._noticed, time.monotonic()
        return self._noticed - before > REPEATED_SECONDS

    def _listen(self, reading: int, numbers: frozenset[int]) -> None:
        main = threading.main_thread().ident
        assert main is not None
        try:
            while said := os.read(reading, 64):
                wanted = numbers.intersection(said)
                time.sleep(NOTICE_SECONDS)
                if wanted and time.monotonic() - self._noticed > REPEATED_SECONDS:
                    with contextlib.suppress(ProcessLookupError):
                        signal.pthread_kill(main, min(wanted))
        finally:
            os.close(reading)


@cache
def _forget_in_forks() -> None:
    """Let a fork, which has our end of the pipe until it executes a program, say nothing of signals of its own."""

    def forget() -> None:
        if _listening:
            signal.set_wakeup_fd(-1)

    os.register_at_fork(after_in_child=forget)
