"""The pictures: whole files that fetch nothing, and say what is so."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tasks.pages.pictures.diagram import Arrow, Box, Diagram

ROOT = Path(__file__).parents[3]
PICTURES = sorted((ROOT / "docs/pictures").glob("*.svg"))
NAMES = {"svg": "http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_each_is_whole_has_words_for_who_cannot_see_it_and_is_shown_somewhere(picture: Path) -> None:
    root = ET.parse(picture).getroot()
    assert root.findtext("svg:title", namespaces=NAMES)
    assert root.findtext("svg:desc", namespaces=NAMES)
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]
    shown = [re.findall(rf"!\[([^\]]+)\]\((?:docs/)?pictures/{picture.name}\)", page.read_text()) for page in pages]
    assert any(shown)


def test_arrows_go_down_along_and_around_a_corner() -> None:
    boxes = {"a": Box(0, 0, ("a & b",)), "b": Box(1, 0, ("b",)), "c": Box(0, 1, ("c",)), "d": Box(1, 1, ("d",))}
    arrows = (Arrow("a", "b", "yes"), Arrow("a", "c"), Arrow("a", "d"))
    text = Diagram(title="t", text="x", widths=(100, 100), boxes=boxes, arrows=arrows).svg()
    paths = [path.get("d") or "" for path in ET.fromstring(text).findall("svg:path", NAMES)]
    assert [re.sub(r"[\d. ]", "", path) for path in paths] == ["ML", "ML", "MVHV"]
    assert "a &amp; b" in text
