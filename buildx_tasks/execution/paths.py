"""What is at a path that a user wrote: one too long, impossible or out of reach names nothing.

`pathlib` raises for some of these; a name that no file can have is a file that is not there.
"""

from __future__ import annotations

import os.path
from pathlib import Path


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
