"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.private import private_opener
from buildx_tasks.execution.tempfiles import move_to_free, written_aside


def write_atomic(path: Path, data: bytes, *, private: bool = False) -> None:
    """Replace the content of `path` in one step, or create it. Raises `CannotStart` when that is not possible.

    A `private` file can be read by its owner alone, whatever its mode was.

    A symbolic link stays one, its target is what is written; mode and owner of a file that is there are kept.
    What is no file of its own (a pipe, ``/dev/stdout``) is written to directly.
    """
    try:
        before = _status(path)
        if _is_no_file(path, before):
            with path.open("wb") as stream:
                stream.write(data)
        else:
            _replace(Path(os.path.realpath(path)), before, data, private=private)
    except OSError as error:
        raise CannotStart(f"{path} can't be written: {error.strerror or error}") from error


def append_to(path: Path, data: bytes) -> None:
    """Add lines to a file, which others write to as well, or create it. Raises `CannotStart` when that fails."""
    try:
        if _is_no_file(path, _status(path)):
            with path.open("wb") as stream:
                stream.write(data)
            return
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                data = data if file.read(1) == b"\n" else b"\n" + data
            file.write(data)
    except OSError as error:
        raise CannotStart(f"{path} can't be written: {error.strerror or error}") from error


def size_of(path: Path) -> int:
    """The bytes of a file, 0 for one that is not there. Raises `CannotStart` when its folder can't be read."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise CannotStart(f"{path} can't be read: {error.strerror or error}") from error


def write_new(path: Path, data: bytes) -> None:
    """Create `path` whole, or leave what is there as it is. Raises `CannotStart`, also when something is there."""
    try:
        with written_aside(path, data, None) as aside:
            created = move_to_free(aside, path)
    except OSError as error:
        raise CannotStart(f"{path} can't be written: {error.strerror or error}") from error
    if not created:
        raise CannotStart(f"{path} exists already", "remove it, or name another file")


def check_writable(path: Path) -> None:
    """Raise `CannotStart` for a file that `write_atomic` could not write, as far as that shows beforehand."""
    try:
        why = _why_unwritable(path, Path(os.path.realpath(path)))
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise CannotStart(f"{path} can't be written: {why}")


def _why_unwritable(path: Path, target: Path) -> str:
    if target.is_dir():
        return "it is a folder"
    if _is_no_file(path, _status(path)):
        return ""
    if not target.parent.is_dir():
        return f"there is no folder {target.parent}"
    return "" if os.access(target if target.exists() else target.parent, os.W_OK) else "Permission denied"


@contextlib.contextmanager
def locked(path: Path, shown: str = "") -> Iterator[None]:
    """Hold the lock beside the file that `path` leads to; other processes wait. It stays: removing it opens a gap.

    Makes the file's folder. Raises `CannotStart`, which calls the file `shown`.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = open(target.with_name(f".{target.name}.lock"), "ab", opener=private_opener)  # noqa: SIM115
    except OSError as error:
        raise CannotStart(f"{shown or path} can't be written: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_no_file(path: Path, before: os.stat_result | None) -> bool:
    return path.parts[:2] == ("/", "dev") or (before is not None and not stat.S_ISREG(before.st_mode))


def _replace(target: Path, before: os.stat_result | None, data: bytes, *, private: bool) -> None:
    with written_aside(target, data, before, private=private) as aside:
        aside.replace(target)


def keep_old(path: Path, data: bytes) -> Path:
    """Write `data`, which was the content of `path`, to the first name with ``.bak`` that is free, and return it.

    The copy has the mode, owner and times of `path` and is whole or not there. Raises `CannotStart`.
    """
    try:
        with written_aside(path, data, path.stat(), times=True) as aside:
            number = 0
            while True:
                kept = path.with_name(f"{path.name}.bak{number or ''}")
                if move_to_free(aside, kept):
                    return kept
                number += 1
    except OSError as error:
        raise CannotStart(f"{path}.bak can't be written: {error.strerror or error}") from error


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None
