"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from buildx_tasks.errors import CannotStart


def write_atomic(path: Path, data: bytes) -> None:
    """Replace the content of `path` in one step, or create it. Raises `CannotStart` when that is not possible.

    A symbolic link stays one, its target is what is written; mode and owner of a file that is there are kept.
    What is no file of its own (a pipe, ``/dev/stdout``) is written to directly.
    """
    try:
        before = _status(path)
        if _is_no_file(path, before):
            with path.open("wb") as stream:
                stream.write(data)
        else:
            _replace(Path(os.path.realpath(path)), before, data)
    except OSError as error:
        raise CannotStart(f"{path} can't be written: {error.strerror or error}") from error


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
        lock = target.with_name(f".{target.name}.lock").open("ab")
    except OSError as error:
        raise CannotStart(f"{shown or path} can't be written: {error.strerror}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_no_file(path: Path, before: os.stat_result | None) -> bool:
    return path.parts[:2] == ("/", "dev") or (before is not None and not stat.S_ISREG(before.st_mode))


def _replace(target: Path, before: os.stat_result | None, data: bytes) -> None:
    aside = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if before is not None:
                _take_over(descriptor, before)
            os.fsync(descriptor)
        aside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


def _status(target: Path) -> os.stat_result | None:
    try:
        return target.stat()
    except FileNotFoundError:
        return None


def _take_over(descriptor: int, before: os.stat_result) -> None:
    """Give the new file the old one's owner, as far as we may, and then its mode: a change of owner clears bits."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
