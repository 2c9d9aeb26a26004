"""Block style: every child is a piece of whole lines, cut from the text, shifted, or written anew."""

from __future__ import annotations

from buildx_tasks.document.yaml.edits.flow import FlowWriter
from buildx_tasks.document.yaml.edits.layout import Layout, Span, Text, child_at, is_block, last_leaf
from buildx_tasks.document.yaml.edits.lines import (
    ANY_BREAK,
    BLANK_LINES,
    BLOCK_SCALAR,
    BREAKS,
    Body,
    Piece,
    comments_within,
    indents,
    without_blanks,
)
from buildx_tasks.document.yaml.nodes import Alias, Mapping, Node, Scalar
from buildx_tasks.document.yaml.source import key_text
from buildx_tasks.document.yaml.texttree import Tree
from buildx_tasks.document.yaml.tree import Box, Child, Leaf, Loose, Map, Merge, Origin, Seq, Value

Homes = list[tuple[Origin, int] | None]


class BlockWriter(FlowWriter):
    """Writes one document; what has not changed comes out byte for byte."""

    def __init__(self, text: Text, tree: Tree, end: int) -> None:
        super().__init__(text, tree, end)
        assert tree.root.source is not None
        self.step, self.seq_step = indents(text, tree.root.source)

    def document(self) -> tuple[int, int, str]:
        """The stretch of the text to replace, and by what."""
        root = self.tree.root
        assert root.origin is not None
        layout = self.layout(root.origin)
        if not layout.flow:
            return layout.begin, layout.end, self.joined(self.pieces(root, layout.column), layout.column)
        start = root.origin.node.start.index
        new = self.flow_value(root)
        above = self.comment_lines(self.hoisted, 0)
        if above and self.text.column(start):
            above = self.text.newline + above
        return start, layout.end, above + new

    def joined(self, pieces: list[Piece], column: int) -> str:
        """The lines of pieces whose own ones begin at a column."""
        return "".join(lead + (" " * column + self.closed(main) if main else "") for lead, main in pieces)

    def closed(self, lines: str) -> str:
        """The lines with a break at the end, which the last one of a file may lack."""
        return lines if not lines or lines[-1] in BREAKS else lines + self.text.newline

    def pieces(self, box: Map | Seq, column: int) -> list[Piece]:
        """All children at a column; blank lines stay between them but not above the first."""
        visible = self.visible(box)
        found: list[Piece] = []
        for child in visible:
            if isinstance(child, Loose):
                found.append(Piece(self.comment_lines(self.comments(child), column), ""))
            elif isinstance(child, Merge):
                found.append(self._merge(child, column))
            else:
                found.append(self.piece(child, column, isinstance(box, Seq)))
        if visible and not self._is_first(visible[0], box):
            found[0] = Piece(without_blanks(found[0].lead), found[0].main)
        for at in range(1, len(found) - 1):
            new = visible[at]
            if isinstance(new, Child) and new.home is None and BLANK_LINES.match(found[at + 1].lead):
                found[at] = Piece(self.text.newline + found[at].lead, found[at].main)
        homes: Homes = [None if isinstance(child, Loose) else child.home for child in visible]
        if box.origin is not None:
            layout = self.layout(box.origin)
            found.append(Piece(self._tail(box, layout, column), ""))
            homes.append((box.origin, len(layout.spans)))
        return self._parted(visible, homes, found, column)

    def _parted(
        self, visible: list[Child | Loose | Merge], homes: Homes, found: list[Piece], column: int
    ) -> list[Piece]:
        """Keep lines apart from a block scalar that has come in front of them and would read them as its own.

        That is blank lines, for one that keeps them, and for any one comments that are indented as far as its text.
        """
        for at, child in enumerate(visible[: len(found) - 1]):
            end = self._open_end(child.value) if isinstance(child, Child) else None
            if end is None:
                continue
            here, following = homes[at], homes[at + 1]
            if (
                here is None
                or following != (here[0], here[1] + 1)
                or last_leaf(child_at(here[0].node, here[1])[1]) is not end
            ):
                self._part(end, found, at + 1, column)
        return found

    def _part(self, end: Scalar, found: list[Piece], at: int, column: int) -> None:
        """Keep the lines from piece `at` on apart from a block scalar in front of them; empty ones part nothing."""
        for number in range(at, len(found)):
            lead, main = found[number]
            lead = comments_within(lead, column)
            found[number] = Piece(without_blanks(lead) if self._keeps_blanks(end) else lead, main)
            if found[number].lead or main:
                return

    def _open_end(self, value: Value) -> Scalar | None:
        """The block scalar that a value ends with."""
        while isinstance(value, (Map, Seq)) and len(value):
            value = value.real()[-1].value
        source = value.source
        return source if isinstance(source, Scalar) and source.style in ("|", ">") else None

    def _keeps_blanks(self, scalar: Scalar) -> bool:
        """Whether blank lines behind a block scalar would be read as its own."""
        start = scalar.start.index
        return "+" in self.text.text[start : self.text.line_end(start)].split("#")[0]

    def _tail(self, box: Box, layout: Layout, column: int) -> str:
        """The lines behind the last child that belong to the container alone."""
        if layout.flow:
            return self.comment_lines(self.own_comments(box), column)
        return self.shift(self.text.text[layout.tail : layout.end], column - layout.column, first=True)

    def _is_first(self, child: Child | Loose | Merge, box: Map | Seq) -> bool:
        home = None if isinstance(child, Loose) else child.home
        return home is not None and home[0] is box.origin and home[1] == 0

    def _merge(self, merge: Merge, column: int) -> Piece:
        layout, span = self.place(merge)
        delta = column - layout.column
        self.register(merge.node)
        return Piece(self._lead(layout, span, delta), self.shift(self.text.text[span.start : span.end], delta))

    def piece(self, child: Child, column: int, in_seq: bool) -> Piece:
        """One child with its comments, at a column."""
        outside, self.hoisted = self.hoisted, []
        self.indent = column
        if child.home is None:
            lead, main = self._new(child, column, in_seq)
        elif self.place(child)[0].flow:
            lead, main = self._from_flow(child, column, in_seq)
        else:
            lead, main = self._kept(child, column, in_seq)
        lead += self.comment_lines(self.hoisted, column)
        self.hoisted = outside
        return Piece(lead, main)

    def _new(self, child: Child, column: int, in_seq: bool) -> Piece:
        self.hoisted += self.orphans(child)
        lead = ""
        if child.above is not None and child.above.home is not None:
            layout, span = self.place(child.above)
            if not layout.flow:
                lead = self._lead(layout, span, column - layout.column)
        head = "-" if in_seq else f"{self.key(child)}:"
        return self._assembled(lead, head, self.body(child, column, in_seq), "", "", column, in_seq)

    def _from_flow(self, child: Child, column: int, in_seq: bool) -> Piece:
        above, behind = self.outer_comments(child)
        lead = self.comment_lines(above + behind, column)
        head = "-" if in_seq else f"{self.key(child)}:"
        return self._assembled(lead, head, self.body(child, column, in_seq), "", "", column, in_seq)

    def _kept(self, child: Child, column: int, in_seq: bool) -> Piece:
        """A child of a block of the text: as much as possible of its own lines."""
        layout, span = self.place(child)
        delta = column - layout.column
        lead = "" if child.bare else self._lead(layout, span, delta)
        node = self.home_value(child)
        text = self.text.text
        self.hoisted += self.orphans(child)
        assert child.home is not None
        turned = in_seq == isinstance(child.home[0].node, Mapping)
        head = ("-" if in_seq else f"{self.key(child)}:") if turned else self._head(child, span, in_seq)
        head = self.shift(head, delta)
        value = child.value
        if not turned and self._is_here(value, node):
            if self._is_clean(value, node) or (isinstance(value, Leaf) and not isinstance(node, Alias)):
                self.register(node)
                return Piece(lead, head + self.shift(text[span.colon : span.end], delta))
            if isinstance(node, Alias):
                if self.alias(value):
                    return Piece(lead, head + text[span.colon : span.end])
            elif is_block(node):
                return self._opened(child, lead, head, span, delta)
            elif isinstance(value, Box) and self.is_flow(value):
                new = text[span.colon : node.start.index] + self.flow_value(value) + text[span.stop : span.end]
                return Piece(lead, head + self.shift(new, delta))
        eol, foot = self._rest(span, node)
        if not is_block(node):
            self.hoisted += self.text.comments(span.colon, node.start.index)
        body = self.body(child, column, in_seq)
        return self._assembled(lead, head, body, eol, self.shift(foot, delta, first=True), column, in_seq)

    def _is_here(self, value: Value, node: Node) -> bool:
        """Whether a value is the one that the text has at this place."""
        return value.via is node if isinstance(node, Alias) else value.source is node and not value.copied

    def _is_clean(self, value: Value, node: Node) -> bool:
        """Whether a value can be written as it stands in the text."""
        return (
            not isinstance(node, Alias) and not self.has_alias(node) and not (isinstance(value, Box) and value.touched)
        )

    def _opened(self, child: Child, lead: str, head: str, span: Span, delta: int) -> Piece:
        """A block of the text with changes somewhere inside."""
        value = child.value
        assert isinstance(value, (Map, Seq))
        assert value.origin is not None
        source = value.origin.node
        text = self.text.text
        layout = self.layout(value.origin)
        if source.anchor:
            self.anchors[source.anchor] = source
        below = self.pieces(value, layout.column + delta)
        foot = self.shift(text[span.inner : span.end], delta, first=True)
        if any(piece.main for piece in below):
            opening = text[span.colon : layout.begin]
            if layout.compact:
                above, main = self._compact(below, layout.column + delta, layout.column - self.text.column(span.start))
                return Piece(lead + above, self._footed(head + opening + main, foot))
            main = head + self.shift(opening, delta) + self.joined(below, layout.column + delta)
            return Piece(lead, self._footed(main, foot))
        eol, _ = self._rest(span, source)
        empty = "{}" if isinstance(value, Map) else "[]"
        body = Body(f"{text[span.colon : span.prefix].strip()} {empty}".strip(), below, layout.column + delta)
        return self._assembled(lead, head, body, eol, foot, 0, False)

    def body(self, child: Child, column: int, in_seq: bool) -> Body:
        """The value of a child whose key or dash stands at `column`, written for a new place."""
        value = child.value
        if alias := self.alias(value):
            return Body(alias, [], column)
        if isinstance(value, Leaf):
            return Body(self.block_leaf(value, column, self.style_of(child)), [], column)
        if self.is_flow(value):
            return Body(self.moved(child, self.flow_value(value)), [], column)
        properties = ""
        if value.source is not None and value.source.anchor and not value.copied:
            properties = f"&{value.source.anchor}"
            self.anchors[value.source.anchor] = value.source
        inner = column + (2 if in_seq else self.step if isinstance(value, Map) else self.seq_step)
        below = self.pieces(value, inner)
        if not any(piece.main for piece in below):
            properties = f"{properties} {'{}' if isinstance(value, Map) else '[]'}".strip()
        return Body(properties, below, inner)

    def _assembled(self, lead: str, head: str, body: Body, eol: str, foot: str, column: int, in_seq: bool) -> Piece:
        """A child from its parts: key or dash, value, the rest of the line, the lines below, what trails."""
        if in_seq and not body.inline and any(piece.main for piece in body.below):
            above, main = self._compact(body.below, body.column, body.column - column)
            if eol.strip():
                first = self.closed(next(piece.main for piece in body.below if piece.main))
                if "#" in first or len(ANY_BREAK.findall(first)) > 1:
                    above += self.comment_lines([eol.strip()], column)
                else:
                    main = first.rstrip(BREAKS) + self.closed(eol) + main[len(first) :]
            return Piece(lead + above, self._footed(f"{head} {main}", foot))
        line = f"{head} {body.inline}" if body.inline else head
        if BLOCK_SCALAR.match(body.inline):
            # What follows a block scalar and is indented as far as its text would be read as its own.
            foot = without_blanks(comments_within(foot, column))
            if eol.strip():
                lead += self.comment_lines([eol.strip()], column)
                eol = ""
        line += self.closed(eol) or self.text.newline
        return Piece(lead, self._footed(line + self.joined(body.below, body.column), foot))

    def _compact(self, below: list[Piece], column: int, depth: int) -> tuple[str, str]:
        """Pieces whose first line continues a dash: what stood above it goes above the dash."""
        at = next(number for number, piece in enumerate(below) if piece.main)
        above = "".join(without_blanks(self.shift(piece.lead, -depth, first=True)) for piece in below[: at + 1])
        return above, self.closed(below[at].main) + self.joined(below[at + 1 :], column)

    def _footed(self, main: str, foot: str) -> str:
        return self.closed(main) + foot if foot else main

    def _lead(self, layout: Layout, span: Span, delta: int) -> str:
        if layout.compact and span is layout.spans[0]:
            return ""
        return self.shift(self.text.text[span.lead : self.text.line_start(span.start)], delta, first=True)

    def _head(self, child: Child, span: Span, in_seq: bool) -> str:
        """The key with its colon as the text has it, but for its name."""
        text = self.text.text
        node = child.key_node
        if in_seq or node is None:
            return text[span.start : span.colon]
        if key_text(node) == child.key:
            self.register(node)
            key = text[span.start : span.colon]
        else:
            key = text[span.start : node.start.index] + self.key(child) + text[node.end.index : span.colon]
        return key if text[span.colon - 1] == ":" else f"{self.key(child)}:"

    def _rest(self, span: Span, node: Node) -> tuple[str, str]:
        """What follows a value on its line, and the lines behind it that are its own."""
        text = self.text
        if not is_block(node):
            end = min(text.line_end(span.stop), span.end)
            return text.text[span.stop : end], text.text[end : span.end]
        opened = text.line_end(span.prefix - 1)
        compact = text.skip(span.prefix) < opened
        return "" if compact else text.text[span.prefix : opened], text.text[span.inner : span.end]
