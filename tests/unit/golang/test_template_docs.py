"""The page about templates names every function, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from buildx_tasks.golang.template.sprig import SPRIG

PAGE = Path(__file__).parents[3] / "docs/templates.md"


def test_the_page_names_every_function() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Functions\n")
    tables = "\n".join(line for line in section.splitlines() if line.startswith(("|", "Go's own")))
    assert set(re.findall(r"`(\w+)`", tables)) == set(SPRIG)
