"""The hooks for pre-commit, run by pre-commit itself from this checkout; it installs the package from there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
GOOD = "apiVersion: skaffold/v4beta14\nkind: Config\n"


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    """A repository with what is in this checkout now, also what is not committed yet."""
    target = tmp_path / "hooks"
    names = ("buildx_tasks", "schema", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
    target.mkdir()
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    _git(target, "init", "-q", ".")
    _git(target, "add", "-A")
    _git(target, "commit", "-qm", "hooks")
    return target


def _git(folder: Path, *words: str) -> None:
    subprocess.run(("git", *WHO, *words), cwd=folder, check=True, capture_output=True)


@pytest.mark.timeout(300)
def test_the_hooks_pass_and_fail_as_they_should(hooks: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "skaffold.yaml").write_text(GOOD)
    (project / "skaffold-old.yaml").write_text(GOOD.replace("v4beta14", "v2beta29"))
    (project / "skaffold-bad.yaml").write_text(f"{GOOD}bild: {{}}\n")
    _git(project, "init", "-q", ".")
    _git(project, "add", "-A")
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    environ.pop("PYTHONPATH", None)

    def run(hook: str, *files: str) -> subprocess.CompletedProcess[str]:
        argv = ("pre-commit", "try-repo", str(hooks), hook, "--files", *files)
        return subprocess.run(argv, cwd=project, env=environ, capture_output=True, text=True, check=False)

    done = run("skaffold-validate", "skaffold.yaml", "skaffold-old.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("skaffold-validate", "skaffold.yaml", "skaffold-bad.yaml")
    assert done.returncode == 1
    assert "skaffold-bad.yaml:3:1: " in done.stdout
    assert run("skaffold-upgrade", "skaffold.yaml").returncode == 0
    done = run("skaffold-upgrade", "skaffold.yaml", "skaffold-old.yaml")
    assert done.returncode == 1
    assert "skaffold-old.yaml" in done.stdout
    assert (project / "skaffold-old.yaml").read_text() == GOOD.replace("v4beta14", "v2beta29")
