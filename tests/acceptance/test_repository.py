"""What the README promises of the repository is what CI runs."""

import os
import re
from pathlib import Path

import pytest

import buildx_tasks

ROOT = Path(__file__).parents[2]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^\$ (.*nox -s tests)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text()


def test_ci_runs_every_session_that_checks_something() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    for session in ("lint", "types", "minimums", "build"):
        assert session in script
        assert f"def {session}(" in (ROOT / "noxfile.py").read_text()


@pytest.mark.skipif("BUILDX_TASKS_WHEEL" not in os.environ, reason="only where the built wheel is to be tested")
def test_the_wheel_is_tested_and_not_the_checkout() -> None:
    assert not Path(buildx_tasks.__file__).is_relative_to(ROOT / "buildx_tasks")
