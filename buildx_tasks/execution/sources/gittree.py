"""What git tracks: modes and blob IDs of files, which are the same on every machine that has the same commit.

A working tree differs between machines in ways that git does not count as changes: the umask, the owner, the line ends
that ``core.autocrlf`` makes. Source of the rules: git-ls-files(1), git-update-index(1), git-hash-object(1).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buildx_tasks.execution.sources.git import find_checkout
from buildx_tasks.model.command import Command, Runner

GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.trustctime=true", "-c", "core.checkStat=default")
"""Settings of the user's that make git overlook changes are not followed."""
LIST_OPTIONS = ("ls-files", "-z", "-v", "--stage")
LIST = (*GIT, *LIST_OPTIONS)
MODIFIED = (*GIT, "ls-files", "-z", "--modified")
HASH = ("git", "hash-object", "--stdin-paths")
REDIRECTING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""Variables with which git speaks of another repository than the one around a file."""
TRUSTED = "H"
"""How ``ls-files -v`` marks a file at which git looks; it looks away from those that are assumed to be unchanged."""
PLAIN, EXECUTABLE = "100644", "100755"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A regular file as git has it: `mode` is ``100644`` or ``100755``, `blob` the ID of its content after filters."""

    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class _Tree:
    files: Mapping[str, Tracked] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()


class GitTrees:
    """The checkouts of one run; each is asked once. Where git can't tell, nothing is tracked."""

    def __init__(self, runner: Runner, environ: Mapping[str, str]) -> None:
        self.runner = runner
        self.usable = not any(environ.get(name) for name in REDIRECTING)
        self._trees: dict[Path, _Tree] = {}
        self._roots: dict[str, Path | None] = {}
        self._known: list[Path] = []

    def know(self, root: Path, listed: str) -> None:
        """Take what ``LIST`` prints for what git tracks below the real path `root`, which has no ``.git``."""
        files = dict(_entries(listed))
        self._trees[root] = _Tree(files=files, folders=frozenset(_folders(files)))
        self._known.append(root)

    def file(self, path: str, status: os.stat_result) -> Tracked | None:
        """What git says of the regular file at the absolute `path`, which has no links in it; None when untracked."""
        root = self._root(os.path.dirname(path))  # noqa: PTH120 - called for every file
        if root is None or not stat.S_ISREG(status.st_mode) or not path.startswith(f"{root}/"):
            return None
        return self._tree(root).files.get(path[len(str(root)) + 1 :])

    def has_tracked(self, folder: str) -> bool:
        """Whether there are tracked files at or below the absolute path of a folder."""
        root = self._root(folder)
        if root is None or not f"{folder}/".startswith(f"{root}/"):
            return False
        return folder == str(root) or folder[len(str(root)) + 1 :] in self._tree(root).folders

    def _root(self, folder: str) -> Path | None:
        if folder not in self._roots:
            inside = [root for root in self._known if f"{folder}/".startswith(f"{root}/")]
            found = max(inside, key=lambda root: len(str(root))) if inside else find_checkout(Path(folder))
            self._roots[folder] = found if self.usable else None
        return self._roots[folder]

    def _tree(self, root: Path) -> _Tree:
        if root not in self._trees:
            self._trees[root] = self._read(root)
        return self._trees[root]

    def _read(self, root: Path) -> _Tree:
        listed = self.runner.capture(Command(argv=LIST, cwd=str(root)))
        modified = self.runner.capture(Command(argv=MODIFIED, cwd=str(root)))
        if not (listed.ok and modified.ok):
            return _Tree()
        changed = set(filter(None, modified.stdout.split("\0")))
        files = dict(_entries(listed.stdout))
        for path in changed & files.keys():
            del files[path]
        files |= self._changed(root, sorted(changed))
        return _Tree(files=files, folders=frozenset(_folders(files)))

    def _changed(self, root: Path, paths: Iterable[str]) -> dict[str, Tracked]:
        """Tracked files with changes: their mode by the bit that git looks at, and the blob that they would be."""
        there: dict[str, str] = {}
        for path in paths:
            full = root / path
            try:
                status = full.lstat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode) and "\n" not in path:
                there[path] = EXECUTABLE if status.st_mode & stat.S_IXUSR else PLAIN
        if not there:
            return {}
        done = self.runner.capture(Command(argv=HASH, cwd=str(root), stdin="".join(f"{path}\n" for path in there)))
        blobs = done.stdout.split()
        if not done.ok or len(blobs) != len(there):
            return {}
        return {path: Tracked(mode, blob) for (path, mode), blob in zip(there.items(), blobs, strict=True)}


def _entries(listed: str) -> Iterator[tuple[str, Tracked]]:
    for line in listed.split("\0"):
        about, tab, path = line.partition("\t")
        words = about.split(" ")
        if tab and len(words) == 4 and words[0] == TRUSTED and words[1] in (PLAIN, EXECUTABLE) and words[3] == "0":
            yield path, Tracked(words[1], words[2])


def _folders(files: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in files:
        folder = path.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = folder.rpartition("/")[0]
