"""The generated pages say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from buildx_tasks.model.settings import KEYS

ROOT = Path(__file__).parents[2]


def test_the_generated_pages_are_fresh() -> None:
    command = [sys.executable, "-m", "invoke", "docs.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_is_described_and_placed() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE) == [*KEYS, *KEYS]


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for target in re.findall(r"\]\(([\w./-]+\.md)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
