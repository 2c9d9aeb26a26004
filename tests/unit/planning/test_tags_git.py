"""The gitCommit policy against a real git: the tags of known trees and commits, byte for byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from buildx_tasks.model.tagpolicy import GitCommit
from buildx_tasks.planning.facts import Answer, Argv, GitFacts, TagFacts
from buildx_tasks.planning.tags.policies import TagResult, git_queries, tag_for

VARIANTS = ("Tags", "CommitSha", "AbbrevCommitSha", "TreeSha", "AbbrevTreeSha", "Branches")
TREE_OF_CODE = "3bed02ca656e336307e4eb4d80080d7221cba62c"
TREE_OF_OTHER = "36651c832d8bf5ca1e84c6dc23bb8678fa51cf3e"


class Repo:
    """A checkout whose commits have fixed authors and dates, so that their hashes are known."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(top.parent),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(top.parent),
        }
        for role in ("AUTHOR", "COMMITTER"):
            who = {"NAME": "John Doe", "EMAIL": "john@doe.org", "DATE": "2013-02-03T19:54:00-0700"}
            self.env |= {f"GIT_{role}_{key}": value for key, value in who.items()}

    def git(self, *arguments: str, text: str = "") -> str:
        argv = ("git", "-c", "core.autocrlf=false", *arguments)
        return subprocess.run(
            argv, cwd=self.top, env=self.env, input=text, capture_output=True, text=True, check=True
        ).stdout.strip()

    def init(self) -> Repo:
        self.git("init", "-q", "-b", "master")
        return self

    def write(self, path: str, text: str) -> Repo:
        target = self.top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o755)
        return self

    def commit(self, message: str) -> Repo:
        """Commit everything, with a message that has no line end."""
        self.git("add", "-A")
        parents = ("-p", "HEAD") if self.has_head() else ()
        self.git("update-ref", "HEAD", self.git("commit-tree", self.git("write-tree"), *parents, text=message))
        return self

    def has_head(self) -> bool:
        found = subprocess.run(
            ("git", "rev-parse", "-q", "--verify", "HEAD"), cwd=self.top, env=self.env, capture_output=True
        )
        return found.returncode == 0

    def tag(self, name: str) -> Repo:
        self.git("tag", name)
        return self

    def answer(self, argv: Argv, context: Path) -> Answer:
        done = subprocess.run(argv, cwd=context, env=self.env, capture_output=True, text=True)
        return Answer(text=done.stdout) if done.returncode == 0 else Answer(error=done.stderr.strip() or "failed")

    def result(self, policy: GitCommit, context: str = ".") -> TagResult:
        """What the policy says, asked as an executor would: all queries first, then the rule."""
        answers = {argv: self.answer(argv, self.top / context) for argv in git_queries([policy])}
        facts = TagFacts(moment=datetime(2015, 3, 7, tzinfo=UTC), git=GitFacts(answers=answers))
        return tag_for(policy, "app", facts)

    def tags(self, context: str = ".", *, ignore_changes: bool = False, prefix: str = "") -> dict[str, str]:
        """The tag of each variant; `error` where there is none."""
        results = {
            variant: self.result(GitCommit(variant=variant, ignore_changes=ignore_changes, prefix=prefix), context)
            for variant in VARIANTS
        }
        return {variant: "error" if result.error else result.tag for variant, result in results.items()}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    (tmp_path / "repo").mkdir()
    return Repo(tmp_path / "repo")


def expected(tags: str, commit: str, tree: str, branch: str = "master", suffix: str = "") -> dict[str, str]:
    return {
        "Tags": tags + suffix,
        "CommitSha": commit + suffix,
        "AbbrevCommitSha": commit[:7] + suffix,
        "TreeSha": tree + suffix,
        "AbbrevTreeSha": tree[:7] + suffix,
        "Branches": branch + suffix,
    }


FIRST = "eefe1b9c44eb0aa87199c9a079f2d48d8eb8baed"


def test_one_commit(repo: Repo) -> None:
    repo.init().write("source.go", "code").commit("initial")
    assert repo.tags() == expected("eefe1b9", FIRST, TREE_OF_CODE)
    assert repo.tags(prefix="p-")["CommitSha"] == f"p-{FIRST}"


