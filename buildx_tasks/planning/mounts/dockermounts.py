"""The cache mounts of a Dockerfile's RUN steps, as BuildKit tells them apart.

Source: https://docs.docker.com/reference/dockerfile/#run---mounttypecache and BuildKit's dockerfile2llb: the id is the
one given or the cleaned target, as it is written; uid, gid or mode make it a mount of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from buildx_tasks.document.formats.dockerfile import Dockerfile, Instruction
from buildx_tasks.document.formats.dockerignore import clean
from buildx_tasks.document.formats.dockerwords import BadWordError, expand_word
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.mounts import SHARED, SHARING, CacheMount, Owner
from buildx_tasks.model.platform import Platform
from buildx_tasks.model.spec import read_csv

NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
_PLAIN_ID = re.compile(r"[\w./:@+=~%-]+")


class FoundMounts(NamedTuple):
    """The mounts in the order of the file, each once; and a text for each that can't be kept, with its line."""

    mounts: tuple[CacheMount, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MountScope:
    """What decides about mounts besides the Dockerfile.

    `build_args` are those of the command, None for one that is known only when it runs. `native` is the platform that
    builds. `file` is the Dockerfile in messages.
    """

    platform: Platform
    native: Platform
    target: str = ""
    file: str = "Dockerfile"
    build_args: Mapping[str, str | None] = field(default_factory=dict)


def find_mounts(dockerfile: Dockerfile, scope: MountScope) -> FoundMounts:
    """The cache mounts of the stages that are built."""
    mounts: dict[CacheMount, None] = {}
    unknown: list[str] = []
    for found in _MountReader(dockerfile, scope).mounts():
        if isinstance(found, CacheMount):
            mounts.setdefault(found)
        else:
            unknown.append(found)
    return FoundMounts(tuple(mounts), tuple(dict.fromkeys(unknown)))


class _Missing(Exception):
    """A word has a variable whose value nobody here knows."""


class _Variables(dict[str, str]):
    """Variables as they are set so far. With `is_open` the base image may have others.

    `settled` are the names that it can't have any more, `doubtful` those with a value that is not known.
    """

    def __init__(self, *, is_open: bool = False) -> None:
        super().__init__()
        self.is_open = is_open
        self.settled: set[str] = set()
        self.doubtful: set[str] = set()
        self.asked: list[str] = []

    def __bool__(self) -> bool:
        return True

    def copied(self) -> _Variables:
        """The same variables, to be changed apart from these."""
        new = _Variables(is_open=self.is_open)
        new.update(self)
        new.settled, new.doubtful = set(self.settled), set(self.doubtful)
        return new

    def get(self, name: str, default: Any = None) -> Any:
        """The value, and a note in `asked` when nobody here knows it."""
        if name in self.doubtful or (self.is_open and name not in self.settled):
            self.asked.append(name)
        return super().get(name, default)

    def put(self, name: str, value: str | None, *, known: bool = True) -> None:
        """Set a variable, or with None say that it has no value of its own."""
        self.settled.add(name)
        self.doubtful.discard(name)
        if not known:
            self.doubtful.add(name)
        if value is not None:
            self[name] = value

    def expand(self, word: str) -> str:
        """The word with its variables. Raises `_Missing` with the first one that is not known."""
        self.asked.clear()
        try:
            text = expand_word(word, self)
        except BadWordError:
            raise _Missing(word) from None
        if self.asked:
            raise _Missing(f"${self.asked[0]}")
        return text

    def put_word(self, name: str, word: str) -> None:
        """Set a variable to what `word` means."""
        try:
            self.put(name, self.expand(word))
        except _Missing:
            self.put(name, None, known=False)

    def take(self, name: str, other: _Variables) -> None:
        """Set a variable as `other` has it."""
        self.put(name, dict.get(other, name), known=name not in other.doubtful)


class _MountReader:
    def __init__(self, dockerfile: Dockerfile, scope: MountScope) -> None:
        self.dockerfile = dockerfile
        self.scope = scope
        self.namespace = scope.build_args.get(NAMESPACE) or ""
        self.globals = _Variables()
        for name, value in _platform_args(scope):
            self.globals.put(name, value)
        for one in dockerfile.instructions:
            if one.name == "from":
                break
            if one.name == "arg":
                self._declare(one, self.globals, {})

    def mounts(self) -> Iterator[CacheMount | str]:
        """Every cache mount, or a text about it."""
        ends: dict[str, _Variables] = {}
        for name, start, body in self.dockerfile.needed_stages(self.scope.target, self._base):
            base = self._base(start.words[0])
            parent = ends.get(base.lower()) or _Variables(is_open=base != "scratch")
            environment, here = parent.copied(), parent.copied()
            for one in body:
                if one.name == "arg":
                    self._declare(one, here, environment)
                elif one.name == "env":
                    for key, word in zip(one.words[::2], one.words[1::2], strict=False):
                        here.put_word(key, word)
                        environment.take(key, here)
                elif one.name == "run":
                    yield from self._of_run(one, here)
            ends[name] = environment

    def _base(self, word: str) -> str:
        try:
            return self.globals.expand(word)
        except _Missing:
            return word

    def _declare(self, one: Instruction, here: _Variables, environment: Mapping[str, str]) -> None:
        """ARG: the build arg, else the default, else what the ARG before the first FROM says; an ENV stays."""
        for word in one.words:
            name, equals, default = word.partition("=")
            if name in environment:
                continue
            if name in self.scope.build_args:
                value = self.scope.build_args[name]
                here.put(name, value, known=value is not None)
            elif equals:
                here.put_word(name, default)
            elif here is not self.globals:
                outside = self.globals if name in self.globals.settled else None
                here.put(name, None) if outside is None else here.take(name, outside)

    def _of_run(self, one: Instruction, here: _Variables) -> Iterator[CacheMount | str]:
        for flag in one.flags:
            name, _equals, text = flag.partition("=")
            if name != "--mount":
                continue
            try:
                pairs = self._pairs(text, here)
                if pairs.get("type") == "cache":
                    yield _cache_mount(pairs, self.namespace)
            except _Missing as missing:
                if "cache" in text:
                    yield f"{self.scope.file}:{one.line}: {missing}, which it depends on, is not known here"
            except _Odd as odd:
                yield f"{self.scope.file}:{one.line}: it {odd}"

    def _pairs(self, text: str, here: _Variables) -> dict[str, str]:
        try:
            fields = [item.partition("=") for item in read_csv(text)]
        except CannotStart:
            return {}
        found = {key.lower(): value for key, _equals, value in fields}
        if here.expand(found.get("type", "")).lower() != "cache":
            return {}
        return {key: here.expand(value) for key, value in found.items()} | {"type": "cache"}


class _Odd(Exception):
    """A mount that another build can't have."""


def _cache_mount(pairs: Mapping[str, str], namespace: str) -> CacheMount:
    """The mount; raises `_Odd` for one that begins as a copy of an image, or whose options are not valid."""
    if pairs.get("from"):
        raise _Odd(f"begins as a copy of {pairs['from']} (from=)")
    source = pairs.get("source", pairs.get("src", ""))
    if clean(f"/{source}") != "/":
        raise _Odd(f"shows only the folder {source} (source=)")
    target = next((pairs[key] for key in ("target", "dst", "destination") if key in pairs), "")
    name = pairs.get("id") or clean(target)
    if not _PLAIN_ID.fullmatch(name):
        raise _Odd(f"has an id with unusual characters: {name!r}")
    sharing = pairs.get("sharing", SHARED).lower()
    if sharing not in SHARING:
        raise _Odd(f"has the unknown sharing {sharing!r}")
    return CacheMount(id=name, owner=_owner(pairs), namespace=namespace, sharing=sharing)


def _owner(pairs: Mapping[str, str]) -> Owner | None:
    if not {"uid", "gid", "mode"} & pairs.keys():
        return None
    try:
        numbers = {key: int(pairs[key], 8 if key == "mode" else 10) for key in Owner._fields if key in pairs}
    except ValueError:
        raise _Odd("has a uid, gid or mode that is not a number") from None
    return Owner(**numbers)


def _platform_args(scope: MountScope) -> Iterator[tuple[str, str]]:
    """The build args that BuildKit sets by itself."""
    for prefix, platform in (("TARGET", scope.platform), ("BUILD", scope.native)):
        yield f"{prefix}PLATFORM", str(platform)
        yield f"{prefix}OS", platform.os
        yield f"{prefix}ARCH", platform.arch
        yield f"{prefix}VARIANT", platform.variant
