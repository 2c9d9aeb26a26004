"""What was found right before: a config that has not changed need not be judged again.

Only digests of what is valid are kept, in the user's cache folder, so the worst that a lost or unwritable file
costs is time. A new version of this package, or of its schema, starts afresh.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

FILE = "verdicts"
KEPT = 2000
PACKAGE = Path(__file__).parents[1]


class Verdicts:
    """The digests in `file`; with None nothing is known and nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._known: set[str] | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Verdicts:
        """Those of the user: below $XDG_CACHE_HOME, else ``~/.cache``; none without a home."""
        home = environ.get("HOME")
        folder = environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
        return cls(Path(folder, "buildx-tasks", FILE) if folder else None)

    def holds(self, key: str) -> bool:
        """Whether `key` was remembered."""
        if self._known is None:
            self._known = set(self._lines())
        return key in self._known

    def remember(self, key: str) -> None:
        """Keep `key`; that this can't be done is no reason to stop."""
        if self.file is None or self.holds(key):
            return
        assert self._known is not None
        self._known.add(key)
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if len(self._known) > KEPT:
                self.file.unlink(missing_ok=True)
            # One short write in append mode is whole, whoever else writes.
            with self.file.open("a", encoding="ascii") as stream:
                stream.write(f"{key}\n")

    def _lines(self) -> list[str]:
        try:
            return [] if self.file is None else self.file.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError):
            return []


def key_of(kind: str, content: str) -> str:
    """The digest by which a piece of content is known; `kind` says what was judged of it."""
    digest = hashlib.sha256(f"{_code()}\n{kind}\n".encode())
    digest.update(content.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """What the judging code is: it changes with every release, and in a checkout with every edit."""
    from buildx_tasks import __version__

    folders = (PACKAGE / "document", PACKAGE / "document" / "rules", PACKAGE / "_schema", PACKAGE.parent / "schema")
    stamps = [entry.stat().st_mtime_ns for folder in folders if folder.is_dir() for entry in os.scandir(folder)]
    return f"{__version__} {max(stamps, default=0)} {len(stamps)}"
