"""Fixtures of the tests that go through the tasks."""

import os
import sys
from pathlib import Path

import pytest
from recording import Here

# The soak and the benchmarks are not shipped: they are imported from the checkout, behind everything installed.
ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

# Tests that need a record from outside of this repository do not exist where there is none: see tests/README.md.
collect_ignore_glob = [
    pattern
    for variable, pattern in (
        ("BUILDX_TASKS_CORPUS", "test_corpus_*.py"),
        ("BUILDX_TASKS_SCHEMA_FIELDS", "test_schema_fields.py"),
    )
    if not os.environ.get(variable)
]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs tasks in this process, each in its own project and environment."""
    return Here(monkeypatch, capsys)
