"""The board, as a terminal shows it."""

from __future__ import annotations

import io
import threading

import pyte
import pytest

from buildx_tasks.reporting.board import Board

COLUMNS, LINES = 60, 12


class Terminal(io.StringIO):
    """Shows what is written to it, as a terminal does that turns line ends into new lines."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, lines)
        self.reader = pyte.Stream(self.screen)
        self.wrote = ""

    def write(self, text: str) -> int:
        self.wrote += text
        self.reader.feed(text.replace("\n", "\r\n"))
        return len(text)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display if row.strip()]


class Seen:
    def __init__(self, columns: int = COLUMNS, lines: int = LINES) -> None:
        self.terminal = Terminal(columns, lines)
        self.now = 100.0
        size = (columns, lines)
        self.board = Board(self.terminal, clock=lambda: self.now, size=size, refreshing=False)

    def rows(self) -> list[str]:
        self.board.live.refresh()
        return self.terminal.rows


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
    assert seen.rows() == [
        "Starting build...",
        "   2.5 s  web      [build 2/4] RUN make: cc -c a.c",
        "   2.5 s  backend  exporting to image",
    ]
    board.end("web", "Build [web] succeeded (2.5 s)")
    board.message("a hook speaks")
    assert seen.rows() == [
        "Starting build...",
        "Build [web] succeeded (2.5 s)",
        "a hook speaks",
        "   2.5 s  backend  exporting to image",
    ]
    board.end("left-out", "")
    board.close()
    board.message("the end\n")
    assert seen.terminal.rows[-2:] == ["a hook speaks", "the end"]
    assert not seen.terminal.screen.cursor.hidden


@pytest.mark.parametrize("columns", [24, 60, 200])
def test_no_row_is_wider_than_the_terminal_and_there_are_not_too_many(columns: int) -> None:
    seen = Seen(columns)
    for number in range(15):
        seen.board.begin(f"service-{number}", [])
        seen.now += 1
        seen.board.write(f"service-{number}", "#9 [2/2] RUN \u4f60\u597d " + "x" * 200 + "\n")
    rows = seen.rows()
    assert len(rows) == LINES - 3
    assert rows[0].startswith("  15.0 s  servic")
    assert rows[-1].split() == ["and", "7", "more"]
    seen.board.close()
    assert seen.terminal.rows == []


def test_an_image_name_that_is_too_long_leaves_room_for_what_is_done() -> None:
    seen = Seen(40)
    seen.board.begin("registry.example.com/" + "team/" * 9 + "app", [])
    seen.board.write("registry.example.com/" + "team/" * 9 + "app", "#9 [2/2] RUN make\n")
    (row,) = seen.rows()
    assert row == "   0.0 s  …/team/team/team/app  [2/2] R…"


def test_long_lines_above_stay_whole_and_codes_that_move_the_cursor_are_left_out(seen: Seen) -> None:
    seen.board.begin("web", [])
    seen.board.message("x" * 130 + "\n\x1b[31mred\x1b[0m\x1b[2A up\n[not] a [b]mark[/b]\n")
    assert "".join(seen.rows()[:3]) == "x" * 130
    assert seen.rows()[3:] == ["red up", "[not] a [b]mark[/b]", "   0.0 s  web"]
    assert "\x1b[31mred" in seen.terminal.wrote


class Refusing(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [Refusing(), Gone()])
def test_a_terminal_that_takes_nothing_ends_no_build(stream: io.StringIO) -> None:
    board = Board(stream, size=(80, 24))
    board.begin("web", [])
    board.message("text\n")
    board.end("web", "done")
    board.close()


def test_a_board_draws_itself_and_stops_with_the_run() -> None:
    terminal = Terminal(80, 24)
    board = Board(terminal, size=(80, 24))
    board.begin("web", [])
    board.write("web", "#9 [2/2] RUN make\n")
    shown = threading.Event()
    for _ in range(100):
        if "RUN make" in terminal.wrote:
            shown.set()
            break
        shown.wait(0.05)
    assert shown.is_set()
    before = threading.active_count()
    board.close()
    for _ in range(100):
        if threading.active_count() < before:
            break
        shown.clear()
        shown.wait(0.05)
    assert threading.active_count() < before
