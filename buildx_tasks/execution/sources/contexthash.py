"""Digests of what is on disk for a build: the Dockerfile, and what it can read of its context."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from buildx_tasks.document.formats.contextuse import ContextUse, context_use
from buildx_tasks.document.formats.dockerfile import parse_dockerfile
from buildx_tasks.document.formats.dockerignore import IgnoreRules, parse_dockerignore
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.paths import is_file, is_link, read_regular
from buildx_tasks.execution.sources.filehash import FileHashes, image_attributes
from buildx_tasks.execution.sources.gittree import GitTrees
from buildx_tasks.execution.sources.walk import find_paths

IGNORE_FILE = ".dockerignore"
Entries = dict[str, str]
"""What is at each path relative to a root: kind, mode, and content or target of a link."""


class ContextHasher:
    """Digests of one run; every folder is walked once, whoever asks. All methods raise `CannotStart` and `OSError`.

    With `trees`, files that git tracks count as git has them, so that the digests are the same on every machine.
    """

    def __init__(self, hashes: FileHashes, trees: GitTrees | None = None) -> None:
        self.hashes = hashes
        self.trees = trees
        self._walked: dict[tuple[str, str, str], Entries] = {}
        self._rules: dict[str, IgnoreRules] = {}
        self._uses: dict[str, ContextUse] = {}

    def use(self, dockerfile: Path) -> ContextUse:
        """What a Dockerfile reads; one that can't be understood may read everything."""
        key = str(dockerfile)
        if key not in self._uses:
            text = read_regular(dockerfile).decode("utf-8", "surrogateescape")
            try:
                self._uses[key] = context_use(parse_dockerfile(text, key))
            except CannotStart:
                self._uses[key] = ContextUse(None)
        return self._uses[key]

    def file(self, path: Path) -> str:
        """The digest of one file, links followed."""
        real = path.resolve()
        status = real.lstat()
        tracked = self.trees.file(str(real), status) if self.trees else None
        return f"git {tracked.blob}" if tracked else self.hashes.digest(str(real), status)

    def context(self, root: Path, dockerfile: Path | None, sources: Sequence[str] | None) -> Entries:
        """What there is of `sources` below `root` (None for everything), without what is ignored.

        The ignore file is the one beside `dockerfile`, else the context's own.
        """
        ignore = _ignore_file(root, dockerfile)
        starts = None if sources is None else _starts(root, sources)
        entries: Entries = {}
        for start in ["."] if starts is None else starts:
            entries |= self._walk(root, start, ignore)
        return entries

    def listed(self, root: Path, files: Iterable[str]) -> Entries:
        """A list of files, absolute or relative to `root`, by their paths from there; a missing one counts as that."""
        return {os.path.relpath(root / path, root): self._entry(str(root / path)) for path in set(files)}

    def _walk(self, root: Path, start: str, ignore: str) -> Entries:
        key = (str(root), start, ignore)
        if key not in self._walked:
            rules = self._parsed(ignore) if ignore else IgnoreRules()
            self._walked[key] = self._walk_now(os.path.realpath(root), start, rules)
        return self._walked[key]

    def _walk_now(self, root: str, start: str, rules: IgnoreRules) -> Entries:
        """Everything at and below `start` that is not ignored, and the folders on the way to it."""
        top = _below(root, start)
        status = os.lstat(top)
        if not stat.S_ISDIR(status.st_mode):
            return {} if rules.ignores(start) else {start: self._described(top, status)}
        found: Entries = {start: self._described(top, status)}
        waiting = [start]
        while waiting:
            folder = waiting.pop()
            with os.scandir(_below(root, folder)) as children:
                for child in children:
                    path = child.name if folder == "." else f"{folder}/{child.name}"
                    is_folder = child.is_dir(follow_symlinks=False)
                    ignored = bool(rules.runs) and rules.ignores(path)
                    if ignored and not (is_folder and not rules.prunes(path)):
                        continue
                    status = child.stat(follow_symlinks=False)
                    if not stat.S_ISSOCK(status.st_mode):
                        found[path] = self._described(child.path, status)
                    if is_folder:
                        waiting.append(path)
        return found

    def _entry(self, path: str) -> str:
        try:
            return self._described(path, os.lstat(path))
        except FileNotFoundError:
            return "absent"

    def _described(self, path: str, status: os.stat_result) -> str:
        mode = f"{stat.S_IMODE(status.st_mode):o}"
        if stat.S_ISREG(status.st_mode):
            return self._tracked(path, status) or f"file {mode} {self.hashes.digest(path, status)}"
        if stat.S_ISDIR(status.st_mode):
            return "folder" if self.trees and self.trees.has_tracked(path) else f"folder {mode}"
        if stat.S_ISLNK(status.st_mode):
            return f"link {Path(path).readlink()}"
        return f"device {status.st_mode:o} {status.st_rdev}"

    def _tracked(self, path: str, status: os.stat_result) -> str:
        """A file that git tracks, "" for any other. Special mode bits and attributes count, as git knows none."""
        tracked = self.trees.file(path, status) if self.trees else None
        if tracked is None:
            return ""
        special = status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX)
        more = "".join(f" {name}={value.hex()}" for name, value in image_attributes(path))
        return f"file {tracked.mode} {special:o} git {tracked.blob}{more}"

    def _parsed(self, ignore: str) -> IgnoreRules:
        if ignore not in self._rules:
            text = read_regular(ignore).decode("utf-8", "surrogateescape")
            self._rules[ignore] = parse_dockerignore(text, ignore)
        return self._rules[ignore]


def _below(root: str, path: str) -> str:
    """The absolute path of one relative to `root`, as git and the walk spell it alike."""
    return root if path == "." else f"{root}/{path}"


def digest_of(entries: Entries) -> str:
    """The digest of what is at some paths, whatever their order."""
    digest = hashlib.sha256()
    for line in (f"{path}\0{what}" for path, what in sorted(entries.items())):
        data = os.fsencode(line)
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def _ignore_file(root: Path, dockerfile: Path | None) -> str:
    candidates = [root / IGNORE_FILE]
    if dockerfile is not None:
        candidates.insert(0, dockerfile.with_name(f"{dockerfile.name}{IGNORE_FILE}"))
    return next((str(path) for path in candidates if is_file(path)), "")


def _starts(root: Path, sources: Sequence[str]) -> list[str] | None:
    """Where to begin to walk; None for everything when a link is on the way, since it may lead anywhere."""
    found: dict[str, None] = {}
    for source in sources:
        for path in [source] if os.path.lexists(root / source) else find_paths(root, source):
            parts = path.split("/")
            if any(is_link(root / "/".join(parts[: at + 1])) for at in range(len(parts))):
                return None
            found[path] = None
    return None if "." in found else list(found)
