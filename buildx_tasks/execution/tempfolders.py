"""A folder for the time of one run; what killed runs have left is removed by the next one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Give an empty folder with a real path that only this user can open, and remove it with all that is in it then.

    It is locked while the run lives, which tells it from a leftover. Raises `OSError`.
    """
    place = Path(os.path.realpath(parent or tempfile.gettempdir()))
    _remove_leftovers(place, prefix)
    folder, lock = _create(place, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _create(place: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        # Another run may take it for a leftover before it is locked.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.lexists(folder):
                return folder, lock
            os.close(lock)


def _remove_leftovers(place: Path, prefix: str) -> None:
    with contextlib.suppress(OSError):
        for path in place.glob(f"{prefix}*"):
            _remove_unlocked(path)


def _remove_unlocked(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.fstat(lock).st_uid == os.geteuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
