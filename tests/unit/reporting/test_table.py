"""Tables: what needs no folding is laid out as rich would, without it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from buildx_tasks.reporting import table
from buildx_tasks.reporting.table import table_text

HEADINGS = ("ARTIFACT", "TAG")
ROWS = (("app", "v1"), ("a-longer-name", ""), ("", "reg.example/app:v1"), ("x",))


@pytest.mark.parametrize("headings", [(), HEADINGS])
@pytest.mark.parametrize("width", [0, 33, 34, 80])
def test_it_is_as_rich_lays_it_out(headings: tuple[str, ...], width: int) -> None:
    assert table_text(ROWS, headings=headings, width=width) == table._laid_out(ROWS, headings, width)


def test_a_cell_folds_where_the_terminal_ends() -> None:
    assert table_text([("app", "123456789")], width=10) == "app  12345\n     6789\n"
    assert table_text([("app", "123456789")], width=14) == "app  123456789\n"


def test_wide_characters_and_lines_in_a_cell_keep_their_columns() -> None:
    assert table_text([("日本", "a"), ("abcde", "b")]) == "日本   a\nabcde  b\n"
    assert table_text([("a\nb", "c")]) == "a  c\nb\n"


def test_no_rows_are_no_lines() -> None:
    assert table_text([]) == ""
    assert table_text([], headings=HEADINGS) == "ARTIFACT  TAG\n"


def test_rich_is_not_loaded_for_a_file_or_a_pipe() -> None:
    code = (
        "import sys; from buildx_tasks.reporting.table import table_text; table_text([('a', 'b')]); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "buildx_tasks.reporting.table" in done.stdout.split()
    assert "rich" not in done.stdout.split()
