"""BuildKit's raw progress of a bake, told apart by target: for each one the plain log that a build of its own has.

buildx puts the target's name in front of every vertex's: ``[app 2/3] RUN make``, ``[app] exporting to image``. A vertex
that targets share is announced by each of them, and what it prints belongs to all of them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_BRACKETS = re.compile(r"\[([^\s\]]+)(?: ([^\]]*))?\] ?(.*)", re.DOTALL)
_NAMED = re.compile(r"^ERROR: (?:failed to \w+: )*target ([A-Za-z0-9_-]+): ", re.MULTILINE)
_DEFINITIONS = "[internal] load local bake definitions"
_CANCELED = "context canceled"
_PUSHING = "pushing "
_PUSHED = "pushing manifest for "
_EXPORTS = ("exporting to ", "importing to ")
_CACHE_EXPORT = "exporting cache"
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

Write = Callable[[str, str], None]


@dataclass(slots=True)
class _Vertex:
    """What is shown of a vertex in one target's log."""

    number: int
    name: str
    began: str = ""
    shown: bool = False
    ended: str = ""
    told: set[tuple[str, bool]] = field(default_factory=set)


@dataclass(slots=True)
class TargetProgress:
    """What is known of one target: `error` is that of a step which failed by itself and was not cancelled.

    `pushed` are the references, with digest, whose push BuildKit has finished; `exported` and `cache_exported` say
    that the image, and the cache, were written to the end.
    """

    vertexes: dict[str, _Vertex] = field(default_factory=dict)
    shown: int = 0
    pushed: set[str] = field(default_factory=set)
    exported: bool = False
    cache_exported: bool = False
    error: str = ""


