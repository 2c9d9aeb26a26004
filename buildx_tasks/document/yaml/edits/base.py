"""What every part of an edit stands on: layouts, comments, anchors, and shifting lines."""

from __future__ import annotations

import re

from buildx_tasks.document.yaml.edits.layout import Layout, Span, Text, child_at, children, is_block, lay_out
from buildx_tasks.document.yaml.nodes import Alias, Mapping, Node, Sequence, resolve
from buildx_tasks.document.yaml.texttree import Tree
from buildx_tasks.document.yaml.tree import Box, Child, Leaf, Loose, Map, Merge, Origin, Seq, Value, plain

_LINE = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029])?")


class EditBase:
    """One document of a text that becomes what its tree now says."""

    def __init__(self, text: Text, tree: Tree, end: int) -> None:
        self.text = text
        self.tree = tree
        self.end = end
        self.anchors: dict[str, Node] = {}
        """The anchors written so far: an alias can stand only behind its anchor."""
        self.hoisted: list[str] = []
        """Comments that can't stand where they are written now; the nearest block child takes them above it."""
        self._layouts: dict[int, Layout] = {}
        self._anchored: set[int] = set()
        self._aliased: set[int] = set()
        assert tree.root.source is not None
        self._mark(tree.root.source)

    def layout(self, origin: Origin) -> Layout:
        """How a container lies in the text, found out once."""
        found = self._layouts.get(id(origin.node))
        if found is None:
            if origin.parent is None:
                found = lay_out(self.text, origin.node, -1, self.end)
            else:
                around = self.layout(origin.parent).spans[origin.index]
                found = lay_out(self.text, origin.node, around.prefix, around.inner)
            self._layouts[id(origin.node)] = found
        return found

    def place(self, child: Child | Merge) -> tuple[Layout, Span]:
        """Where a child that has a home stands in the text."""
        assert child.home is not None
        origin, at = child.home
        layout = self.layout(origin)
        return layout, layout.spans[at]

    # --- anchors and aliases

    def _mark(self, node: Node) -> tuple[bool, bool]:
        """Collect the nodes whose text holds an anchor, and those whose text holds an alias."""
        aliased = isinstance(node, Alias)
        anchored = not isinstance(node, Alias) and bool(node.anchor)
        if isinstance(node, (Mapping, Sequence)):
            for pair in children(node):
                for part in pair:
                    if part is not None:
                        inside = self._mark(part)
                        anchored, aliased = anchored or inside[0], aliased or inside[1]
        if anchored:
            self._anchored.add(id(node))
        if aliased:
            self._aliased.add(id(node))
        return anchored, aliased

    def has_alias(self, node: Node) -> bool:
        """Whether an alias stands in the text of a node."""
        return id(node) in self._aliased

    def register(self, node: Node) -> None:
        """Note the anchors of a node whose text is written as it is."""
        if id(node) not in self._anchored:
            return
        if not isinstance(node, Alias) and node.anchor:
            self.anchors[node.anchor] = node
        if isinstance(node, (Mapping, Sequence)):
            for pair in children(node):
                for part in pair:
                    if part is not None:
                        self.register(part)

    def aliases_stand(self, node: Node) -> bool:
        """Whether all aliases in a node's text would name, if written here, what they name in the text."""
        if not self.has_alias(node):
            return True
        if isinstance(node, Alias):
            return self.anchors.get(node.name) is node.target
        if isinstance(node, (Mapping, Sequence)):
            return all(self.aliases_stand(part) for pair in children(node) for part in pair if part is not None)
        return True

    def keeps_alias(self, value: Value) -> bool:
        """Whether an alias can be written here and still give this value."""
        alias = value.via
        if alias is None or self.anchors.get(alias.name) is not alias.target:
            return False
        if isinstance(value, Leaf):
            return True
        now = self.tree.definitions.get(id(alias.target))
        if not value.touched and (now is None or isinstance(now, Leaf) or not now.touched):
            return True
        return bool(plain(value) == plain(self.final(alias.target)))

    def alias(self, value: Value) -> str:
        """The alias to write for a value, "" when it has to be written out.

        What was moved into a value that an alias still gives is written where its anchor is: only comments are left.
        """
        if value.via is None or not self.keeps_alias(value):
            return ""
        self.hoisted += self.inner_comments(value)
        return f"*{value.via.name}"

    def final(self, node: Node) -> Value:
        """What an anchored node of the text has become."""
        target = resolve(node)
        found = self.tree.definitions.get(id(target))
        return found if found is not None else self.tree.quote(target)

    def keeps_merges(self, box: Map) -> bool:
        """Whether the ``<<`` of a map still bring in just what they should."""
        merges = [child for child in box.children if isinstance(child, Merge)]
        if box.copied or not all(self.aliases_stand(merge.node) for merge in merges):
            return False
        own = {child.key for child in box.real() if not child.merged}
        wanted: dict[str, object] = {}
        for merge in merges:
            for source in _sources(merge.node):
                value = self.final(source)
                for child in value.real() if isinstance(value, Map) else ():
                    if child.key not in own:
                        wanted.setdefault(child.key, plain(child.value))
        return wanted == {child.key: plain(child.value) for child in box.real() if child.merged}

    def visible(self, box: Map | Seq) -> list[Child | Loose | Merge]:
        """The children to write: a ``<<`` that stands or else what it brought in, never both."""
        found = box.children
        if not any(isinstance(child, Merge) for child in found):
            return found
        assert isinstance(box, Map)
        if self.keeps_merges(box):
            for child in box.real():
                if child.merged:
                    self.hoisted += self.inner_comments(child.value)
            return [child for child in found if not (isinstance(child, Child) and child.merged)]
        return [Loose(child) if isinstance(child, Merge) else child for child in found]

    # --- comments

    def comments(self, child: Child | Loose | Merge) -> list[str]:
        """All comments that would go with a child if it went."""
        if isinstance(child, Loose):
            return self.comments(child.child)
        inside = [] if isinstance(child, Merge) else self.inner_comments(child.value)
        above, behind = self.outer_comments(child)
        return above + inside + behind

    def outer_comments(self, child: Child | Merge) -> tuple[list[str], list[str]]:
        """The comments above a child and beside its key, and those behind its value."""
        above = self.orphans(child) if isinstance(child, Child) else []
        if child.home is None:
            return above, []
        _, span = self.place(child)
        text = self.text
        node = child.node if isinstance(child, Merge) else self.home_value(child)
        if not (isinstance(child, Child) and child.bare):
            above = text.comments(span.lead, span.start) + above
        if is_block(node):
            opened = min(text.line_end(span.prefix - 1), text.skip(span.prefix))
            return above + text.comments(span.colon, max(span.colon, opened)), text.comments(span.inner, span.end)
        return above + text.comments(span.colon, node.start.index), text.comments(span.stop, span.end)

    def orphans(self, child: Child) -> list[str]:
        """The comments of what a child replaced or took its value from."""
        found = [comment for value in child.lost for comment in self.inner_comments(value)]
        for other in child.left:
            above, behind = self.outer_comments(other)
            found += above + behind
        return found

    def inner_comments(self, value: Value) -> list[str]:
        """The comments inside a value, of what is still there."""
        if isinstance(value, Leaf):
            if value.copied or value.source is None or value.source.style not in ("|", ">"):
                return []
            start = value.source.start.index
            return self.text.comments(start, self.text.line_end(start))
        if value.copied and not value.opened:
            return []
        found = [] if value.source is None and not value.opened else self._children_comments(value)
        return found + self.own_comments(value)

    def own_comments(self, box: Box) -> list[str]:
        """The comments of a container of the text that are none of its children's."""
        if box.origin is None:
            return []
        layout = self.layout(box.origin)
        if not layout.spans:
            return self.text.comments(layout.begin, layout.end)
        first = layout.spans[0].lead
        return self.text.comments(min(layout.begin, first), first) + self.text.comments(layout.tail, layout.end)

    def _children_comments(self, box: Box) -> list[str]:
        return [comment for child in box.children for comment in self.comments(child)]

    def home_value(self, child: Child) -> Node:
        """The node that a child had as its value in the text."""
        assert child.home is not None
        origin, at = child.home
        return child_at(origin.node, at)[1]

    # --- lines

    def shift(self, text: str, delta: int, *, first: bool = False) -> str:
        """Move lines right or left; the first one only on demand, as it is placed by what is around it."""
        if not delta:
            return text
        lines = _LINE.findall(text)
        return "".join(line if at == 0 and not first else _shifted(line, delta) for at, line in enumerate(lines))

    def comment_lines(self, comments: list[str], column: int) -> str:
        """Comments as lines at a column."""
        return "".join(f"{' ' * column}{comment}{self.text.newline}" for comment in comments)


def _shifted(line: str, delta: int) -> str:
    if not line.strip("\r\n\x85\u2028\u2029"):
        return line
    if delta > 0:
        return " " * delta + line
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(-delta, blanks) :]


def _sources(node: Node) -> list[Node]:
    target = resolve(node)
    if isinstance(target, Sequence):
        return [source for item in target.items for source in _sources(item)]
    return [node]
