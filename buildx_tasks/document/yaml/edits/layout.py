"""Which lines of a text belong to which entry: its comments above, its body, what trails it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from buildx_tasks.document.yaml.nodes import Alias, Mapping, Node, Scalar, Sequence

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_GAP = re.compile("(?:[ \t\r\n\x85\u2028\u2029]|#[^\r\n\x85\u2028\u2029]*)*")
_COMMENT = re.compile("(?<![^ \t\r\n\x85\u2028\u2029,\\[{\\]}\"'])#[^\r\n\x85\u2028\u2029]*")
_PROPERTY = re.compile("[&!][^ \t\r\n\x85\u2028\u2029]*")


class Text:
    """A text and its lines; `newline` and `step` are how it breaks lines and how deep it indents."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _BREAK.finditer(text))]
        first = _BREAK.search(text)
        self.newline = first.group() if first else "\n"

    def line_of(self, index: int) -> int:
        """The number, from 0, of the line that holds a character."""
        return bisect_right(self.starts, index) - 1

    def line_start(self, index: int) -> int:
        """Where the line begins that holds a character."""
        return self.starts[self.line_of(index)]

    def line_end(self, index: int) -> int:
        """Where the next line begins."""
        line = self.line_of(index) + 1
        return self.starts[line] if line < len(self.starts) else len(self.text)

    def column(self, index: int) -> int:
        """How many characters stand before this one on its line."""
        return index - self.line_start(index)

    def skip(self, index: int) -> int:
        """The next character, from here on, that is neither blank nor comment."""
        match = _GAP.match(self.text, index)
        return match.end() if match else index

    def skip_properties(self, index: int) -> int:
        """Behind the anchor and the tag that begin here or after blanks; `index` itself when there are none."""
        while (match := _PROPERTY.match(self.text, self.skip(index))) is not None:
            index = match.end()
        return index

    def comments(self, start: int, end: int) -> list[str]:
        """The comments of a stretch that holds no scalars."""
        return [match.group().rstrip() for match in _COMMENT.finditer(self.text, start, end)]

    def lines(self, first: int, last: int) -> list[Comment | None]:
        """The comment of each of these lines, None for a blank line."""
        found: list[Comment | None] = []
        for line in range(first, last):
            start = self.starts[line]
            end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
            content = self.text[start:end].strip(" \t\r\n\x85\u2028\u2029")
            item = content.lstrip("# \t").startswith("-")
            found.append(Comment(self.text.index(content, start) - start, item) if content else None)
        return found


class Comment(NamedTuple):
    """A comment line: its column, and whether it looks like a list item put out of use."""

    column: int
    item: bool

    def outside(self, column: int, dashes: bool) -> bool:
        """Whether it stands outside what is at `column`; `dashes` says that items stand there."""
        return self.column < column or (self.column == column and not (dashes and self.item))


