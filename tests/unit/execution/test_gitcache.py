from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.gitcache import GitCache, GitSource, cache_folder, cache_name
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.command import Command, Completed, Write

SCRUBBED = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
ENVIRON = {
    **SCRUBBED,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


class RecordingRunner(ShellRunner):
    """The real thing, which also remembers what it was asked to do."""

    def __init__(self) -> None:
        super().__init__(ENVIRON)
        self.commands: list[Command] = []

    def capture(self, command: Command) -> Completed:
        self.commands.append(command)
        return super().capture(command)

    def verbs(self) -> list[str]:
        return [command.argv[1] for command in self.commands]


class Repository:
    """A bare repository with a work tree to fill it from."""

    def __init__(self, folder: Path) -> None:
        self.url = f"file://{folder}/bare.git"
        self.work = folder / "work"
        self.runner = ShellRunner(ENVIRON)

    def create(self, branch: str = "main") -> Repository:
        self.work.mkdir(parents=True)
        self.git("init", "-q", "--bare", f"--initial-branch={branch}", "../bare.git")
        self.git("init", "-q", f"--initial-branch={branch}")
        self.git("remote", "add", "origin", "../bare.git")
        self.commit("one")
        return self

    def git(self, *arguments: str) -> str:
        completed = self.runner.capture(Command(argv=("git", *arguments), cwd=str(self.work)))
        assert completed.ok, completed.stderr
        return completed.stdout.strip()

    def commit(self, content: str) -> str:
        (self.work / "file").write_text(content)
        self.git("add", "file")
        self.git("commit", "-q", "-m", content)
        self.git("push", "-q", "origin", "HEAD")
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "remote"
    Repository(folder).create()
    return folder


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    shutil.copytree(template, tmp_path / "remote")
    return Repository(tmp_path / "remote")


Cache = Callable[..., GitCache]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    def make(sync: str = "always") -> GitCache:
        return GitCache(folder=tmp_path / "cache", runner=RecordingRunner(), environ=ENVIRON, sync=sync)

    return make


def verbs(cache: GitCache) -> list[str]:
    assert isinstance(cache.runner, RecordingRunner)
    return cache.runner.verbs()


def content(folder: Path) -> str:
    return (folder / "file").read_text()


def test_the_folder_is_named_as_skaffold_names_it() -> None:
    assert cache_name("http://github.com/foo.git", "master") == "iSEL5rQfK5EJ2yLhnW8tUgcVOvDC8Wjl"


def test_the_name_is_hashed_from_json_as_go_writes_it() -> None:
    text = rb"""["https://example.com/a?b\u0026c=\u003cd\u003e",""" + b'"\xc3\xa9"]\n'
    expected = base64.urlsafe_b64encode(hashlib.sha256(text).digest())[:32].decode()
    assert cache_name("https://example.com/a?b&c=<d>", "\u00e9") == expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("", "/home/me/.skaffold/remote-cache"), ("/abs", "/abs"), ("rel", "/cwd/rel")],
)
def test_the_folder_of_the_cache(setting: str, expected: str) -> None:
    assert cache_folder({"HOME": "/home/me"}, Path("/cwd"), setting) == Path(expected)


def test_a_first_clone_is_shallow_and_private(repository: Repository, cache: Cache) -> None:
    repository.commit("two")
    clones = cache()
    folder = clones.checkout(GitSource(repo=repository.url, ref="main"))
    assert folder == clones.folder / cache_name(repository.url, "main")
    assert content(folder) == "two"
    assert (folder / ".git" / "shallow").exists()
    assert clones.folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in clones.folder.iterdir()] == [folder.name]


def test_a_repository_is_brought_up_to_date_once(repository: Repository, cache: Cache) -> None:
    source = GitSource(repo=repository.url, ref="main")
    cache().checkout(source)
    repository.commit("two")
    clones = cache()
    assert content(clones.checkout(source)) == "two"
    repository.commit("three")
    assert content(clones.checkout(source)) == "two"
    assert verbs(clones).count("fetch") == 1


@pytest.mark.parametrize("branch", ["master", "main"])
def test_without_a_ref_the_usual_branches_are_tried(tmp_path: Path, cache: Cache, branch: str) -> None:
    repository = Repository(tmp_path / branch).create(branch)
    assert content(cache().checkout(GitSource(repo=repository.url))) == "one"


def test_without_a_ref_and_a_usual_branch_the_hint_says_what_to_do(tmp_path: Path, cache: Cache) -> None:
    repository = Repository(tmp_path / "odd").create("trunk")
    with pytest.raises(CannotStart, match="neither a master nor a main") as caught:
        cache().checkout(GitSource(repo=repository.url))
    assert "ref:" in caught.value.hint


def test_tags_and_commits_work_the_first_time_and_the_next(repository: Repository, cache: Cache) -> None:
    old = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    repository.git("push", "-q", "origin", "v1")
    repository.commit("two")
    for ref, fetches in (("v1", 1), (old, 0)):  # a commit never changes
        cache().checkout(GitSource(repo=repository.url, ref=ref))
        clones = cache()
        assert content(clones.checkout(GitSource(repo=repository.url, ref=ref))) == "one"
        assert verbs(clones).count("fetch") == fetches


def test_local_changes_in_the_cache_are_thrown_away(repository: Repository, cache: Cache) -> None:
    source = GitSource(repo=repository.url, ref="main")
    (cache().checkout(source) / "file").write_text("changed")
    assert content(cache().checkout(source)) == "one"


