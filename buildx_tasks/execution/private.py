"""Files and folders of our own that nobody else can read."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def private_opener(path: str, flags: int) -> int:
    """An opener for `open` that creates files which their owner alone can read."""
    return os.open(path, flags, 0o600)


def private_folder(path: Path) -> None:
    """Make a folder of our own, which nobody else can look into, with all above it. Raises `OSError`."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        with contextlib.suppress(OSError):
            path.chmod(0o700)
