"""Pieces of whole lines, and what can be read from lines: breaks, blank ones, how deep they are indented."""

from __future__ import annotations

import re
from collections import deque
from typing import NamedTuple

from buildx_tasks.document.yaml.edits.layout import Text, block_column, children, is_block
from buildx_tasks.document.yaml.nodes import Mapping, Scalar, Sequence

BREAKS = "\r\n\x85\u2028\u2029"
BREAK = "(?:\r\n|\r(?!\n)|[\n\x85\u2028\u2029])"
BLANK_LINES = re.compile(f"(?:[ \t]*{BREAK})+")
BLOCK_SCALAR = re.compile(f"(?:[&!][^ \t]*[ \t]+)*[|>][-+0-9]*[ \t]*(?:#.*)?{BREAK}")
ANY_BREAK = re.compile(BREAK)


class Piece(NamedTuple):
    """The lines above a child, complete; and its own, of which the first has no indentation yet."""

    lead: str
    main: str


class Body(NamedTuple):
    """A value behind its key: what follows on the line, and what stands below at `column`."""

    inline: str
    below: list[Piece]
    column: int


def comments_within(text: str, column: int) -> str:
    """`text` with its comments indented by `column` spaces at most."""
    return re.sub(f"(?:^|(?<=[{BREAKS}]))( {{{column}}}) +(?=#)", r"\1", text)


def without_blanks(lines: str) -> str:
    """The lines without blank ones at the top."""
    match = BLANK_LINES.match(lines)
    return lines[match.end() :] if match else lines


def guessed_column(source: Scalar, lines: str) -> int:
    """The column of the key or dash that a block scalar belonged to, from how deep its content is."""
    header, *content = ANY_BREAK.split(lines)
    first = next((line for line in content if line.strip()), "")
    wanted = next((line for line in source.value.split("\n") if line.strip()), "")
    indent = len(first) - len(first.lstrip(" ")) - (len(wanted) - len(wanted.lstrip(" ")))
    digits = [int(char) for char in header.split("#")[0] if char.isdigit()]
    return indent - (digits[-1] if digits else 2)


def indents(text: Text, root: Mapping | Sequence) -> tuple[int, int]:
    """How deep the first nested map and the first nested list of a document are indented."""
    step = seq_step = -1
    queue: deque[Mapping | Sequence] = deque([root])
    while queue and (step < 0 or seq_step < 0):
        node = queue.popleft()
        if not is_block(node):
            continue
        column = block_column(text, node)
        for key, value in children(node):
            if not isinstance(value, (Mapping, Sequence)) or not is_block(value):
                continue
            queue.append(value)
            deeper = block_column(text, value) - column
            if key is not None and isinstance(value, Mapping) and step < 0:
                step = deeper
            elif key is not None and isinstance(value, Sequence) and seq_step < 0:
                seq_step = deeper
    return max(step, 1) if step > 0 else 2, max(seq_step, 0)
