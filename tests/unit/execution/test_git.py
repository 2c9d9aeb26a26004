"""Answers of git, gathered from real checkouts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.execution.sources.git import gather_git
from buildx_tasks.model.command import Command, Completed
from buildx_tasks.model.tagpolicy import GitCommit
from buildx_tasks.planning.tags.policies import GIT_STATUS, git_queries

TAGS = git_queries([GitCommit()])
TREE = git_queries([GitCommit(variant="TreeSha", ignore_changes=True)])


class CountingRunner(ShellRunner):
    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []

    def capture(self, command: Command) -> Completed:
        self.commands.append(command)
        return super().capture(command)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")
        subprocess.run(("git", *identity, *words), cwd=tmp_path, check=True, capture_output=True)

    for name in ("a", "b", "a-longer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    git("tag", "v1")
    return tmp_path


def dirty(checkout: Path, *names: str) -> dict[str, bool]:
    facts = gather_git(ShellRunner(), {checkout / name: TAGS for name in names})
    return {name: bool(facts[checkout / name].answer(GIT_STATUS).text) for name in names}


def test_a_question_about_the_checkout_is_asked_once(checkout: Path) -> None:
    runner = CountingRunner()
    facts = gather_git(runner, {checkout / name: TAGS for name in ("a", "b", "a-longer")})
    assert len(runner.commands) == 2
    assert {facts[checkout / name].answer(TAGS[0]).text for name in ("a", "b")} == {"v1"}


def test_a_question_about_a_folder_is_asked_for_each(checkout: Path) -> None:
    facts = gather_git(ShellRunner(), {checkout / name: TREE for name in ("a", "b")})
    first, second = (facts[checkout / name].answer(TREE[0]).text for name in ("a", "b"))
    assert len(first) == 40
    assert first != second


def test_a_clean_checkout_is_clean(checkout: Path) -> None:
    assert dirty(checkout, "a", "b", "a-longer", ".") == {"a": False, "b": False, "a-longer": False, ".": False}


@pytest.mark.parametrize("change", ["modified", "untracked", "deleted"])
def test_only_changes_below_a_folder_count(checkout: Path, change: str) -> None:
    if change == "modified":
        (checkout / "a" / "file").write_text("other")
    elif change == "untracked":
        (checkout / "a" / "with ünusual name").write_text("new")
    else:
        (checkout / "a" / "file").unlink()
    assert dirty(checkout, "a", "b", "a-longer", ".") == {"a": True, "b": False, "a-longer": False, ".": True}


def test_a_moved_file_changes_both_folders(checkout: Path) -> None:
    subprocess.run(("git", "mv", "a/file", "b/moved"), cwd=checkout, check=True)
    assert dirty(checkout, "a", "b", "a-longer") == {"a": True, "b": True, "a-longer": False}


def test_a_folder_inside_a_new_folder_is_changed(checkout: Path) -> None:
    (checkout / "new" / "inner").mkdir(parents=True)
    (checkout / "new" / "inner" / "file").write_text("x")
    assert dirty(checkout, "new/inner", "a") == {"new/inner": True, "a": False}


def test_outside_of_a_checkout_there_is_an_error_and_no_command(tmp_path: Path) -> None:
    runner = CountingRunner()
    facts = gather_git(runner, {tmp_path: TAGS})
    assert "is not in a git checkout" in facts[tmp_path].answer(TAGS[0]).error
    assert runner.commands == []


def test_a_checkout_without_commits_gives_gits_own_words(tmp_path: Path) -> None:
    subprocess.run(("git", "init", "--quiet"), cwd=tmp_path, check=True)
    facts = gather_git(ShellRunner(), {tmp_path: TAGS})
    assert "git describe" in facts[tmp_path].answer(TAGS[0]).error
