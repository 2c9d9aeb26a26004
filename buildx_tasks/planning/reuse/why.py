"""Why an artifact is built: what changed since its last known build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from buildx_tasks.model.secrets import looks_secret, masked

UNKNOWN = "no earlier build is known here"
OTHER = "something else changed that is not recorded"
SHOWN = 3
"""How many files are named; the rest is counted."""
DIGITS = 16

OPTIONS = {
    "cli_flags": "cliFlags",
    "add_hosts": "addHost",
    "cache_to": "inline cache",
    "named_contexts": "build contexts",
    "shm_size": "shmSize",
    "attestations": "attestations",
    "tool": "the tool that builds",
    "command": "the build command",
}
"""Fields of a request whose name for users is another than the field's."""
PARTS = {
    "dockerfile": "the Dockerfile",
    "hooks": "hooks",
    "platforms": "platforms",
    "environment": "variables that docker reads",
    "variables": "variables of the command",
    "required": "requires",
    "version": "how keys are made",
}


@dataclass(frozen=True, slots=True)
class Record:
    """What a build was made from: a short digest of each part by its kind and name, and of each file by its path."""

    parts: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """The record as JSON has it."""
        return {"format": 1, "parts": self.parts, "files": self.files}

    @classmethod
    def from_json(cls, data: Any) -> Record | None:
        """The record that `to_json` wrote; None for anything else."""
        if not isinstance(data, Mapping) or data.get("format") != 1:
            return None
        parts, files = data.get("parts"), data.get("files")
        if not isinstance(parts, Mapping) or not isinstance(files, Mapping):
            return None
        texts = {str(kind): _texts(inner) for kind, inner in parts.items() if isinstance(inner, Mapping)}
        return cls(parts=texts, files=_texts(files))


def make_record(parts: Mapping[str, Any], entries: Mapping[str, Mapping[str, str]], *, stored: bool = True) -> Record:
    """The record of a build from the parts of its key and the entries of its contexts.

    Values are digests, and there is one of everything, which alone tells a change that is not recorded. Of a build arg
    that looks like a secret nothing is kept, since a digest of a short value can be turned back; a record that is not
    `stored` has those too, and folders that only their modes tell.
    """
    request: Mapping[str, Any] = parts["request"]
    found: dict[str, dict[str, str]] = {"option": {}, "build arg": {}, "label": {}, "annotation": {}, "image": {}}
    for name, value in request.items():
        if name == "build_args":
            found["build arg"] = {
                arg: _short(said)
                for arg, said in value
                if not stored or (not looks_secret(arg) and masked(said) == said)
            }
        elif name in ("labels", "annotations"):
            found[name.removesuffix("s")] = {key: _short(said) for key, said in value}
        else:
            found["option"][name] = _short(value)
    found["image"] = {image: digest[-DIGITS:] for image, digest in parts["digests"]}
    found["base"] = {image: digest[-DIGITS:] for image, digest in parts.get("locked", ())}
    found["part"] = {name: _short(parts[name]) for name in PARTS}
    found["all"] = {"": _short(parts)}
    files = {
        f"{context}:{path}" if context else path: _short(what)
        for context, inner in entries.items()
        for path, what in inner.items()
        if not (what.startswith("folder") if stored else what == "folder")
    }
    return Record(parts=found, files=files)


def explain(before: Record | None, now: Record) -> str:
    """In a few words what changed from `before` (None: nothing is known) to `now`; "" for nothing."""
    if before is None:
        return UNKNOWN
    if before == now:
        return ""
    return ", ".join(_changes(before, now)) or OTHER


def _changes(before: Record, now: Record) -> Iterator[str]:
    for name, words in PARTS.items():
        if before.parts.get("part", {}).get(name) != now.parts["part"][name]:
            yield f"{words} changed"
    yield from _files(before.files, now.files)
    for kind in ("image", "base", "build arg", "option", "label", "annotation"):
        was, now_is = before.parts.get(kind, {}), now.parts[kind]
        for name in sorted(was.keys() | now_is.keys()):
            if was.get(name) != now_is.get(name):
                yield _named(kind, name, was, now_is)


def _named(kind: str, name: str, was: Mapping[str, str], now_is: Mapping[str, str]) -> str:
    how = "changed" if name in was and name in now_is else "is new" if name in now_is else "was removed"
    if kind == "image":
        return f"required image {name} {how}"
    if kind == "base":
        return f"the locked digest of {name} {how}"
    return f"{OPTIONS.get(name, name)} {how}" if kind == "option" else f"{kind} {name} {how}"


def _files(was: Mapping[str, str], now_is: Mapping[str, str]) -> Iterator[str]:
    changed = sorted(path for path in was.keys() & now_is.keys() if was[path] != now_is[path])
    for how, paths in (
        ("changed", changed),
        ("added", sorted(now_is.keys() - was.keys())),
        ("removed", sorted(was.keys() - now_is.keys())),
    ):
        if paths:
            more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
            yield f"{', '.join(paths[:SHOWN])}{more} {how}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:DIGITS]


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): value for key, value in values.items() if isinstance(value, str)}