class RawProgress:
    """Reads ``--progress rawjson`` line by line and writes plain lines as ``write(target, text)``.

    What is no progress, such as docker's last words, is kept in `said`. Objects may span lines, as in buildx 0.13.
    """

    def __init__(self, names: Iterable[str], write: Write) -> None:
        self.targets = {name: TargetProgress() for name in names}
        self.write = write
        self.said: list[str] = []
        self._open: list[str] = []
        self._owners: dict[str, list[str]] = {}
        self._logged: dict[str, set[tuple[str, str]]] = {}

    def feed(self, line: str) -> None:
        """Take one line with its end."""
        if self._open or line.rstrip() == "{":
            self._open.append(line)
            if line.rstrip() != "}":
                return
            line, self._open = "".join(self._open), []
        status = _parse(line)
        if status is None:
            self.said.append(line)
        else:
            self._take(status)

    def failed(self, words: str) -> str:
        """The target whose failure ended the bake, by docker's last words; "" when it was none of them.

        buildx 0.29 names it; of 0.13 the step's own error is the rest of these words.
        """
        if (named := _NAMED.search(words)) and named[1] in self.targets:
            return named[1]
        return next((name for name, target in self.targets.items() if target.error and target.error in words), "")

    def _take(self, status: Mapping[str, Any]) -> None:
        vertexes = [(*self._owner(vertex), vertex) for vertex in status.get("vertexes") or ()]
        for owner, name, vertex in vertexes:
            if owner:
                self._begin(owner, name, vertex)
        for item in status.get("statuses") or ():
            for name in self._owners.get(item.get("vertex", ""), ()):
                self._status(name, item)
        for item in status.get("logs") or ():
            self._log(item)
        for item in status.get("warnings") or ():
            for name in self._owners.get(item.get("vertex", ""), ()):
                self.write(name, _warning(item))
        # What ends and begins anew in one breath has not ended.
        latest = {(owner, vertex.get("digest")): vertex for owner, _name, vertex in vertexes if owner}
        for (owner, _digest), vertex in latest.items():
            if vertex.get("completed"):
                self._end(owner, vertex)

    def _begin(self, owner: str, text: str, data: Mapping[str, Any]) -> None:
        digest, target = str(data.get("digest", "")), self.targets[owner]
        owners = self._owners.setdefault(digest, [])
        if owner not in owners:
            owners.append(owner)
        vertex = target.vertexes.setdefault(digest, _Vertex(0, text))
        if data.get("started") and not vertex.shown:
            target.shown += 1
            vertex.number, vertex.shown = target.shown, True
            self.write(owner, f"#{vertex.number} {text}\n")
        vertex.began = str(data.get("started") or vertex.began)

    def _end(self, owner: str, data: Mapping[str, Any]) -> None:
        target, error = self.targets[owner], str(data.get("error") or "")
        vertex = target.vertexes[str(data.get("digest", ""))]
        if not vertex.shown:
            return
        if error:
            # A process that was killed as the bake ended says so at the end of its own error.
            canceled = _CANCELED in error
            end = "CANCELED" if canceled else f"ERROR: {error}"
            if not canceled and not vertex.name.startswith("importing cache"):
                target.error = target.error or error
        else:
            end = "CACHED" if data.get("cached") else "DONE"
            target.exported |= vertex.name.startswith(_EXPORTS)
            target.cache_exported |= vertex.name.startswith(_CACHE_EXPORT)
        if end == vertex.ended or (vertex.ended and end == "DONE"):
            return
        vertex.ended = end
        took = f" {max(0.0, _seconds(vertex.began, str(data['completed']))):.1f}s" if end == "DONE" else ""
        self.write(owner, f"#{vertex.number} {end}{took}\n")

    def _status(self, owner: str, item: Mapping[str, Any]) -> None:
        target, what = self.targets[owner], str(item.get("id", ""))
        vertex = target.vertexes[str(item["vertex"])]
        done = bool(item.get("completed"))
        if done and what.startswith(_PUSHED):
            target.pushed.add(what.removeprefix(_PUSHED))
        current, total = item.get("current") or 0, item.get("total") or 0
        # Of what takes a while without an amount, the beginning is told too.
        worth_telling = done or (what.startswith(_PUSHING) and not (current or total))
        if vertex.shown and worth_telling and (what, done) not in vertex.told:
            vertex.told.add((what, done))
            size = f" {_size(current)}" if current else ""
            self.write(owner, f"#{vertex.number} {what}{size}{' done' if done else ''}\n")

    def _log(self, item: Mapping[str, Any]) -> None:
        digest, at = str(item.get("vertex", "")), str(item.get("timestamp", ""))
        owners = self._owners.get(digest, ())
        data = str(item.get("data") or "")
        if len(owners) > 1:
            # Every target that shares the vertex is told what it prints.
            seen = self._logged.setdefault(digest, set())
            if (at, data) in seen:
                return
            seen.add((at, data))
        text = base64.b64decode(data).decode("utf-8", "replace")
        for name in owners:
            vertex = self.targets[name].vertexes[digest]
            if vertex.shown:
                took = max(0.0, _seconds(vertex.began, at))
                lines = text.removesuffix("\n").split("\n")
                self.write(name, "".join(f"#{vertex.number} {took:.3f} {line}\n" for line in lines))

    def _owner(self, data: Mapping[str, Any]) -> tuple[str, str]:
        """The target of a vertex and the vertex's own name; "" for one of the bake itself."""
        name = " ".join(str(data.get("name", "")).splitlines())
        found = _BRACKETS.fullmatch(name)
        if not found or found[1] not in self.targets or name == _DEFINITIONS:
            return "", name
        return found[1], f"[{found[2]}] {found[3]}" if found[2] else found[3]


def _parse(line: str) -> Mapping[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _warning(item: Mapping[str, Any]) -> str:
    text = base64.b64decode(str(item.get("short") or "")).decode("utf-8", "replace").rstrip()
    places: list[dict[str, Any]] = item.get("range") or [{}]
    line = (places[0].get("start") or {}).get("line")
    return f" - {text}{f' (line {line})' if line else ''}\n"


def _seconds(begin: str, end: str) -> float:
    """Seconds between two moments as Go writes them, 0 when one is not known."""
    try:
        return (_moment(end) - _moment(begin)).total_seconds()
    except ValueError:
        return 0.0


def _moment(text: str) -> datetime:
    whole, _dot, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00")


def _size(count: float) -> str:
    for unit, name in _SIZES:
        if count >= unit:
            return f"{count / unit:.2f}{name}"
    return f"{count}B"
