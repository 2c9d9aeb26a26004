"""Values that a shell completes for our program: artifacts, profiles, modules, platforms, builders, settings, choices.

Invoke completes tasks and flags and leaves values alone, without a way in for others, so only the program
``buildx-tasks`` has them. Nothing is run for it: docker and git are not asked, and a config that can't be read gives
nothing.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from buildx_tasks.execution.config.inputs import DEFAULT_NAMES
from buildx_tasks.model.layers import kind_of
from buildx_tasks.model.settings import ALIASES, CHOICES, CONFIG_KEYS, KEYS

PLATFORMS = ("all", "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x", "linux/ppc64le", "linux/riscv64")
FORMATS = {
    "affected": ("text", "json", "github", "gitlab"),
    "plan": ("text", "full", "json", "bake", "mermaid", "dot"),
    "check": ("text", "json", "github"),
    "validate": ("text", "json", "github"),
}
USUAL_FORMATS = ("text", "json")
MOST_FILES = 50


def completed_values(invocation: str, environ: Mapping[str, str], cwd: Path) -> list[str] | None:
    """The values for the last word of `invocation`, a command line up to the cursor; None where no value belongs.

    A word after a flag is its value, also behind ``=``, which some shells make a word of its own. Bash and zsh leave an
    empty word out, so a flag at the end gets its values too; the shell drops them where the flag is still being typed.
    """
    try:
        words = shlex.split(invocation)
    except ValueError:
        return None
    if invocation.endswith(" ") or not words:
        words.append("")
    *before, current = words
    flag, equals, _value = current.partition("=")
    if equals and flag.startswith("--"):
        return [f"{flag}={value}" for value in _values(flag, before, environ, cwd) or ()]
    if current == "=":
        return _values(before[-1], before, environ, cwd) if before else None
    if before and before[-1] == "=":
        before = before[:-1]
    if not before:
        return [current, *_keys(current)] if _takes_key(current) else None
    if current.startswith("--") and not _is_boolean(current):
        return _values(current, before, environ, cwd)
    if before[-1].startswith("--") and not current.startswith("-"):
        return _values(before[-1], before, environ, cwd)
    if _takes_key(before[-1]) and not current.startswith("-"):
        return _keys(before[-1])
    return [current, *_keys(current)] if _takes_key(current) else None


def _takes_key(word: str) -> bool:
    """Whether a word is a task whose next word is a key of the global config."""
    return re.search(r"config\.(get|set|unset)$", word) is not None


def _keys(task: str) -> list[str]:
    return [*CONFIG_KEYS, *KEYS] if task.endswith("get") else [*CONFIG_KEYS]


def _is_boolean(flag: str) -> bool:
    """Whether a flag need not have a value, so that another word may follow it."""
    key = flag.removeprefix("--")
    key = ALIASES.get(key, key)
    return key in KEYS and kind_of(key) == "boolean"


def _values(flag: str, words: list[str], environ: Mapping[str, str], cwd: Path) -> list[str] | None:
    name = flag.removeprefix("--")
    key = ALIASES.get(name, name)
    if key in CHOICES:
        return list(CHOICES[key])
    if key == "format":
        task = next((word.rpartition(".")[2] for word in reversed(words) if "." in word), "")
        return list(FORMATS.get(task, USUAL_FORMATS))
    if key in KEYS and kind_of(key) == "boolean":
        return ["true", "false"]
    if key == "platform":
        return list(PLATFORMS)
    if key in ("builder", "name"):
        return list(dict.fromkeys(_builders(environ, cwd, words)))
    find = _FROM_CONFIG.get(key)
    return list(dict.fromkeys(find(_documents(words, cwd)))) if find else None


def _builders(environ: Mapping[str, str], cwd: Path, words: list[str]) -> Iterator[str]:
    from buildx_tasks.execution.docker.docker_state import known_builders

    for document in _documents(words, cwd):
        declared = _part(document, ".buildx").get("builders")
        yield from declared if isinstance(declared, Mapping) else ()
    yield from known_builders(environ, environ.get("HOME", str(Path.home())))
    yield from ("default", "off")


def _artifacts(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for document in documents:
        for artifact in _part(document, "build").get("artifacts") or ():
            if isinstance(artifact, Mapping) and isinstance(artifact.get("image"), str):
                yield artifact["image"]


def _profiles(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for document in documents:
        for profile in document.get("profiles") or ():
            if isinstance(profile, Mapping) and isinstance(profile.get("name"), str):
                yield profile["name"]


def _modules(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for document in documents:
        if isinstance(name := _part(document, "metadata").get("name"), str):
            yield name


_FROM_CONFIG: dict[str, Callable[[Iterable[Mapping[str, Any]]], Iterator[str]]] = {
    "artifact": _artifacts,
    "build-image": _artifacts,
    "profile": _profiles,
    "module": _modules,
}


def _documents(words: list[str], cwd: Path) -> Iterator[Mapping[str, Any]]:
    """The documents of the named config, or the usual one, and of the files that they require from this machine."""
    named = [value for flag, value in pairwise(words) if flag in ("--filename", "-f")]
    waiting = [cwd / name for name in named or DEFAULT_NAMES]
    seen: set[str] = set()
    while waiting and len(seen) < MOST_FILES:
        path = waiting.pop(0)
        if path.is_dir():
            waiting += [path / name for name in DEFAULT_NAMES]
            continue
        if os.path.realpath(path) in seen or not path.is_file():
            continue
        seen.add(os.path.realpath(path))
        for document in _read(path):
            yield document
            required = document.get("requires")
            for item in required if isinstance(required, list) else ():
                if isinstance(item, Mapping) and isinstance(item.get("path"), str) and not item.get("git"):
                    waiting.append(path.parent / item["path"])


def _read(path: Path) -> list[Mapping[str, Any]]:
    from buildx_tasks.document.yaml.nodes import YamlProblem
    from buildx_tasks.document.yaml.source import parse

    try:
        documents = parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlProblem):
        return []
    return [document.data for document in documents if isinstance(document.data, dict)]


def _part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = data.get(key)
    return part if isinstance(part, Mapping) else {}
