"""The board as a terminal shows it in the middle of a run: what the reporter writes, read by a terminal, as SVG."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

from buildx_tasks.model.result import BUILT, FAILED, ArtifactResult, Failure
from buildx_tasks.reporting.paint import Painter
from buildx_tasks.reporting.summary import end_line

if TYPE_CHECKING:
    import pyte

COLUMNS, LINES = 92, 16
WIDTH, HEIGHT, MARGIN = 8.0, 18, 16
COLOURS = {"default": "#e6edf3", "green": "#3fb950", "red": "#ff7b72", "brown": "#d29922", "cyan": "#39c5cf"}
"""The colours of the terminal, by the names that pyte gives them."""

ABOVE = (
    "Generating tags...",
    " - base -> localhost:5000/base:4f1c2ab",
    " - api -> localhost:5000/api:4f1c2ab",
    "Starting build...",
    "Building 8 artifacts in parallel, 4 at a time",
)
ENDED = (
    ArtifactResult(image="base", tag="localhost:5000/base:4f1c2ab", status=BUILT, seconds=6.1),
    ArtifactResult(
        image="billing",
        tag="localhost:5000/billing:4f1c2ab",
        status=FAILED,
        seconds=9.8,
        failure=Failure(message="RUN make ended with exit code 2", step="RUN make", place="billing/Dockerfile:6"),
    ),
)
RUNNING = (
    ("api", 3.2, "#7 [build 4/6] RUN pip install -r requirements.txt\n#7 2.1 Collecting urllib3>=2.0\n"),
    ("worker", 8.4, "#9 [build 5/6] RUN make\n#9 7.9 cc -O2 -c queue.c\n"),
    ("web", 12.7, "#12 exporting to image\n"),
    ("reports", 0.6, "#4 importing cache manifest from localhost:5000/reports:cache\n"),
)


def board_picture() -> str:
    """The whole file."""
    return _svg(_screen())


def _screen() -> pyte.Screen:
    """A terminal in which four builds run, and two have ended."""
    import pyte

    from buildx_tasks.reporting.board import Board

    terminal = _Terminal(pyte.Screen(COLUMNS, LINES))
    now = 100.0
    board = Board(terminal, clock=lambda: now, size=(COLUMNS, LINES), refreshing=False)
    painter = Painter(colour=True)
    for line in ABOVE:
        board.message(line)
    for image, seconds, text in RUNNING:
        now = 100.0 - seconds
        board.begin(image, [])
        board.write(image, text)
    now = 100.0
    for result in ENDED:
        board.message(end_line(result, painter, with_cause=True))
    board.live.refresh()
    return terminal.screen


class _Terminal(io.StringIO):
    """What is written to it appears on the screen."""

    def __init__(self, screen: pyte.Screen) -> None:
        import pyte

        super().__init__()
        self.screen = screen
        self.reader: Any = pyte.Stream(screen)

    def write(self, text: str) -> int:
        self.reader.feed(text.replace("\n", "\r\n"))
        return len(text)


def _svg(screen: pyte.Screen) -> str:
    rows = [row for row in range(LINES) if screen.display[row].strip()]
    width, height = int(COLUMNS * WIDTH) + 2 * MARGIN, HEIGHT * (max(rows) + 1) + 2 * MARGIN
    lines = "".join(_line(screen, row) for row in rows)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<title>The board of a run</title>
<desc>Four builds run: each has a row with its time, its name, and what it does. Above them are those that ended.</desc>
<style>text {{ font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; }}</style>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>
{lines}</svg>
"""


def _line(screen: pyte.Screen, row: int) -> str:
    """One row of the screen: a text for each run of characters that look alike, at the columns where they are."""
    texts, at = "", 0
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    while at < COLUMNS:
        end = at
        while end < COLUMNS and (cells[end].fg, cells[end].bold) == (cells[at].fg, cells[at].bold):
            end += 1
        text = "".join(cell.data for cell in cells[at:end]).rstrip()
        if text:
            place = f'x="{MARGIN + at * WIDTH:g}" y="{MARGIN + HEIGHT * row + 13}" textLength="{len(text) * WIDTH:g}"'
            weight = ' style="font-weight:bold"' if cells[at].bold else ""
            texts += f'<text {place}{weight} fill="{COLOURS[cells[at].fg]}">{escape(text)}</text>'
        at = end
    return f"{texts}\n"