@pytest.mark.parametrize(
    "change",
    [
        lambda repo: repo.write("source.go", "updated code"),
        lambda repo: repo.write("new.go", "new code"),
        lambda repo: (repo.top / "source.go").unlink(),
        lambda repo: (repo.top / "source.go").rename(repo.top / "renamed.go"),
    ],
)
def test_changes(repo: Repo, change: Callable[[Repo], object]) -> None:
    change(repo.init().write("source.go", "code").commit("initial"))
    assert repo.tags() == expected("eefe1b9", FIRST, TREE_OF_CODE, suffix="-dirty")
    assert repo.tags(ignore_changes=True) == expected("eefe1b9", FIRST, TREE_OF_CODE)


def test_ignored_files_are_no_change(repo: Repo) -> None:
    repo.init().write("source.go", "code").commit("initial")
    (repo.top / ".git/info").mkdir(exist_ok=True)
    (repo.top / ".git/info/exclude").write_text("*.log\n", encoding="utf-8")
    repo.write("x.log", "noise")
    assert repo.tags()["Tags"] == "eefe1b9"


def test_two_tags(repo: Repo) -> None:
    repo.init().write("source.go", "code").commit("initial").tag("v/1")
    repo.write("other.go", "other").commit("second commit").tag("v/2")
    known = ("v_2", "aea33bcc86b5af8c8570ff45d8a643202d63c808", "bc69d50cda6897a6f2054e64b9059f038dc6fb0e")
    assert repo.tags() == expected(*known)
    repo.write("other.go", "changed")
    assert repo.tags() == expected(*known, suffix="-dirty")
    assert repo.tags(ignore_changes=True) == expected(*known)


def test_a_commit_after_a_tag(repo: Repo) -> None:
    repo.init().write("source.go", "code").commit("initial").tag("v1").write("source.go", "updated code").commit(
        "changes"
    )
    tags = repo.tags()
    assert tags["Tags"] == "v1-1-g3cec6b9"
    assert tags["CommitSha"] == "3cec6b950895704a8a69b610a199b242a3bd370f"


def test_only_the_context_counts(repo: Repo) -> None:
    repo.init().write("artifact1/source.go", "code").write("artifact2/source.go", "other code").commit("initial").tag(
        "v1"
    )
    repo.write("artifact2/source.go", "updated code")
    assert repo.tags("artifact1")["Tags"] == "v1"
    assert repo.tags("artifact1")["TreeSha"] == TREE_OF_CODE
    assert repo.tags("artifact1")["AbbrevTreeSha"] == TREE_OF_CODE[:7]
    assert repo.tags("artifact2")["Tags"] == "v1-dirty"
    assert repo.tags("artifact2")["TreeSha"] == f"{TREE_OF_OTHER}-dirty"


def test_a_context_behind_a_link(repo: Repo) -> None:
    repo.init().write("artifact1/source.go", "code").commit("initial")
    (repo.top.parent / "link").symlink_to(repo.top / "artifact1")
    assert repo.tags("../link")["TreeSha"] == TREE_OF_CODE


def test_a_branch_with_a_slash(repo: Repo) -> None:
    repo.init().write("source.go", "code").commit("initial")
    repo.git("checkout", "-q", "-b", "branch/withslash")
    assert repo.tags()["Branches"] == "branch_withslash"


def test_a_detached_head(repo: Repo) -> None:
    repo.init().write("source.go", "code").commit("initial")
    repo.git("checkout", "-q", "--detach")
    assert repo.tags()["Branches"] == ""
    assert repo.tags()["CommitSha"] == FIRST


def test_no_checkout(repo: Repo) -> None:
    assert set(repo.tags().values()) == {"error"}


def test_no_commit(repo: Repo) -> None:
    tags = repo.init().tags()
    assert tags.pop("Branches") == "master"
    assert set(tags.values()) == {"error"}


def test_an_untracked_context(repo: Repo) -> None:
    repo.init().commit("initial")
    (repo.top / "sub/sub").mkdir(parents=True)
    tags = repo.tags("sub/sub", prefix="tag-")
    assert tags["Tags"] == "tag-a7b32a6"
    assert tags["CommitSha"] == "tag-a7b32a69335a6daa51bd89cc1bf30bd31df228ba"
    assert tags["TreeSha"] == tags["AbbrevTreeSha"] == "error"
