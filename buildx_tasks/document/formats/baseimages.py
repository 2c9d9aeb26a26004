"""Which images a Dockerfile is built from, found as BuildKit finds them: for one target, build args and platform."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from buildx_tasks.document.formats.dockerfile import Dockerfile, Instruction, stages_of
from buildx_tasks.document.formats.dockerwords import BadWordError, expand_word
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import familiar
from buildx_tasks.model.lock import BaseImages, ImageUse
from buildx_tasks.model.spec import read_csv

SCRATCH = "scratch"
ARTIFACT = "\0"
"""The value of a build arg that carries the reference of an artifact of the same config."""
_FRONTEND = re.compile(r"(?:.*/)?dockerfile(?:-upstream)?(?:[:@].*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class DockerfileUse:
    """How a Dockerfile is built.

    `args` are the build args that have a value, `platform_args` what BuildKit itself defines (``TARGETARCH``, …).
    `contexts` are the familiar names of named contexts without ``:latest``; they replace images and stages.
    """

    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    platform_args: Mapping[str, str] = field(default_factory=dict)
    contexts: Collection[str] = ()


def base_images(dockerfile: Dockerfile, use: DockerfileUse, file: str = "") -> BaseImages:
    """The images that the stages read which `use` needs, and the frontend's; `file` is the Dockerfile's name."""
    finder = _Finder(dockerfile, use, file or dockerfile.file)
    finder.frontend()
    finder.stages()
    images = tuple(ImageUse(image, place) for image, place in sorted(finder.images.items()))
    return BaseImages(images, tuple(dict.fromkeys(finder.unknown)))


def context_key(name: str) -> str:
    """How BuildKit knows a named context: the familiar name of an image without ``:latest``, others as they are."""
    try:
        return familiar(name).removesuffix(":latest")
    except CannotStart:
        return name


class _Finder:
    def __init__(self, dockerfile: Dockerfile, use: DockerfileUse, file: str) -> None:
        self.dockerfile = dockerfile
        self.use = use
        self.file = file
        self.images: dict[str, str] = {}
        self.unknown: list[str] = []
        self.parts = stages_of(dockerfile)
        self.names = {part.name: at for at, part in enumerate(self.parts) if part.name}
        self.values = self._global_args()

    def frontend(self) -> None:
        words = (self.use.args.get("BUILDKIT_SYNTAX") or self.dockerfile.syntax).split()
        if not words:
            return
        self._add(words[0], 1, "syntax")
        if not _FRONTEND.fullmatch(words[0]):
            self.unknown.append(f"{self.file}:1: the frontend {words[0]} may read other images")

    def stages(self) -> None:
        """Visit the target and every stage that it needs."""
        if not self.parts:
            return
        wanted, seen = [self._target()], set[int]()
        while wanted:
            at = wanted.pop()
            if at in seen or (self.parts[at].name and self._is_context(self.parts[at].name)):
                continue
            seen.add(at)
            wanted += self._needs(at)

    def _target(self) -> int:
        target = self.use.target.lower()
        if target.isdecimal() and int(target) < len(self.parts):
            return int(target)
        return self.names.get(target, len(self.parts) - 1)

    def _needs(self, at: int) -> Iterator[int]:
        """The stages that a stage is made from; images among what it names are noted."""
        part = self.parts[at]
        earlier = {name: number for number, name in enumerate(one.name for one in self.parts[:at]) if name}
        base = self._expanded(part.start)
        if base.lower() in earlier:
            yield earlier[base.lower()]
        elif base:
            self._add(base, part.start.line, "FROM")
        for one in part.body:
            for word in _sources(one):
                number = self.names.get(word.lower(), int(word) if word.isdecimal() else -1)
                if 0 <= number < len(self.parts):
                    yield number
                else:
                    self._add(word, one.line, one.name.upper())

    def _expanded(self, start: Instruction) -> str:
        """The name after FROM with its build args, "" when it has none."""
        word = start.words[0] if start.words else ""
        try:
            text = expand_word(word, self.values)
        except BadWordError as error:
            text, word = "", f"{word}: {error}"
        if not text:
            self.unknown.append(f"{self.file}:{start.line}: FROM {word}: a build arg has no value")
        return text

    def _add(self, word: str, line: int, what: str) -> None:
        if word in (SCRATCH, ARTIFACT) or self._is_context(word):
            return
        place = f"{self.file}:{line}"
        if "$" in word or ARTIFACT in word:
            shown = word.replace(ARTIFACT, "ARTIFACT")
            self.unknown.append(f"{place}: {what} {shown}: which image that is can't be told")
            return
        try:
            image = familiar(word)
        except CannotStart as error:
            self.unknown.append(f"{place}: {what}: {error.message}")
            return
        if "@" not in image:
            self.images.setdefault(image, place)

    def _is_context(self, word: str) -> bool:
        return bool(self.use.contexts) and context_key(word) in self.use.contexts

    def _global_args(self) -> dict[str, str]:
        """The variables of FROM lines: what BuildKit defines, and the ARG lines before the first stage."""
        values = dict(self.use.platform_args)
        values |= {name: self.use.args[name] for name in values if name in self.use.args}
        for one in self.dockerfile.instructions:
            if one.name == "from":
                break
            for word in one.words if one.name == "arg" else ():
                name, equals, default = word.partition("=")
                if name in self.use.args:
                    values[name] = self.use.args[name]
                elif equals:
                    values[name] = self._default(default, values)
        return values

    def _default(self, text: str, values: Mapping[str, str]) -> str:
        try:
            return expand_word(text, values)
        except BadWordError:
            return ""


def _sources(one: Instruction) -> Iterator[str]:
    """The stages and images that one instruction copies or mounts from."""
    if one.name == "copy":
        for flag in one.flags:
            if flag.startswith("--from="):
                yield flag.removeprefix("--from=")
    elif one.name == "run":
        for flag in one.flags:
            if flag.startswith("--mount="):
                yield from _mounted(flag.removeprefix("--mount="))


def _mounted(text: str) -> Iterator[str]:
    try:
        pairs = dict(part.partition("=")[::2] for part in read_csv(text))
    except CannotStart:
        return
    if pairs.get("from") and pairs.get("type", "bind") in ("bind", "cache"):
        yield pairs["from"]
