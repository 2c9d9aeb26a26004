"""Fixtures of the tests that go through the tasks."""

import pytest
from recording import Here


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Runs tasks in this process, each in its own project and environment."""
    return Here(monkeypatch, capsys)
