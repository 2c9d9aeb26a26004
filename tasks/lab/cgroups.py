"""The cgroups under which an instance's containers run: end what is left in them, then remove them."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def remove(name: str, root: Path = ROOT) -> None:
    """Remove a cgroup with everything below it from every hierarchy; a container that lives on is killed."""
    for top in _find(name, root):
        folders = sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True)
        for folder in (*folders, top):
            _remove_one(folder)


def remove_empty(name: str, root: Path = ROOT) -> None:
    """Remove a cgroup from every hierarchy in which nothing is below it."""
    for top in _find(name, root):
        if not any(path.is_dir() for path in top.iterdir()):
            _remove_one(top)


def _find(name: str, root: Path) -> list[Path]:
    return [path for path in (root / name, *sorted(root.glob(f"*/{name}"))) if path.is_dir()]


def _remove_one(folder: Path) -> None:
    deadline = time.monotonic() + 5
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            _kill_members(folder)
            time.sleep(0.05)


def _kill_members(folder: Path) -> None:
    for line in (folder / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(line), signal.SIGKILL)
