"""Paths as a file for others shows them: relative within the project, so that the file can be committed."""

from __future__ import annotations

import os
from pathlib import PurePath


def is_outside(folder: str, path: str) -> bool:
    """Whether `path`, absolute or relative to `folder`, is not below it."""
    return os.path.relpath(PurePath(folder, path), folder).split(os.sep, 1)[0] == os.pardir


def shown(folder: str, path: str) -> str:
    """An absolute path below `folder` relative to it; any other path as it is."""
    return os.path.relpath(path, folder) if PurePath(path).is_absolute() and not is_outside(folder, path) else path


def absolute(folder: str, path: str) -> str:
    """`path` without ``.`` and ``..``, taken relative to `folder`."""
    return os.path.normpath(PurePath(folder, path))
