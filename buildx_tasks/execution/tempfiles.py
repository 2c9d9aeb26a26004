"""Files that are written beside their place and moved there when they are whole.

Each is locked while its run lives. So the next run can tell those that a killed run has left, and removes them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

LONGEST_NAME = 200
"""Bytes of a file's name that a temporary name may repeat; most file systems allow 255 in all."""

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


@contextlib.contextmanager
def written_aside(
    target: Path, data: bytes, before: os.stat_result | None, *, times: bool = False, private: bool = False
) -> Iterator[Path]:
    """Give a whole file beside `target` that holds `data`; it is gone afterwards unless it was moved.

    It has the mode and owner of `before`, and with `times` its times; a `private` one is its owner's alone. Files that
    killed runs have left beside the same target are removed. Raises `OSError`.
    """
    _remove_leftovers(target)
    # Nobody may read it before it has the mode of the file that it replaces.
    aside, descriptor = _create(target, 0o666 if before is None and not private else 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if before is not None:
                _take_over(descriptor, before)
            if private:
                os.fchmod(descriptor, 0o600)
            if before is not None and times:
                os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))
            os.fsync(descriptor)
            yield aside
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def move_to_free(aside: Path, place: Path) -> bool:
    """Give the file the name `place` unless that is taken; whether it did. Raises `OSError`."""
    try:
        os.link(aside, place)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return _copy_to_free(aside, place)
    return True


def _copy_to_free(aside: Path, place: Path) -> bool:
    """The same where the file system has no hard links: in two steps, undone when the second one fails."""
    import shutil

    try:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    try:
        shutil.copy2(aside, place)
    except BaseException:
        place.unlink()
        raise
    return True


def _create(target: Path, mode: int) -> tuple[Path, int]:
    while True:
        aside = target.with_name(f"{_stem(target)}{secrets.token_hex(6)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another run may have taken it for a leftover before it was locked.
        if os.fstat(descriptor).st_nlink:
            return aside, descriptor
        os.close(descriptor)


def _stem(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}.buildx-tasks-"


def _remove_leftovers(target: Path) -> None:
    """Remove the files of runs that were killed: nobody holds their lock any more."""
    ours = re.compile(re.escape(_stem(target)) + "[0-9a-f]{12}")
    with contextlib.suppress(OSError):
        for path in target.parent.iterdir():
            if ours.fullmatch(path.name):
                _remove_unlocked(path)


def _remove_unlocked(path: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        finally:
            os.close(descriptor)


def _take_over(descriptor: int, before: os.stat_result) -> None:
    """Give the new file the old one's owner, as far as we may, and then its mode: a change of owner clears bits."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
