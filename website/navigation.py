"""Which files are pages of the site, and the way to each: the lists of `docs/index.md`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
INDEX = "docs/index.md"
PAGES = ("docs/*.md", "examples/*/README.md", "tests/README.md", "CONTRIBUTING.md", "CHANGELOG.md")
"""Patterns of the files that are pages, from the top of the repository."""


def sections(index: str) -> Mapping[str, Sequence[str]]:
    """The pages that the lists of an index name, by the heading above: paths from the top of the repository.

    A page is the first link of an item (`- [Title](page.md): what is in it`).
    """
    found: dict[str, list[str]] = {}
    for part in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        links = re.findall(r"^[-*] \[[^\]]+\]\(([^)#:]+\.md)\)", text, re.MULTILINE)
        if links:
            found[title.strip()] = [posixpath.normpath(posixpath.join("docs", link)) for link in links]
    return found


def pages(root: Path = ROOT) -> Sequence[str]:
    """All pages but the index."""
    return sorted({path.relative_to(root).as_posix() for pattern in PAGES for path in root.glob(pattern)} - {INDEX})


def problems(root: Path = ROOT) -> Sequence[str]:
    """The pages without a way to them, those with two, and the ways that lead nowhere; one sentence each."""
    listed = [name for names in sections((root / INDEX).read_text(encoding="utf-8")).values() for name in names]
    known = pages(root)
    return [
        *(f"{name} has no way to it: add it to a list of {INDEX}" for name in known if name not in listed),
        *(f"{INDEX} lists {name}, which is not a page" for name in listed if name not in known),
        *(f"{INDEX} lists {name} twice" for name in sorted(set(listed)) if listed.count(name) > 1),
    ]
