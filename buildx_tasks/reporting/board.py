"""A board of running builds on a terminal, and a line above it for each that is over."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from buildx_tasks.reporting.layout import put

TICK_SECONDS = 0.5
CLEAR_BELOW = "\x1b[J"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
NAME_WIDTH = 40
FRAME_SECONDS = 0.05
ROWS_LEFT = 3
"""How many rows of the terminal a board leaves to what stands above it."""
_NAME = re.compile(r"#(\d+) (\[.*|exporting (?:to|cache) .*|importing .*)")
_LOG = re.compile(r"#(\d+) \d+\.\d+ (.*)")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x1f\x7f]")


class Doing:
    """What a build is doing, as its plain output tells: the step that spoke last, and what it said."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.text = ""

    def feed(self, text: str) -> None:
        """Read one or more lines of output; those that are no log of BuildKit's are shown as they are."""
        for line in text.split("\n"):
            if match := _NAME.match(line):
                self.text = self.names[match[1]] = _shown(match[2])
            elif match := _LOG.match(line):
                if match[1] in self.names and (said := _shown(match[2])):
                    self.text = f"{_short(self.names[match[1]])}: {said}"
            elif line.strip() and not line.startswith("#"):
                self.text = _shown(line)


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1].rstrip()}…"


def _shown(text: str) -> str:
    """Text that can't move the cursor; of one that was written over, what is left."""
    return _CONTROL.sub("", text.rstrip("\r").rpartition("\r")[2]).strip()


@dataclass(slots=True)
class _Row:
    begun: float
    doing: Doing


class Board:
    """A row for each running build on the last lines of a terminal, and a line above for each that is over."""

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Callable[[], float] = time.monotonic,
        size: Callable[[], tuple[int, int]] = shutil.get_terminal_size,
    ) -> None:
        self.stream = stream
        self.clock = clock
        self.size = size
        self.rows: dict[str, _Row] = {}
        self.drawn = 0
        self.shown = float("-inf")
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.ticking: threading.Thread | None = None

    def begin(self, image: str, heading: Sequence[str]) -> None:
        """A new row."""
        del heading
        with self.lock:
            self.rows[image] = _Row(self.clock(), Doing())
            self._draw("")
            if self.ticking is None:
                self.ticking = threading.Thread(target=self._tick, daemon=True)
                self.ticking.start()

    def write(self, image: str, text: str) -> None:
        """What the build is doing now."""
        with self.lock:
            if image in self.rows:
                self.rows[image].doing.feed(text)
                self._draw_soon()

    def end(self, image: str, line: str) -> None:
        """The row goes, the line stays."""
        with self.lock:
            row = self.rows.pop(image, None)
            took = f" ({self.clock() - row.begun:.1f} s)" if row else ""
            self._draw(f"{line}{took}\n" if line else "")

    def message(self, text: str) -> None:
        """Above the rows."""
        with self.lock:
            self._draw(text if text.endswith("\n") or not text else f"{text}\n")

    def close(self) -> None:
        """All rows go."""
        self.closed.set()
        with self.lock:
            self.rows.clear()
            self._draw("")

    def _tick(self) -> None:
        while not self.closed.wait(TICK_SECONDS):
            with self.lock:
                self._draw("")

    def _draw_soon(self) -> None:
        """Draw, unless that was just done: a build may print a thousand lines a second, and the next tick shows it."""
        if self.clock() - self.shown >= FRAME_SECONDS:
            self._draw("")

    def _draw(self, above: str) -> None:
        """Take the rows away, write what stays, and draw the rows anew: in one piece, so that nothing flickers."""
        back = f"\x1b[{self.drawn}F" if self.drawn else ""
        columns, lines = self.size()
        now = self.shown = self.clock()
        width = max((len(image) for image in self.rows), default=0)
        rows = [f"{now - row.begun:6.1f} s  {image:{width}}  {row.doing.text}" for image, row in self.rows.items()]
        shown = rows[: max(1, lines - ROWS_LEFT)]
        if len(shown) < len(rows):
            shown[-1] = f"         and {len(rows) - len(shown) + 1} more"
        self.drawn = len(shown)
        board = "".join(f"{row[: columns - 1].rstrip()}\n" for row in shown)
        board = f"{NO_WRAP}{board}{WRAP}" if board else ""
        if back or above or board:
            put(self.stream, f"{back}{CLEAR_BELOW if back else ''}{above}{board}")