@pytest.mark.parametrize(("sync", "item"), [("missing", True), ("never", True), ("always", False)])
def test_without_syncing_the_clone_stays_as_it_is(repository: Repository, cache: Cache, sync: str, item: bool) -> None:
    cache().checkout(GitSource(repo=repository.url))
    repository.commit("two")
    repository.work.parent.joinpath("bare.git").rename(repository.work.parent / "gone")
    clones = cache(sync)
    assert content(clones.checkout(GitSource(repo=repository.url, sync=item))) == "one"
    assert verbs(clones) == ["remote"]


def test_never_refuses_what_is_not_there(repository: Repository, cache: Cache) -> None:
    clones = cache("never")
    with pytest.raises(CannotStart, match="not in the cache") as caught:
        clones.checkout(GitSource(repo=repository.url, ref="main"))
    assert "missing" in caught.value.hint
    assert not verbs(clones)


@pytest.mark.parametrize("sync", ["missing", "always"])
def test_missing_and_always_clone_what_is_not_there(repository: Repository, cache: Cache, sync: str) -> None:
    assert content(cache(sync).checkout(GitSource(repo=repository.url, sync=False))) == "one"


def test_a_failed_clone_leaves_nothing_and_says_why(tmp_path: Path, cache: Cache) -> None:
    clones = cache()
    with pytest.raises(CannotStart, match="git clone failed: fatal:") as caught:
        clones.checkout(GitSource(repo=f"file://{tmp_path}/none.git", ref="main"))
    assert "git ls-remote" in caught.value.hint
    assert not list(clones.folder.iterdir())


def test_an_unknown_ref_is_an_error(repository: Repository, cache: Cache) -> None:
    clones = cache()
    with pytest.raises(CannotStart, match="at nope: git checkout failed"):
        clones.checkout(GitSource(repo=repository.url, ref="nope"))
    assert not list(clones.folder.iterdir())


def test_a_failed_fetch_says_how_to_work_offline(repository: Repository, cache: Cache) -> None:
    source = GitSource(repo=repository.url, ref="main")
    cache().checkout(source)
    repository.work.parent.joinpath("bare.git").rename(repository.work.parent / "gone")
    with pytest.raises(CannotStart, match="git fetch failed") as caught:
        cache().checkout(source)
    assert "--sync-remote-cache missing" in caught.value.hint


def test_a_folder_that_is_no_clone_is_an_error(repository: Repository, cache: Cache) -> None:
    source = GitSource(repo=repository.url, ref="main")
    folder = cache().checkout(source)
    repository.git("-C", str(folder), "remote", "remove", "origin")
    with pytest.raises(CannotStart, match="no remote") as caught:
        cache().checkout(source)
    assert "rm -r" in caught.value.hint


def test_a_clone_made_with_another_url_is_pointed_at_the_right_one(repository: Repository, cache: Cache) -> None:
    source = GitSource(repo=repository.url, ref="main")
    folder = cache().checkout(source)
    repository.git("-C", str(folder), "remote", "set-url", "origin", f"file://{folder}/none")
    repository.commit("two")
    assert content(cache().checkout(source)) == "two"


@pytest.mark.parametrize("source", [GitSource(repo="--upload-pack=x"), GitSource(repo="r", ref="--upload-pack=x")])
def test_an_option_in_disguise_is_refused(source: GitSource, cache: Cache) -> None:
    clones = cache()
    with pytest.raises(CannotStart, match="dash"):
        clones.checkout(source)
    assert not verbs(clones)


class ScriptedRunner:
    """Answers every command in the same way."""

    def __init__(self, code: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.answer = (code, stdout, stderr)
        self.commands: list[Command] = []

    def capture(self, command: Command) -> Completed:
        self.commands.append(command)
        code, stdout, stderr = self.answer
        return Completed(command=command, code=code, stdout=stdout, stderr=stderr)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise AssertionError

    def stop(self) -> None:
        raise AssertionError


def test_passwords_stay_out_of_messages(tmp_path: Path) -> None:
    repo = "https://me:hunter2@example.com/r.git"
    runner = ScriptedRunner(128, stderr=f"fatal: unable to access '{repo}'\nadvice\n")
    with pytest.raises(CannotStart, match="unable to access") as caught:
        GitCache(folder=tmp_path, runner=runner, environ={}).checkout(GitSource(repo=repo, ref="main"))
    assert "hunter2" not in str(caught.value)
    assert "me:***@example.com" in caught.value.message


def test_git_that_is_missing_is_named(tmp_path: Path) -> None:
    runner = ScriptedRunner(127, stderr="git: not found")
    with pytest.raises(CannotStart, match="git is not installed"):
        GitCache(folder=tmp_path, runner=runner, environ={}).checkout(GitSource(repo="https://e/r"))


@pytest.mark.parametrize(
    ("repo", "environ", "configured", "expected"),
    [
        ("https://example.com/r.git", {}, "", None),
        ("git@example.com:r.git", {}, "", "ssh -oBatchMode=yes"),
        ("ssh://example.com/r.git", {}, "ssh -i key", "ssh -i key -oBatchMode=yes"),
        ("ssh://example.com/r.git", {"GIT_SSH_COMMAND": "my-ssh"}, "ignored", "my-ssh -oBatchMode=yes"),
        ("ssh://example.com/r.git", {"GIT_SSH": "plink"}, "", None),
    ],
)
def test_git_never_asks(
    tmp_path: Path, repo: str, environ: dict[str, str], configured: str, expected: str | None
) -> None:
    runner = ScriptedRunner(0, stdout=configured)
    with pytest.raises(CannotStart, match="can't be put into"):
        GitCache(folder=tmp_path, runner=runner, environ=environ).checkout(GitSource(repo=repo, ref="main"))
    env = dict(next(command for command in runner.commands if "clone" in command.argv).env)
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert env.get("GIT_SSH_COMMAND") == expected