@dataclass(frozen=True, slots=True)
class Span:
    """One child of a container, as indexes into the text.

    `lead` begins the comments and blank lines above it, `start` its key, ``?`` or ``-``; `prefix` is behind
    its ``:`` or ``-`` and the properties of its value; `stop` is behind its last character. `inner` ends the
    region of a block value; in flow style it is the comma behind the child, if any. `end` begins the next child.
    """

    lead: int
    start: int
    colon: int
    prefix: int
    stop: int
    inner: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a container lies in the text: `begin` is its first line (in flow style behind the bracket).

    `compact` says that the first child stands on the line that opens the container, as in ``- key: value``.
    """

    flow: bool
    column: int
    begin: int
    end: int
    compact: bool
    spans: list[Span]

    @property
    def tail(self) -> int:
        """Where the lines begin that are behind the last child but not its own."""
        return self.spans[-1].end if self.spans else self.end


def is_block(node: Node) -> bool:
    """Whether a node is a container in block style."""
    return isinstance(node, (Mapping, Sequence)) and not node.flow


def lay_out(text: Text, node: Mapping | Sequence, prefix: int, end: int) -> Layout:
    """The layout of a container that may reach as far as `end`.

    `prefix` is behind what opens it (the colon or dash and its properties); -1 for the root.
    """
    return _flow(text, node) if node.flow else _block(text, node, prefix, end)


def children(node: Mapping | Sequence) -> Iterator[tuple[Node | None, Node]]:
    """The keys (None in a list) and values of a container."""
    return iter(node.pairs) if isinstance(node, Mapping) else ((None, item) for item in node.items)


def child_at(node: Mapping | Sequence, at: int) -> tuple[Node | None, Node]:
    """The key and value at a position."""
    return node.pairs[at] if isinstance(node, Mapping) else (None, node.items[at])


def _block(text: Text, node: Mapping | Sequence, prefix: int, end: int) -> Layout:
    parts = []
    at = prefix if prefix >= 0 else text.skip_properties(node.start.index)
    for key, value in children(node):
        start = text.skip(at)
        colon = _colon(text, key, start)
        at = true_end(text, value, colon)
        parts.append((start, colon, at))
    first = parts[0][0]
    column = text.column(first)
    compact = prefix > 0 and text.line_of(first) == text.line_of(prefix - 1)
    begin = first if compact else text.line_end(prefix - 1) if prefix > 0 else text.line_start(first)
    spans: list[Span] = []
    lead = begin
    for number, ((start, colon, stop), (_, value)) in enumerate(zip(parts, children(node), strict=True)):
        # An item's dash may stand in the column of its key: then a comment there is an item put out of use.
        dashes = isinstance(value, Sequence) and is_block(value) and block_column(text, value) == column
        following = parts[number + 1][0] if number + 1 < len(parts) else None
        limit = _split(text, stop, following, end, column, dashes)
        inner = _inner(text, value, stop, limit, dashes) if is_block(value) else stop
        spans.append(Span(lead, start, colon, text.skip_properties(colon), stop, inner, limit))
        lead = limit
    return Layout(False, column, begin, end, compact, spans)


def _colon(text: Text, key: Node | None, start: int) -> int:
    """Behind the ``-``, or behind the ``:`` of a key; behind the key itself when it has none."""
    if key is None:
        return start + 1
    at = text.skip(key.end.index)
    return at + 1 if text.text[at : at + 1] == ":" else key.end.index


def true_end(text: Text, node: Node, colon: int) -> int:
    """Behind the last character of a value whose key or dash ends at `colon`."""
    while is_block(node):
        assert isinstance(node, (Mapping, Sequence))
        key, last = child_at(node, -1)
        colon = _colon(text, key, 0) if key is not None else last.start.index
        node = last
    if isinstance(node, Scalar) and node.style in ("|", ">"):
        return _block_scalar_end(text.text, node)
    if node.start.index == node.end.index:
        return colon if isinstance(node, Scalar) else node.end.index
    return node.end.index


def last_leaf(node: Node) -> Node:
    """The scalar, alias or flow container that a block ends with."""
    while is_block(node):
        assert isinstance(node, (Mapping, Sequence))
        node = child_at(node, -1)[1]
    return node


def _block_scalar_end(text: str, node: Scalar) -> int:
    """Behind the last line that counts, without its break: blank lines count only for the + indicator."""
    content = text[node.start.index : node.end.index]
    header = content.split("#")[0].splitlines()[0]
    if "+" not in header:
        content = content.rstrip(" \t\r\n\x85\u2028\u2029")
        end = node.start.index + len(content)
        rest = _BREAK.search(text, end)
        return rest.start() if rest else len(text)
    for ending in ("\r\n", "\n", "\r", "\x85", "\u2028", "\u2029"):
        if content.endswith(ending):
            return node.end.index - len(ending)
    return node.end.index


def _split(text: Text, stop: int, following: int | None, end: int, column: int, dashes: bool) -> int:
    """Where a child ends that is followed by a sister at `following`, or by the end of its container.

    Comments deeper than `column` are inside the child. Others belong to what follows, unless they stand directly
    behind the child and a blank line comes before its sister.
    """
    first = text.line_of(stop) + 1
    last = text.line_of(end if following is None else following)
    if following is None and text.starts[last] < end:
        last += 1
    lines = text.lines(first, last)
    own = next((at for at, line in enumerate(lines) if line is not None and line.outside(column, dashes)), None)
    if own is None:
        own = len(lines)
    elif following is not None:
        run = own
        while run < len(lines) and lines[run] is not None:
            run += 1
        if run < len(lines) and (own == 0 or lines[own - 1] is not None):
            return text.starts[first + run]
    while own > 0 and lines[own - 1] is None:
        own -= 1
    return min(text.starts[first + own], end) if first + own < len(text.starts) else end


def _inner(text: Text, value: Node, stop: int, end: int, dashes: bool) -> int:
    """Where the lines that belong to the inside of a block value end."""
    column = block_column(text, value)
    first = text.line_of(stop) + 1
    last = text.line_of(end) + (text.starts[text.line_of(end)] < end)
    lines = text.lines(first, last)
    outer = next((at for at, line in enumerate(lines) if line is not None and line.outside(column - 1, False)), None)
    if dashes:
        outer = next((at for at, line in enumerate(lines) if line is not None and line.outside(column, True)), None)
    if outer is None:
        return end
    while outer > 0 and lines[outer - 1] is None:
        outer -= 1
    return text.starts[first + outer]


def block_column(text: Text, node: Node) -> int:
    """The column of a block container's keys or dashes."""
    start = node.start.index
    if isinstance(node, (Mapping, Sequence)) and (node.anchor or node.tag):
        start = text.skip(text.skip_properties(start))
    return text.column(start)


def _flow(text: Text, node: Mapping | Sequence) -> Layout:
    opening = text.skip(text.skip_properties(node.start.index)) if node.anchor or node.tag else node.start.index
    bare = text.text[opening : opening + 1] not in ("{", "[")
    begin = opening if bare else opening + 1
    spans: list[Span] = []
    at = begin if bare else _behind_comment(text, begin)
    for key, value in children(node):
        start = text.skip(at)
        colon = _colon(text, key, start) if key is not None else start
        stop = value.end.index
        if isinstance(value, Scalar) and value.start.index == value.end.index:
            stop = colon
        comma = text.skip(stop)
        end = stop
        if text.text[comma : comma + 1] == "," and not bare:
            end = _behind_comment(text, comma + 1)
        else:
            comma = stop
        prefix = text.skip_properties(colon) if not isinstance(value, Alias) else colon
        spans.append(Span(at, start, colon, prefix, stop, comma, end))
        at = end
    return Layout(True, 0, begin, node.end.index, not bare, spans)


def _behind_comment(text: Text, index: int) -> int:
    """Behind a comment that follows on the same line, else `index` itself."""
    match = _COMMENT.search(text.text, index, text.line_end(index))
    return match.end() if match is not None and not text.text[index : match.start()].strip(" \t") else index


def document_end(text: Text, node: Node, limit: int) -> int:
    """Where the lines of a document end: at a marker line, or at `limit`."""
    line = text.line_of(true_end(text, node, node.end.index)) + 1
    while line < len(text.starts) and text.starts[line] < limit:
        if text.text.startswith(("---", "..."), text.starts[line]):
            return text.starts[line]
        line += 1
    return limit
