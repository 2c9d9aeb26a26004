"""Files that git tracks count as git has them: real repositories, checked out as different machines would."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.execution.sources.contexthash import ContextHasher, digest_of
from buildx_tasks.execution.sources.filehash import FileHashes
from buildx_tasks.execution.sources.gittree import GitTrees

WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")


def git(folder: Path, *words: str) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LC_ALL": "C"}
    done = subprocess.run(["git", *WHO, *words], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    root = tmp_path / "origin"
    (root / "app" / "src").mkdir(parents=True)
    (root / "app" / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (root / "app" / "src" / "main.c").write_text("int main;\nint other;\n")
    (root / "app" / "run.sh").write_text("#!/bin/sh\n")
    (root / "app" / "run.sh").chmod(0o755)
    (root / "app" / "name with ä").write_text("x\n")
    (root / "app" / "link").symlink_to("run.sh")
    (root / ".gitattributes").write_text("* text=auto\n")
    git(root.parent, "init", "-q", str(root))
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    return root


def checkout(origin: Path, name: str, umask: int = 0o022, *settings: str) -> Path:
    target = origin.parent / name / "deep" / "project"
    target.parent.mkdir(parents=True)
    before = os.umask(umask)
    try:
        git(origin.parent, *settings, "clone", "-q", str(origin), str(target))
    finally:
        os.umask(before)
    return target


def digest(root: Path, environ: dict[str, str] | None = None, tracked: bool = True) -> str:
    variables = {"PATH": os.environ["PATH"], "HOME": str(root.parent), **(environ or {})}
    trees = GitTrees(ShellRunner(variables), variables) if tracked else None
    hasher = ContextHasher(FileHashes(None), trees)
    dockerfile = root / "app" / "Dockerfile"
    return f"{digest_of(hasher.context(root / 'app', dockerfile, None))} {hasher.file(dockerfile)}"


@pytest.mark.parametrize(
    ("umask", "settings"),
    [(0o077, ()), (0o002, ()), (0o022, ("-c", "core.autocrlf=true")), (0o022, ("-c", "core.eol=crlf"))],
)
def test_a_checkout_of_another_machine_is_the_same(origin: Path, umask: int, settings: tuple[str, ...]) -> None:
    other = checkout(origin, "other", umask, *settings)
    if settings:
        git(other, "config", *settings[1].split("="))
    first = checkout(origin, "first")
    assert digest(first) == digest(other)
    assert digest(first, tracked=False) != digest(other, tracked=False)


def test_a_commit_of_what_was_changed_is_no_change(origin: Path) -> None:
    (origin / "app" / "src" / "main.c").write_text("changed\n")
    (origin / "app" / "run.sh").chmod(0o644)
    before = digest(origin)
    git(origin, "commit", "-qam", "two")
    assert digest(origin) == before


def _append(path: Path) -> None:
    with path.open("a") as file:
        file.write("more\n")


def _instead(path: Path) -> Path:
    path.unlink()
    return path


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda app: _append(app / "src" / "main.c"),
    "the Dockerfile": lambda app: _append(app / "Dockerfile"),
    "executable": lambda app: (app / "src" / "main.c").chmod(0o755),
    "no longer executable": lambda app: (app / "run.sh").chmod(0o644),
    "set user ID": lambda app: (app / "run.sh").chmod(0o4755),
    "removed": lambda app: (app / "run.sh").unlink(),
    "renamed": lambda app: (app / "run.sh").rename(app / "walk.sh"),
    "an untracked file": lambda app: (app / "new").write_text("n"),
    "an empty folder": lambda app: (app / "empty").mkdir(),
    "another link": lambda app: _instead(app / "link").symlink_to("src/main.c"),
    "a file for a link": lambda app: _instead(app / "link").write_text("#!/bin/sh\n"),
    "a folder for a file": lambda app: _instead(app / "run.sh").mkdir(),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_git_or_docker_sees_is_a_change(origin: Path, name: str) -> None:
    before = digest(origin)
    CHANGES[name](origin / "app")
    assert digest(origin) != before


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_at_which_git_does_not_look_is_looked_at(origin: Path, flag: str) -> None:
    git(origin, "update-index", flag, "app/src/main.c")
    before = digest(origin)
    (origin / "app" / "src" / "main.c").write_text("int main;\nint OTHER;\n")
    assert git(origin, "status", "--porcelain") == ""
    assert digest(origin) != before


def test_a_change_within_the_same_second_and_size_is_seen(origin: Path) -> None:
    path = origin / "app" / "src" / "main.c"
    before, status = digest(origin), path.stat()
    path.write_text("int main;\nint OTHER;\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert digest(origin) != before


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_variables_that_lead_elsewhere_are_not_followed(origin: Path, variable: str) -> None:
    assert digest(origin, {variable: str(origin / "elsewhere")}) == digest(origin, tracked=False)


def test_without_git_files_count_as_they_are(tmp_path: Path, origin: Path) -> None:
    assert digest(origin, {"PATH": str(tmp_path)}) == digest(origin, tracked=False)
    plain = tmp_path / "plain"
    (plain / "app").mkdir(parents=True)
    (plain / "app" / "Dockerfile").write_text("FROM scratch\n")
    assert digest(plain) == digest(plain, tracked=False)


def test_a_folder_reached_through_a_link_is_the_same(origin: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(origin)
    assert digest(tmp_path / "way") == digest(origin)


def test_modes_of_untracked_files_count(origin: Path) -> None:
    path = origin / "app" / "new"
    path.write_text("n")
    path.chmod(0o644)
    before = digest(origin)
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert digest(origin) != before
