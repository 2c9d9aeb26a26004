"""What was found out before and can't have changed: that a config is valid, which version a plugin has.

Kept in the user's cache folder under digests of what it depends on, so the worst that a lost or unwritable file
costs is time. A new version of this package, of its schema or of the libraries that judge starts afresh.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from buildx_tasks.execution.private import private_folder, private_opener

FILE = "verdicts"
KEPT = 2000
DIGITS = 64
PACKAGE = Path(__file__).parents[1]
LIBRARIES = ("jsonschema", "packaging", "yaml")
"""What verdicts depend on besides this package and Python itself."""


class VerdictCache:
    """Words by digest, in `file`; with None nothing is known and nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._known: dict[str, str] | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> VerdictCache:
        """The user's: below $XDG_CACHE_HOME, else ``~/.cache``; none without a home."""
        home = environ.get("HOME")
        folder = environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
        return cls(Path(folder, "buildx-tasks", FILE) if folder else None)

    def recall(self, key: str) -> str | None:
        """What was kept under `key`, None when nothing was."""
        if self._known is None:
            self._known = dict(self._lines())
        return self._known.get(key)

    def holds(self, key: str) -> bool:
        """Whether `key` was kept."""
        return self.recall(key) is not None

    def keep(self, key: str, word: str = "-") -> None:
        """Keep a word without blanks under `key`; that this can't be done is no reason to stop."""
        if self.file is None or self.recall(key) == word:
            return
        assert self._known is not None
        self._known[key] = word
        with contextlib.suppress(OSError):
            private_folder(self.file.parent)
            if len(self._known) > KEPT:
                self.file.unlink(missing_ok=True)
            # One short write in append mode is whole, whoever else writes.
            with open(self.file, "a", encoding="ascii", opener=private_opener) as stream:
                os.fchmod(stream.fileno(), 0o600)
                stream.write(f"{key} {word}\n")

    def _lines(self) -> Iterator[tuple[str, str]]:
        try:
            text = "" if self.file is None else self.file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return
        for line in text.splitlines():
            key, blank, word = line.partition(" ")
            if blank and len(key) == DIGITS:
                yield key, word


def key_of(kind: str, content: str) -> str:
    """The digest by which a piece of content is known; `kind` says what was found out about it."""
    digest = hashlib.sha256(f"{_code()}\n{kind}\n".encode())
    digest.update(content.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """What the judging code is: it changes with every release, with every edit, and with the libraries that judge."""
    from buildx_tasks import __version__

    folders = (PACKAGE, PACKAGE.parent / "schema")
    stamps = sorted(stamp for folder in folders for stamp in _stamps(str(folder)))
    # find_spec() imports none of them: a known verdict saves just that.
    specs = (importlib.util.find_spec(name) for name in LIBRARIES)
    libraries = [f"{spec.origin} {os.stat(spec.origin).st_mtime_ns}" for spec in specs if spec and spec.origin]  # noqa: PTH116
    content = "\n".join((__version__, sys.version, *stamps, *libraries))
    return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()


def _stamps(folder: str) -> Iterator[str]:
    """Path, size and time of every Python and JSON file below a folder; none for a folder that is not there."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.endswith((".py", ".json")):
            status = entry.stat()
            yield f"{entry.path} {status.st_size} {status.st_mtime_ns}"
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _stamps(entry.path)
