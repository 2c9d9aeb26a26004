"""Flow style: what stands between brackets is edited between its commas, or written anew on one line."""

from __future__ import annotations

import re

from buildx_tasks.document.yaml.edits.base import EditBase
from buildx_tasks.document.yaml.edits.layout import Layout, Span, Text, block_column, true_end
from buildx_tasks.document.yaml.edits.lines import ANY_BREAK, guessed_column
from buildx_tasks.document.yaml.nodes import Mapping, Scalar
from buildx_tasks.document.yaml.render import scalar
from buildx_tasks.document.yaml.source import key_text
from buildx_tasks.document.yaml.texttree import Tree
from buildx_tasks.document.yaml.tree import Child, Leaf, Loose, Map, Merge, Seq, Value

_INDENT = re.compile("(?:\r\n|[\r\n\x85\u2028\u2029])[ \t]*$")


class FlowWriter(EditBase):
    """Writes values in flow style; comments that find no place there are hoisted."""

    def __init__(self, text: Text, tree: Tree, end: int) -> None:
        super().__init__(text, tree, end)
        root = tree.root.source
        key, value = root.pairs[0] if isinstance(root, Mapping) and root.flow and root.pairs else (None, None)
        is_json = isinstance(key, Scalar) and key.style == '"'
        self.quote = '"' if is_json else ""
        """The quote of new keys and strings: a JSON file stays one."""
        compact = is_json and key and value and text.text[key.end.index : value.start.index] == ":"
        self.blank = "" if compact else " "
        """What follows colons and commas: nothing in a JSON file that has no blanks."""
        self.indent = 0
        """How deep the line is indented that is being written."""

    def is_flow(self, value: Map | Seq) -> bool:
        """Whether a container goes on in flow style: it was, and something of it is left (or nothing new came)."""
        if value.source is None or not value.source.flow:
            return False
        if not value.opened or not len(value):
            return True
        return any(child.home is not None or child.value.copied for child in value.real())

    def flow_value(self, value: Value, style: str = "") -> str:
        """A value as flow text; `style` is the quote that a new string prefers."""
        if alias := self.alias(value):
            return alias
        if isinstance(value, Leaf):
            return self._flow_leaf(value, style)
        if value.origin is not None and value.origin.node.flow and self.is_flow(value):
            node = value.origin.node
            if not value.touched and not self.has_alias(node):
                self.register(node)
                return self.text.text[node.start.index : node.end.index]
            layout = self.layout(value.origin)
            if layout.compact:
                return self._edited(value, layout)
        return self._fresh(value)

    def own_text(self, value: Leaf) -> str:
        """The text of a scalar; a copy leaves the anchor behind."""
        source = value.source
        assert source is not None
        start, end = source.start.index, source.end.index
        if value.copied and source.anchor:
            start = min(self.text.skip(self.text.skip_properties(start)), end)
        elif not value.copied:
            self.register(source)
        return self.text.text[start:end]

    def block_leaf(self, value: Leaf, column: int, style: str) -> str:
        """A scalar as text behind a key or dash at `column`."""
        source = value.source
        if source is None:
            return scalar(value.value, style)
        text = self.own_text(value)
        if source.start.line == source.end.line:
            return text
        if source.style in ("|", ">"):
            cut = source.end.index - true_end(self.text, source, 0)
            lines = text[: len(text) - cut] if cut > 0 else text
            home = block_column(self.text, value.within) if value.within is not None else guessed_column(source, lines)
            return self.shift(lines, column - home)
        first, *more = ANY_BREAK.split(text)
        indent = " " * (column + 2)
        return self.text.newline.join([first, *(indent + line.lstrip(" \t") if line.strip() else "" for line in more)])

    def key(self, child: Child) -> str:
        """The key of a child as text, in the quotes it had unless they were needed for what it was."""
        node = child.key_node
        if not isinstance(node, Scalar):
            return scalar(child.key, self.quote)
        if not node.anchor and key_text(node) == child.key:
            return self.text.text[node.start.index : node.end.index]
        by_choice = node.style in ("'", '"') and scalar(node.value) == node.value
        return scalar(child.key, node.style if by_choice else self.quote)

    def style_of(self, child: Child) -> str:
        """The quote that a replaced scalar had."""
        old = child.lost[0] if child.lost else None
        style = old.source.style if isinstance(old, Leaf) and old.source is not None else ""
        return style if style in ("'", '"') else self.quote

    def _flow_leaf(self, value: Leaf, style: str) -> str:
        source = value.source
        if source is None:
            return scalar(value.value, style or self.quote)
        # A merge may have brought a block scalar into a flow mapping.
        flowing = value.within is not None and value.within.flow and source.style not in ("|", ">")
        single = source.start.line == source.end.line
        if flowing or (single and source.style in ("'", '"')):
            return self.own_text(value)
        if not isinstance(value.value, str):
            return self.own_text(value) or "null"
        if single and not source.style and scalar(source.value) == source.value:
            return self.own_text(value)
        self.hoisted += self.inner_comments(value)
        return scalar(value.value, '"')

    def _edited(self, value: Map | Seq, layout: Layout) -> str:
        """A container of the text: kept children where they were, with separators and comments."""
        assert value.source is not None
        text = self.text.text
        if value.source.anchor:
            self.anchors[value.source.anchor] = value.source
        parts: list[tuple[str, str]] = []
        for child in self.visible(value):
            if isinstance(child, Loose):
                self.hoisted += self.comments(child)
            elif child.home is not None and child.home[0] is value.origin:
                _, span = self.place(child)
                before = self._before(layout, span, first=not parts)
                parts.append((before + self._kept_part(child, span, value), text[span.inner + 1 : span.end]))
            elif isinstance(child, Child):
                separator = self._separator(layout, first=not parts)
                outside, self.indent = self.indent, len(separator.lstrip("\r\n")) if len(separator) > 1 else self.indent
                parts.append((separator + self.flow_child(child, isinstance(value, Seq)), ""))
                self.indent = outside
        trailing = bool(layout.spans) and text[layout.spans[-1].inner : layout.spans[-1].end][:1] == ","
        joined = "".join(
            part + ("," if trailing or at + 1 < len(parts) else "") + rest for at, (part, rest) in enumerate(parts)
        )
        closing = text[layout.spans[-1].end if layout.spans else layout.begin : layout.end]
        opening = text[value.source.start.index : layout.spans[0].lead if layout.spans else layout.begin]
        return opening + joined + closing

    def _kept_part(self, child: Child | Merge, span: Span, box: Map | Seq) -> str:
        text = self.text.text
        if isinstance(child, Merge):
            self.register(child.key_node)
            self.register(child.node)
            return text[span.start : span.inner]
        self.hoisted += self.orphans(child)
        node = self.home_value(child)
        key = text[span.start : span.colon]
        if isinstance(box, Seq):
            key = ""
        elif child.key_node is not None and key_text(child.key_node) != child.key:
            key = (
                text[span.start : child.key_node.start.index]
                + self.key(child)
                + text[child.key_node.end.index : span.colon]
            )
        elif child.key_node is not None:
            self.register(child.key_node)
        between = text[span.colon : node.start.index] if not isinstance(box, Seq) else ""
        value = self.flow_value(child.value, self.style_of(child))
        if value and key and not between:
            between = ": " if not key.endswith(":") else "" if key.endswith(('":', "':")) else " "
        return key + between + value + text[span.stop : span.inner]

    def _before(self, layout: Layout, span: Span, *, first: bool) -> str:
        """The blanks and comments in front of a kept child; a new first one stands where the old one stood."""
        before = self.text.text[span.lead : span.start]
        if first and span is not layout.spans[0] and "#" not in before:
            opening = self.text.text[layout.spans[0].lead : layout.spans[0].start]
            return opening if "#" not in opening else before
        return before

    def _separator(self, layout: Layout, *, first: bool) -> str:
        """The blanks in front of a new child: a line of its own where its neighbours have one."""
        for span in layout.spans:
            match = _INDENT.search(self.text.text, span.lead, span.start)
            if match is not None:
                return match.group()
        return "" if first else self.blank

    def flow_child(self, child: Child, in_seq: bool) -> str:
        """A child that is new here, as flow text; the comments it had are hoisted."""
        above, behind = self.outer_comments(child)
        self.hoisted += above + behind
        value = self.moved(child, self.flow_value(child.value, self.style_of(child)))
        return value if in_seq else f"{self.key(child)}:{self.blank}{value}"

    def moved(self, child: Child, value: str) -> str:
        """The flow text of a child from elsewhere, its further lines as deep as the line that is being written."""
        if child.home is None or not isinstance(child.value, (Map, Seq)) or child.value.origin is None:
            return value
        start = self.text.line_start(self.place(child)[1].start)
        line = self.text.text[start : self.text.line_end(start)]
        return self.shift(value, self.indent - (len(line) - len(line.lstrip(" "))))

    def _fresh(self, value: Map | Seq) -> str:
        parts: list[str] = []
        for child in self.visible(value):
            if isinstance(child, Child):
                parts.append(self.flow_child(child, isinstance(value, Seq)))
            else:
                self.hoisted += self.comments(child)
        self.hoisted += self.own_comments(value)
        joined = f",{self.blank}".join(parts)
        return f"{{{joined}}}" if isinstance(value, Map) else f"[{joined}]"
