"""The board, as a terminal shows it."""

from __future__ import annotations

import io

import pyte
import pytest

from buildx_tasks.reporting.board import Board, Doing

COLUMNS, LINES = 60, 12


class Terminal(io.StringIO):
    """Shows what is written to it, as a terminal does that turns line ends into new lines."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.reader = pyte.Stream(self.screen)

    def write(self, text: str) -> int:
        self.reader.feed(text.replace("\n", "\r\n"))
        return len(text)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display if row.strip()]


class Seen:
    def __init__(self) -> None:
        self.terminal = Terminal()
        self.now = 100.0
        self.board = Board(self.terminal, clock=lambda: self.now, size=lambda: (COLUMNS, LINES))


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_running_builds_are_rows_and_ended_ones_lines_above(seen: Seen) -> None:
    board = seen.board
    board.message("Starting build...\n")
    board.begin("web", ["Building [web]..."])
    board.begin("backend", ["Building [backend]..."])
    seen.now += 1
    board.write("web", "#9 [build 2/4] RUN make\n#9 0.3 cc -c a.c\n")
    seen.now += 1.5
    board.write("backend", "#5 exporting to image\n")
    assert seen.terminal.rows == [
        "Starting build...",
        "   2.5 s  web      [build 2/4] RUN make: cc -c a.c",
        "   2.5 s  backend  exporting to image",
    ]
    board.end("web", "Build [web] succeeded")
    board.message("a hook speaks")
    assert seen.terminal.rows == [
        "Starting build...",
        "Build [web] succeeded (2.5 s)",
        "a hook speaks",
        "   2.5 s  backend  exporting to image",
    ]
    board.end("left-out", "")
    board.close()
    board.message("the end\n")
    assert seen.terminal.rows[-2:] == ["a hook speaks", "the end"]


def test_no_row_is_wider_than_the_terminal_and_there_are_not_too_many(seen: Seen) -> None:
    for number in range(15):
        seen.board.begin(f"service-{number}", [])
        seen.now += 1
        seen.board.write(f"service-{number}", "#9 [2/2] RUN \u4f60\u597d " + "x" * 200 + "\n")
    rows = seen.terminal.rows
    assert len(rows) == LINES - 3
    assert rows[-1] == "         and 7 more"
    seen.board.close()
    assert seen.terminal.rows == []


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("#9 [build 2/4] RUN make\n", "[build 2/4] RUN make"),
        ("#9 [build 2/4] RUN make\n#9 0.3 cc -c a.c\n#9 DONE 0.3s\n", "[build 2/4] RUN make: cc -c a.c"),
        ("#9 [a 2/2] RUN x\n#8 [b 2/2] RUN y\n#9 0.3 one\n", "[a 2/2] RUN x: one"),
        ("#9 [a 2/2] RUN x\n#9 0.3 10%\r20%\r\n#9 0.4 \n", "[a 2/2] RUN x: 20%"),
        (f"#9 [2/2] RUN {'x' * 90}\n#9 0.3 said\n", f"[2/2] RUN {'x' * 29}…: said"),
        ("#9 exporting to image\n#9 exporting layers 0.0s done\n", "exporting to image"),
        ("#9 importing cache manifest from r/app:cache\n", "importing cache manifest from r/app:cache"),
        ("#9 pushing layers 0.2s done\n#7 0.1 of nobody\n", ""),
        ("Step 1/2 : FROM busybox\n", "Step 1/2 : FROM busybox"),
        ("\x1b[31mred\x1b[0m\x1b[2Aup\n", "redup"),
        ("\n", ""),
    ],
)
def test_doing(text: str, doing: str) -> None:
    said = Doing()
    said.feed(text)
    assert said.text == doing
