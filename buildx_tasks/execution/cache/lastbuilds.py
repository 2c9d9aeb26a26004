"""What the last known build of each artifact was made from, on this machine: one small file an artifact."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import write_atomic
from buildx_tasks.execution.private import private_folder
from buildx_tasks.planning.reuse.why import Record

MOST_FILES = 2000
"""Above this number the oldest half is removed."""
KEEP_AT_MOST = 16 * 1024 * 1024
"""Bytes of one record as text; a larger one is not kept."""


class LastBuilds:
    """Records below `folder` by a name, such as the reference of an image; a broken one is as none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str) -> Record | None:
        """The record, None when there is none."""
        with contextlib.suppress(OSError, EOFError, ValueError, RecursionError):
            return Record.from_json(json.loads(gzip.decompress(self._path(name).read_bytes())))
        return None

    def put(self, name: str, record: Record) -> None:
        """Keep a record; a folder that can't be written is no problem."""
        text = json.dumps(record.to_json()).encode("utf-8", "surrogateescape")
        if len(text) > KEEP_AT_MOST:
            return
        with contextlib.suppress(CannotStart, OSError):
            private_folder(self.folder)
            self._forget()
            write_atomic(self._path(name), gzip.compress(text, mtime=0), private=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json.gz"

    def _forget(self) -> None:
        with os.scandir(self.folder) as entries:
            files = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        for _time, path in files[: len(files) // 2] if len(files) > MOST_FILES else ():
            Path(path).unlink(missing_ok=True)
