"""What is shipped for tests of a tasks.py, as the tests of a project use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from buildx_tasks.testing import DIGEST, RecordingDocker, TasksFile

EXAMPLE = Path(__file__).parents[2] / "examples" / "compose-tasks"


def test_the_tests_of_the_example_pass(tmp_path: Path) -> None:
    for file in EXAMPLE.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            copy = tmp_path / file.relative_to(EXAMPLE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path}/temp"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_nothing_of_the_users_own_reaches_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKAFFOLD_DEFAULT_REPO", "elsewhere.example")
    monkeypatch.setenv("INVOKE_BUILDX_BUILDER", "other")
    tasks = TasksFile(EXAMPLE, tmp_path / "scratch")
    tasks.docker.environment = ("HOME",)
    done = tasks.run("buildx.plan", "--tag", "v1")
    assert done.code == 0, done.err
    assert "elsewhere.example" not in done.out
    assert {call["env"]["HOME"] for call in tasks.docker.calls} == {str(tmp_path / "scratch" / "home")}


def test_an_invoke_that_fails_is_said(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(AssertionError, match="nothing_of_this_name"):
        _ = TasksFile(tmp_path, tmp_path / "scratch").names


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (RecordingDocker.down, "in the local docker daemon and none answers"),
        (RecordingDocker.without_buildx, "docker buildx is not available"),
        (lambda docker: docker.table.update({"buildx build": (1, "", "ERROR: no space left on device\n")}), "disk"),
    ],
)
def test_engines_can_be_unfit(tmp_path: Path, change: object, said: str) -> None:
    tasks = TasksFile(EXAMPLE, tmp_path / "scratch")
    assert callable(change)
    change(tasks.docker)
    assert said in tasks.run("buildx.build", "--tag", "v1", "--no-push", "--no-cache-artifacts").err


def test_what_is_pushed_has_the_digest(tmp_path: Path) -> None:
    tasks = TasksFile(EXAMPLE, tmp_path / "scratch")
    done = tasks.run("buildx.build", "--tag=v1", "--default-repo=reg.example", "--push", "--quiet")
    assert DIGEST in done.out, done.err


def test_neither_the_module_nor_the_package_needs_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import buildx_tasks.testing as t; assert t.TasksFile"
    subprocess.run([sys.executable, "-c", code], check=True)
