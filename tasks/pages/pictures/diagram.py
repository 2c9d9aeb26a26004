"""Boxes on a grid with arrows between them, as SVG that follows the light or dark setting of who looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

TITLE = ' class="title"'
HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path class="head" d="M0 0 8 4 0 8z"/></marker>'
)
ROW, GAP_X, GAP_Y, MARGIN = 62, 56, 34, 14
LINE = 17
STYLE = """\
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; text-anchor: middle; }
.title { font-weight: 600; }
.label { font-size: 12px; fill: #59636e; }
.step { fill: #ddf4ff; stroke: #0969da; }
.question { fill: #fff8c5; stroke: #9a6700; }
.result { fill: #dafbe1; stroke: #1a7f37; }
.arrow { fill: none; stroke: #59636e; stroke-width: 1.4; }
.head { fill: #59636e; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .label { fill: #9198a1; }
  .step { fill: #0c2d6b; stroke: #4493f8; }
  .question { fill: #4b2900; stroke: #d29922; }
  .result { fill: #033a16; stroke: #3fb950; }
  .arrow { stroke: #9198a1; }
  .head { fill: #9198a1; }
}
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A box in a column and a row of the grid; `kind` is a class of `STYLE`, `titled` sets its first line in bold."""

    column: int
    row: int
    lines: tuple[str, ...]
    kind: str = "step"
    titled: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another, by their names: along a row, or down."""

    start: str
    end: str
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagram:
    """A picture: `title` and `text` are what is read aloud; `widths` are those of the columns."""

    title: str
    text: str
    widths: Sequence[int]
    boxes: Mapping[str, Box]
    arrows: Sequence[Arrow]

    def svg(self) -> str:
        """The whole file."""
        width = 2 * MARGIN + sum(self.widths) + GAP_X * (len(self.widths) - 1)
        rows = max(box.row for box in self.boxes.values()) + 1
        height = 2 * MARGIN + ROW * rows + GAP_Y * (rows - 1)
        size = f'width="{width}" height="{height}"'
        parts = (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} viewBox="0 0 {width} {height}">',
            f"<title>{escape(self.title)}</title>",
            f"<desc>{escape(self.text)}</desc>",
            f"<style>\n{STYLE}</style>",
            f"<defs>{HEAD}</defs>",
            *(self._arrow(arrow) for arrow in self.arrows),
            *(self._box(box) for box in self.boxes.values()),
            "</svg>",
        )
        return "\n".join(parts) + "\n"

    def _place(self, box: Box) -> tuple[int, int, int]:
        """The left and upper edge of a box, and its width."""
        left = MARGIN + sum(self.widths[: box.column]) + GAP_X * box.column
        return left, MARGIN + (ROW + GAP_Y) * box.row, self.widths[box.column]

    def _box(self, box: Box) -> str:
        left, top, width = self._place(box)
        middle, first = left + width // 2, top + ROW // 2 + 5 - LINE * (len(box.lines) - 1) // 2
        texts = "".join(
            f'<text x="{middle}" y="{first + LINE * at}"{TITLE if box.titled and not at else ""}>{escape(line)}</text>'
            for at, line in enumerate(box.lines)
        )
        return f'<rect class="{box.kind}" x="{left}" y="{top}" width="{width}" height="{ROW}" rx="7"/>{texts}'

    def _arrow(self, arrow: Arrow) -> str:
        start, end = self.boxes[arrow.start], self.boxes[arrow.end]
        left, top, width = self._place(start)
        to_left, to_top, to_width = self._place(end)
        if start.column == end.column:
            x, y, to_x, to_y = left + width // 2, top + ROW, to_left + to_width // 2, to_top
            label = (x + 8, (y + to_y) // 2 + 4, "start")
        elif start.row == end.row:
            right = start.column < end.column
            x, y, to_y = (left + width if right else left), top + ROW // 2, top + ROW // 2
            to_x = to_left if right else to_left + to_width
            label = ((x + to_x) // 2, y - 6, "middle")
        else:
            x, y, to_x, to_y = left + width // 2, top + ROW, to_left + to_width // 2, to_top
            label = ((x + to_x) // 2, (y + to_y) // 2 - 6, "middle")
        bend = f" V{(y + to_y) // 2} H{to_x} V{to_y}" if x != to_x and y != to_y else f" L{to_x} {to_y}"
        path = f'<path class="arrow" d="M{x} {y}{bend}" marker-end="url(#head)"/>'
        if not arrow.label:
            return path
        place = f'x="{label[0]}" y="{label[1]}" style="text-anchor:{label[2]}"'
        return f'{path}<text class="label" {place}>{escape(arrow.label)}</text>'
