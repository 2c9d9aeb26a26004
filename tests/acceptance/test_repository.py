"""What the README promises of the repository is what CI runs."""

import re
from pathlib import Path

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
