"""Which results are known: a file that maps the key of a build to the digest of what came out of it."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import locked, write_atomic

FORMAT = 1
LIMIT = 5000
DAY = 86400
NAME = "artifacts.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One result: the `digest` that a registry knows it by, the image `id` in a docker daemon; one may be ""."""

    digest: str = ""
    id: str = ""
    used: int = 0

    def merged(self, other: Entry) -> Entry:
        """This entry with what `other`, the newer one, says."""
        return Entry(digest=other.digest or self.digest, id=other.id or self.id, used=max(self.used, other.used))


class ArtifactStore:
    """The entries as they were when the file was read; what is added is written by `save`, at once or not at all.

    Several processes may use one file: `save` merges under a lock. Raises `CannotStart` for a file that holds
    something else; a missing or broken one is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.today = int(time.time() // DAY)
        self._entries = _read(path)
        self._added: dict[str, Entry] = {}

    def get(self, key: str) -> Entry | None:
        """The entry of a key; asking for it keeps it from being forgotten."""
        entry = self._added.get(key) or self._entries.get(key)
        if entry is not None and entry.used != self.today:
            self._added[key] = Entry(digest=entry.digest, id=entry.id, used=self.today)
        return entry

    def put(self, key: str, *, digest: str = "", image_id: str = "") -> None:
        """Add what is known of a result."""
        new = Entry(digest=digest, id=image_id, used=self.today)
        self._added[key] = (self._added.get(key) or Entry()).merged(new)

    def save(self) -> None:
        """Write what was added. Raises `CannotStart`."""
        if not self._added:
            return
        with locked(self.path):
            entries = _read(self.path)
            for key, entry in self._added.items():
                entries[key] = entries.get(key, Entry()).merged(entry)
            kept = sorted(entries.items(), key=lambda item: item[1].used)[-LIMIT:]
            text = json.dumps({"format": FORMAT, "entries": dict(map(_written, kept))})
            # A file that the user has named may be there for several users.
            write_atomic(self.path, text.encode(), private=self.path.name == NAME or not self.path.exists())
        self._entries = dict(kept)
        self._added.clear()


def _written(item: tuple[str, Entry]) -> tuple[str, dict[str, str | int]]:
    key, entry = item
    said = {"digest": entry.digest, "id": entry.id}
    return key, {**{name: text for name, text in said.items() if text}, "used": entry.used}


def _read(path: Path) -> dict[str, Entry]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CannotStart(f"{path} can't be read: {error.strerror}") from error
    with contextlib.suppress(ValueError, RecursionError):
        content = json.loads(data)
        if isinstance(content, dict) and "format" in content:
            return _entries(content) if content["format"] == FORMAT else {}
    if path.name == NAME or not data.strip():
        return {}
    raise CannotStart(f"{path} is not an artifact cache of buildx-tasks", "name another file in cache-file")


def _entries(content: Mapping[str, object]) -> dict[str, Entry]:
    found = content.get("entries")
    if not isinstance(found, dict):
        return {}
    return {
        str(key): Entry(digest=_text(entry.get("digest")), id=_text(entry.get("id")), used=_number(entry.get("used")))
        for key, entry in found.items()
        if isinstance(entry, dict)
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
