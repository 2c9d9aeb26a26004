"""Tables, laid out by rich: as wide as they need to be, or as wide as a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

UNBOUNDED = 100_000


def table_text(rows: Sequence[Sequence[str]], *, headings: Sequence[str] = (), width: int = 0) -> str:
    """Rows of text cells, two blanks between columns; cells fold where a terminal's `width` (0 for none) ends."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(headings))
    for name in headings or [""] * max(map(len, rows), default=0):
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    stream = io.StringIO()
    Console(file=stream, width=width or UNBOUNDED, color_system=None, force_terminal=False, emoji=False).print(table)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
