"""Skaffold's own upgrade of thousands of configs is the measure; collected only with $BUILDX_TASKS_CORPUS."""

from __future__ import annotations

import subprocess
import sys

import pytest
from corpus_support import corpus_file


@pytest.mark.parametrize("part", ["history", "fields"])
def test_as_skaffold_upgrades(part: str) -> None:
    check = [sys.executable, str(corpus_file("check.py")), "--only", part, "--show", "3"]
    done = subprocess.run(check, capture_output=True, text=True, check=True)
    rows = [line for line in done.stdout.splitlines() if line.startswith(("upgrade", "fields"))]
    assert len(rows) == (4 if part == "history" else 2)
    assert [row for row in rows if not row.endswith("= 1.0000")] == [], done.stdout
