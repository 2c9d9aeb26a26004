"""What all instances on a machine share, counted: the kernel's binfmt entries, and who uses them.

A folder of its own holds one file for each user; whoever leaves last undoes what the first one did.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.lab.layout import SHARED, Layout


@contextmanager
def locked(folder: Path = SHARED) -> Iterator[Path]:
    """Hold the shared folder alone; it is there inside, and goes again when it ends up empty."""
    while True:
        folder.mkdir(mode=0o755, exist_ok=True)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # the last user removed it just now
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists() and os.fstat(descriptor).st_ino == folder.stat().st_ino:
            break
        os.close(descriptor)
    try:
        yield folder
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()
        os.close(descriptor)


def join(folder: Path, layout: Layout, thing: str) -> None:
    """Note that an instance uses a shared thing."""
    (folder / f"{thing}.{layout.ident}").write_text(str(layout.run))


def leave(folder: Path, layout: Layout, thing: str) -> bool:
    """Forget that an instance uses a shared thing; whether nobody uses it any more."""
    (folder / f"{thing}.{layout.ident}").unlink(missing_ok=True)
    for note in folder.glob(f"{thing}.*"):
        if not Path(note.read_text()).is_dir():  # its run folder was removed by hand
            note.unlink()
    return not any(folder.glob(f"{thing}.*"))
