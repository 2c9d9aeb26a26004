"""Text edits: a changed tree becomes text again, and every line that no change touches stays as it is."""

from __future__ import annotations

from buildx_tasks.document.yaml.edits.block import BlockWriter
from buildx_tasks.document.yaml.edits.layout import Text
from buildx_tasks.document.yaml.texttree import Tree


def edited(text: Text, tree: Tree, end: int) -> tuple[int, int, str]:
    """The stretch of `text` that a document's tree has changed, as (start, end, new text).

    `end` is where the document ends. New lines end with a break, also where a file lacked its last one.
    """
    return BlockWriter(text, tree, end).document()
