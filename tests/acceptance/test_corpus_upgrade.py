"""The upgrade held against what Skaffold's own does with thousands of configs, where that record is at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")


@pytest.mark.parametrize("part", ["history", "fields"])
def test_as_skaffold_upgrades(part: str) -> None:
    check = [sys.executable, str(CORPUS / "check.py"), "--only", part, "--show", "3"]
    done = subprocess.run(check, capture_output=True, text=True, check=True)
    rows = [line for line in done.stdout.splitlines() if line.startswith(("upgrade", "fields"))]
    assert len(rows) == (4 if part == "history" else 2)
    assert [row for row in rows if not row.endswith("= 1.0000")] == [], done.stdout
