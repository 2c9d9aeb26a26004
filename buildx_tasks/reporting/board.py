"""A row for each running build on the last lines of a terminal, drawn by rich; finished builds scroll away above."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO, cast

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from buildx_tasks.reporting.doing import Doing
from buildx_tasks.reporting.log import put
from buildx_tasks.reporting.paint import HEAD

FRAMES_PER_SECOND = 8
TIME_WIDTH = 8
ROWS_LEFT = 3
"""How many rows of the terminal a board leaves to what is above it."""


@dataclass(slots=True)
class _Row:
    begun: float
    doing: Doing


class _Sink:
    """A stream for rich that loses what a full disk or a terminal that is gone refuses, and never ends a build."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        with contextlib.suppress(BrokenPipeError):
            put(self.stream, text)
        return len(text)

    def flush(self) -> None:
        """Each piece is flushed as it is written."""

    def isatty(self) -> bool:
        return True


class Board:
    """A layout (see `log.LogLayout`) for a terminal."""

    def __init__(
        self,
        stream: TextIO,
        *,
        colour: bool = True,
        clock: Callable[[], float] = time.monotonic,
        size: tuple[int, int] | None = None,
        refreshing: bool = True,
    ) -> None:
        """`size` (columns, lines) is the terminal's own unless given; a board that is `refreshing` draws itself."""
        columns, lines = size or (None, None)
        self.console = Console(
            file=cast("TextIO", _Sink(stream)),
            force_terminal=True,
            force_interactive=True,
            color_system="truecolor",
            no_color=not colour,
            highlight=False,
            width=columns,
            height=lines,
        )
        self.clock = clock
        self.rows: dict[str, _Row] = {}
        self.lock = threading.Lock()
        self.live = Live(
            console=self.console,
            get_renderable=self._table,
            auto_refresh=refreshing,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            # What is printed to standard error on the same terminal would be drawn over.
            redirect_stderr=refreshing and bool(sys.stderr) and sys.stderr.isatty(),
        )

    def begin(self, image: str, heading: Sequence[str]) -> None:
        """A new row."""
        del heading
        with self.lock:
            self.rows[image] = _Row(self.clock(), Doing())
        self.live.start()

    def write(self, image: str, text: str) -> None:
        """What the build is doing now; the next frame shows it."""
        with self.lock:
            if image in self.rows:
                self.rows[image].doing.feed(text)

    def end(self, image: str, line: str) -> None:
        """The row goes, the line stays."""
        with self.lock:
            self.rows.pop(image, None)
        self.message(f"{line}\n" if line else "")

    def message(self, text: str) -> None:
        """Above the rows."""
        for line in text.removesuffix("\n").split("\n") if text else ():
            self.console.print(Text.from_ansi(line), soft_wrap=True)

    def close(self) -> None:
        """All rows go."""
        with self.lock:
            self.rows.clear()
        self.live.stop()

    def _table(self) -> Table:
        """The rows of this moment: time, image, what it is doing; one line each, as many as the terminal has."""
        with self.lock:
            now = self.clock()
            rows = [(f"{now - row.begun:.1f} s", image, row.doing.text) for image, row in self.rows.items()]
        width, height = self.console.size
        most = max(1, height - ROWS_LEFT)
        hidden = len(rows) - most + 1 if len(rows) > most else 0
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(justify="right", no_wrap=True, min_width=TIME_WIDTH)
        longest = max((len(image) for _took, image, _text in rows), default=0)
        name_width = min(longest, width // 2)
        table.add_column(no_wrap=True, width=name_width, style=HEAD)
        table.add_column(no_wrap=True, ratio=1)
        for took, image, text in rows[: len(rows) - hidden]:
            table.add_row(took, Text(_end_of(image, name_width)), Text(text))
        if hidden:
            table.add_row("", Text(f"and {hidden} more"))
        return table


def _end_of(image: str, width: int) -> str:
    """An image name in so many columns: its end says more than its registry."""
    return image if len(image) <= width else f"…{image[len(image) - width + 1 :]}"
