"""Tables: as wide as they need to be, or folded by rich where a terminal ends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

UNBOUNDED = 100_000
GAP = 2
"""Blanks between columns."""


def table_text(rows: Sequence[Sequence[str]], *, headings: Sequence[str] = (), width: int = 0) -> str:
    """Rows of text cells, two blanks between columns; cells fold where a terminal's `width` (0 for none) ends."""
    lines = [headings, *rows] if headings else rows
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    fits = not width or sum(widths) + GAP * (len(widths) - 1) <= width
    if not fits or not all(cell.isascii() and cell.isprintable() for line in lines for cell in line):
        return _laid_out(rows, headings, width)
    gap = " " * GAP
    return "".join(gap.join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines)


def _laid_out(rows: Sequence[Sequence[str]], headings: Sequence[str], width: int) -> str:
    """The table by rich, which folds cells and knows how wide characters are; a thousand rows take it 0.4 s."""
    import io

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=bool(headings))
    for name in headings or [""] * max(map(len, rows), default=0):
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    stream = io.StringIO()
    Console(file=stream, width=width or UNBOUNDED, color_system=None, force_terminal=False, emoji=False).print(table)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
