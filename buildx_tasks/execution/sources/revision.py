"""The files of a git commit beside the checkout, without a change to the checkout or to its repository.

The commit gets an index and a work tree of its own. Unlike ``git archive`` that leaves nothing out (``export-ignore``),
and unlike ``git worktree`` it writes nothing in ``.git``. Source of the rules: git-read-tree(1), gitrevisions(7).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.paths import exists, is_folder
from buildx_tasks.execution.sources.gittree import LIST_OPTIONS, REDIRECTING, GitTrees
from buildx_tasks.execution.tempfolders import scratch_folder
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Completed, Runner

PREFIX = "buildx-tasks-since-"
QUIETLY = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.splitIndex=false", "-c", "core.fsmonitor=false"),
    *("-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=", "-c", "filter.lfs.required=false"),
)
"""No hooks, nothing written beside the index, and files of Git LFS as the pointers by which they are compared."""
READ = ("read-tree", "-m", "-u", "--no-recurse-submodules")
GITLINK = "160000"
CI_HINT = "in CI, fetch all commits: fetch-depth: 0 (actions/checkout), GIT_DEPTH: 0 (GitLab)"
SEVERAL = re.compile(r"[~^@:]")
"""What a revision has that is more than the name of a commit."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout: its real top folder, and where git keeps what it knows of it."""

    top: Path
    git_dir: str


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit's files: `folder` stands for the top of the checkout, and `trees` know what git tracks in there."""

    commit: str
    top: Path
    folder: Path
    trees: GitTrees

    def place(self, path: Path) -> Path:
        """Where `path`, which is absolute, is in this commit; itself when it is outside of the checkout."""
        return self.folder / path.relative_to(self.top) if path.is_relative_to(self.top) else path

    def told(self, text: str) -> str:
        """A text about these files as one about the checkout."""
        return text.replace(str(self.folder), str(self.top))


def find_repository(world: World) -> Repository:
    """The checkout that the current folder is in. Raises `CannotStart`."""
    redirected = [name for name in REDIRECTING if world.environ.get(name)]
    if redirected:
        without = " ".join(f"-u {name}" for name in redirected)
        raise CannotStart(
            f"{', '.join(redirected)} lead git to another place than the current folder", f"run it with: env {without}"
        )
    asked = Command(argv=("git", "rev-parse", "--show-toplevel", "--absolute-git-dir"), cwd=str(world.cwd))
    done = world.runner.capture(asked)
    if done.missing:
        raise CannotStart("there is no git", "install git")
    lines = done.stdout.splitlines()
    if not done.ok or len(lines) != 2:
        raise CannotStart(f"{world.cwd} is not in a git checkout: {_reason(done)}", "go to a folder of the checkout")
    return Repository(top=Path(os.path.realpath(lines[0])), git_dir=lines[1])


def find_commit(world: World, since: str) -> str:
    """The ID of the commit that `since` names. Raises `CannotStart` with the command that fetches it."""
    if not since or since.startswith("-") or not since.isprintable():
        raise CannotStart(f"--since {since!r} is not a commit", "name one, such as origin/main or HEAD~1")
    done = _git(world, "rev-parse", "-q", "--verify", f"{since}^{{commit}}")
    if done.ok:
        return done.stdout.strip()
    if not since.strip("0"):
        raise CannotStart(
            f"--since {since} does not name a commit: CI services give it for a new branch",
            "compare with the branch that it comes from:  --since origin/main",
        )
    shallow = _git(world, "rev-parse", "--is-shallow-repository").stdout.strip() == "true"
    where = "this shallow clone" if shallow else "this checkout"
    raise CannotStart(f"--since {since}: there is no such commit in {where}", _missing_hint(world, since, shallow))


def _missing_hint(world: World, since: str, shallow: bool) -> str:
    """The commands that bring a commit here."""
    remotes = _git(world, "remote").stdout.split()
    if not remotes:
        return "commits that are here:  git log --oneline --all"
    depth = " --depth=1" if shallow else ""
    remote, _slash, branch = since.partition("/")
    if SEVERAL.search(since):
        hint = "git fetch --unshallow" if shallow else f"git fetch {_first(remotes)}"
    elif remote in remotes and branch:
        hint = f"git fetch{depth} {remote} {branch}:refs/remotes/{remote}/{branch}"
    elif re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", since):
        hint = f"git fetch{depth} {_first(remotes)} {since}"
    else:
        hint = f"git fetch{depth} {_first(remotes)} {since}   and then --since FETCH_HEAD"
    return f"fetch it:  {hint}" + (f"\n{CI_HINT}" if shallow else "")


