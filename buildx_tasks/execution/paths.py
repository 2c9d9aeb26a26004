"""What is at a path that a user wrote: one too long, impossible or out of reach names nothing.

`pathlib` raises for some of these; a name that no file can have is a file that is not there.
"""

from __future__ import annotations

import errno
import os.path
import stat
from pathlib import Path

LARGEST_FILE = 16_000_000
"""Bytes of the largest file that is read because a config names it, such as a Dockerfile."""


def exists(path: Path | str) -> bool:
    """Whether there is something at `path`, links followed."""
    return os.path.exists(path)  # noqa: PTH110 - unlike pathlib's it never raises


def is_file(path: Path | str) -> bool:
    """Whether there is a file at `path`, links followed."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path | str) -> bool:
    """Whether there is a folder at `path`, links followed."""
    return os.path.isdir(path)  # noqa: PTH112


def is_link(path: Path | str) -> bool:
    """Whether there is a symbolic link at `path`."""
    return os.path.islink(path)  # noqa: PTH114


def read_regular(path: Path | str, limit: int = LARGEST_FILE) -> bytes:
    """The content of a regular file. Raises `OSError` for any other kind and for more than `limit` bytes.

    A path of a config may lead to a device without an end (``/dev/zero``) or to a pipe that nobody writes to.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        # The size of files in /proc is 0 whatever they hold.
        data = stream.read(limit + 1) if status.st_size <= limit else b""
        if status.st_size > limit or len(data) > limit:
            raise OSError(errno.EFBIG, f"it has more than {limit} bytes", str(path))
        return data


def read_start(path: Path | str, limit: int) -> bytes:
    """At most `limit` bytes of the file at `path`, a pipe or a device included. Raises `OSError`."""
    with open(path, "rb") as stream:  # noqa: PTH123 - the path may be a text
        return stream.read(limit)
