"""Text in GitHub-flavoured Markdown that is shown as it is, whatever characters it has."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_SPECIAL = re.compile(r"[\\`*\[\]<>()|&~$!\"'@#{}]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)
_FENCE = re.compile(r"`{3,}")


def plain(text: str) -> str:
    """`text` without colours and control characters; tabs and line ends stay."""
    return _CONTROL.sub("", text)


def inline(text: str) -> str:
    """`text` in one line of a paragraph or a table cell; Markdown and HTML have no meaning in it.

    A numeric character reference never counts as Markdown (CommonMark 2.5), also in a table cell.
    """
    return _SPECIAL.sub(lambda char: f"&#{ord(char[0])};", " ".join(plain(text).split()))


def code(text: str) -> str:
    """`text` as code in a line; a code span could have no ``|`` after a backslash in a table."""
    return f"<code>{inline(text)}</code>" if text else ""


def row(cells: Sequence[str]) -> str:
    """A row of a table, of cells in Markdown."""
    return f"| {' | '.join(cells)} |\n"


def table_head(names: Sequence[str]) -> str:
    """The first two lines of a table."""
    return row(names) + row(["---"] * len(names))


def block(text: str) -> str:
    """`text` as a block of code, in a fence that is longer than any in it."""
    text = plain(text).replace("\r", "")
    fence = "`" * max(3, 1 + max((len(found) for found in _FENCE.findall(text)), default=0))
    return f"{fence}text\n{text.rstrip()}\n{fence}\n"


def folded(title: str, content: str) -> str:
    """`content`, itself Markdown, that is shown on a click on its title."""
    return f"<details><summary>{inline(title)}</summary>\n\n{content}\n</details>\n"
