"""Digests of files, each read once and remembered by its state: size, times and inode.

A file that was written a moment ago may be written again without any of these changing, so what is too young is
never remembered. The memory is one file a project; a lost or broken one costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import write_atomic
from buildx_tasks.execution.private import private_folder

FORMAT = 1
CHUNK = 1 << 20
SAFE_AGE = 2_000_000_000
"""Nanoseconds: the coarsest clock of the file systems that matter ticks every two seconds."""
FORGET_ABOVE = 10_000
LIMIT = 1_000_000

State = tuple[int, int, int, int]
"""Size, time of the content, time of anything (both in nanoseconds), inode."""


def user_cache_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Where our caches are: ``$XDG_CACHE_HOME/buildx-tasks``, else ``~/.cache/buildx-tasks``."""
    said = Path(environ.get("XDG_CACHE_HOME", ""))
    return (said if said.is_absolute() else home / ".cache") / "buildx-tasks"


def hashes_path(folder: Path, project: Path) -> Path:
    """The memory of the files that builds in the folder `project` look at."""
    return folder / "files" / f"{hashlib.sha256(os.fsencode(project)).hexdigest()[:32]}.json"


class FileHashes:
    """Digests of regular files by absolute path."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known = _read(path) if path else {}
        self._used: dict[str, tuple[State, str]] = {}
        self._changed = False

    def digest(self, path: str, status: os.stat_result) -> str:
        """The digest of a file's content and its extended attributes; `status` is what lstat says. Raises `OSError`."""
        state = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        known = self._used.get(path) or self._known.get(path)
        if known and known[0] == state:
            self._used[path] = known
            return known[1]
        now = time.time_ns()
        digest, after = _hash(path)
        if after == state and max(state[1], state[2]) + SAFE_AGE < now:
            self._used[path] = (state, digest)
            self._changed = True
        return digest

    def save(self) -> None:
        """Remember for the next run; a folder that can't be written is no problem."""
        if self.path is None or not self._changed:
            return
        everything = {**self._known, **self._used}
        if len(everything) > 2 * len(self._used) + FORGET_ABOVE:
            everything = self._used
        folders: dict[str, dict[str, list[int | str]]] = {}
        for path, (state, digest) in list(everything.items())[:LIMIT]:
            folder, _slash, name = path.rpartition("/")
            folders.setdefault(folder, {})[name] = [*state, digest]
        with contextlib.suppress(CannotStart, OSError):
            private_folder(self.path.parent)
            write_atomic(self.path, json.dumps({"format": FORMAT, "folders": folders}).encode(), private=True)
            self._changed = False


def _read(path: Path) -> dict[str, tuple[State, str]]:
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT:
            return {}
        return {
            f"{folder}/{name}": ((entry[0], entry[1], entry[2], entry[3]), entry[4])
            for folder, names in data["folders"].items()
            for name, entry in names.items()
            if len(entry) == 5 and isinstance(entry[4], str)
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return {}


def _hash(path: str) -> tuple[str, State]:
    """The digest, and the file's state after it was read."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as source:  # noqa: PTH123 - much quicker than Path.open, and there are many
        while chunk := source.read(CHUNK):
            digest.update(chunk)
        for name, value in image_attributes(path):
            digest.update(b"\0" + os.fsencode(name) + b"\0" + value)
        after = os.fstat(source.fileno())
    return digest.hexdigest(), (after.st_size, after.st_mtime_ns, after.st_ctime_ns, after.st_ino)


def image_attributes(path: str) -> list[tuple[str, bytes]]:
    """The extended attributes that end up in an image: capabilities, and the user's own."""
    if not hasattr(os, "listxattr"):
        return []
    try:
        names = [name for name in os.listxattr(path) if name == "security.capability" or name.startswith("user.")]
        return [(name, os.getxattr(path, name)) for name in sorted(names)]
    except OSError:
        return []
