"""Take single files out of a distribution package; its scripts never run."""

import fnmatch
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tasks.lab import process


def unpack(deb: Path, keep: Iterable[str], tree: Path) -> None:
    """Move the files of a package whose path matches one of the patterns into a tree, and forget the others."""
    patterns = tuple(keep)
    tree.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree) as folder:
        process.call(["dpkg-deb", "--extract", str(deb), folder])
        for path in sorted(Path(folder).rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_dir() or not any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                continue
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