def _first(remotes: list[str]) -> str:
    return "origin" if "origin" in remotes else remotes[0]


@contextlib.contextmanager
def checked_out(world: World, repository: Repository, commit: str) -> Iterator[Revision]:
    """Give the files of `commit` for a while, those of submodules that are checked out here too.

    Around them stands what is around the checkout, so that paths out of it lead where they lead from there. Raises
    `CannotStart` when they can't be had.
    """
    try:
        with scratch_folder(PREFIX) as scratch:
            folder = _surroundings(scratch / "files", repository.top)
            trees = GitTrees(world.runner, world.environ)
            _Writer(world.runner, scratch, trees, world.notify).write(repository, commit, folder)
            yield Revision(commit=commit, top=repository.top, folder=folder, trees=trees)
    except OSError as error:
        raise CannotStart(
            f"the files of {commit[:12]} can't be written: {error.strerror or error}",
            "set TMPDIR to a folder with enough space",
        ) from error


def _surroundings(root: Path, top: Path) -> Path:
    """A folder for `top` below `root`, on each level beside links to what is beside the checkout's."""
    here, there = Path(top.anchor), root
    there.mkdir()
    for part in top.relative_to(here).parts:
        with contextlib.suppress(OSError), os.scandir(here) as children:
            for child in children:
                if child.name != part:
                    (there / child.name).symlink_to(child.path)
        here, there = here / part, there / part
        there.mkdir()
    return there


class _Writer:
    """Writes commits to disk, each with an index of its own in `scratch`."""

    def __init__(self, runner: Runner, scratch: Path, trees: GitTrees, notify: Callable[[str], None]) -> None:
        self.runner = runner
        self.scratch = scratch
        self.trees = trees
        self.notify = notify
        self.count = 0

    def write(self, repository: Repository, commit: str, folder: Path) -> None:
        """Write a commit and its submodules to `folder`, which is empty. Raises `CannotStart`."""
        self.count += 1
        own = (("GIT_INDEX_FILE", str(self.scratch / f"index-{self.count}")),)
        git = ("git", "--git-dir", repository.git_dir, "--work-tree", str(folder), *QUIETLY)
        done = self.runner.capture(Command(argv=(*git, *READ, commit), cwd=str(folder), env=own))
        listed = self.runner.capture(Command(argv=(*git, *LIST_OPTIONS), cwd=str(folder), env=own))
        for answer in (done, listed):
            if not answer.ok:
                raise CannotStart(f"git can't write the files of {commit[:12]}: {_reason(answer)}")
        self.trees.know(folder, listed.stdout)
        for path, linked in _gitlinks(listed.stdout):
            if exists(repository.top / path / ".git") and is_folder(folder / path):
                self._submodule(repository.top / path, linked, folder / path)

    def _submodule(self, here: Path, commit: str, folder: Path) -> None:
        found = self._ask(here, "rev-parse", "--absolute-git-dir")
        if found.ok and self._ask(here, "cat-file", "-e", f"{commit}^{{commit}}").ok:
            self.write(Repository(top=here, git_dir=found.stdout.strip()), commit, folder)
            return
        self.notify(
            f"submodule {here}: its commit {commit[:12]} is not here, so its files count as new "
            f"(git -C {here} fetch origin {commit})"
        )

    def _ask(self, folder: Path, *words: str) -> Completed:
        return self.runner.capture(Command(argv=("git", *words), cwd=str(folder)))


def _gitlinks(listed: str) -> Iterator[tuple[str, str]]:
    """Path and commit of each submodule among what ``ls-files`` lists."""
    for line in listed.split("\0"):
        about, _tab, path = line.partition("\t")
        words = about.split(" ")
        if len(words) == 4 and words[1] == GITLINK:
            yield path, words[2]


def _git(world: World, *words: str) -> Completed:
    return world.runner.capture(Command(argv=("git", *words), cwd=str(world.cwd)))


def _reason(done: Completed) -> str:
    """The line in which git says what is wrong."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith(("fatal:", "error:"))), (lines or [f"exit {done.code}"])[-1])
