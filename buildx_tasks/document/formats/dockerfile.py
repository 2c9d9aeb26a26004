"""Dockerfiles as instructions: directives, comments, continuations, heredocs, flags, JSON and plain arguments.

Only what the inputDigest tag policy and the declared build args need; BuildKit is the judge of a Dockerfile.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from buildx_tasks.document.formats.dockerwords import BadWordError, expand_word, split_words, word_end
from buildx_tasks.errors import CannotStart

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = ("syntax", "escape", "check")
_HEREDOC = re.compile(r"\d*<<(-?)\s*([^<]+)")
_WITH_HEREDOC = ("add", "copy", "run")
_WORDS = ("from", "expose", "add", "copy", "volume")
_JSON_FORM = ("add", "copy", "volume", "run", "cmd", "entrypoint", "shell", "healthcheck")
_PAIRS = ("env", "label")
_WHOLE = ("workdir", "user", "stopsignal", "maintainer")
_KNOWN = frozenset((*_WORDS, *_JSON_FORM, *_PAIRS, *_WHOLE, "arg", "onbuild"))
_MAY_BE_EMPTY = ("run", "cmd", "entrypoint", "shell")
_STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*")


class DockerfileError(CannotStart):
    """A Dockerfile that can't be read, with file and line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction: `name` in lower case, its `flags` (``--from=x``) and its arguments.

    `words` are name and value by turns for ENV and LABEL, one whole text where the instruction takes one, and
    still hold quotes and variables.
    """

    name: str
    words: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Dockerfile:
    """The instructions in order; `file` is its name for messages, `syntax` the frontend that it asks for."""

    instructions: tuple[Instruction, ...]
    file: str = "Dockerfile"
    syntax: str = ""

    def declared_args(self) -> frozenset[str]:
        """The build args that an ARG of any stage declares: of each line the first, as Skaffold counts."""
        return frozenset(one.words[0].partition("=")[0] for one in self.instructions if one.name == "arg" and one.words)

    def has_stage(self, target: str) -> bool:
        """Whether there is a stage of this name, or of this number from 0 on."""
        stages = _stages(self.instructions)
        if target.isdecimal() and int(target) < len(stages):
            return True
        return any(name == target.lower() for name, _start, _body in stages)

    def runs_on_target(self, target: str = "") -> bool:
        """Whether a RUN that the stage `target` ("" for the last) needs is run on the platform that is built.

        A stage ``FROM --platform=…`` of another platform runs there, which is how images are cross-compiled. What a
        base image asks for with ONBUILD is not seen.
        """
        needed = self.needed_stages(target)
        return any(_is_target(start) and any(one.name == "run" for one in body) for _name, start, body in needed)

    def needed_stages(self, target: str = "", base_of: Callable[[str], str] = str) -> tuple[DockerfileStage, ...]:
        """The stages that the stage `target` ("" for the last) is made from and itself, in the order of the file.

        `base_of` expands the variables of a FROM.
        """
        stages = _stages(self.instructions)
        names = {name: at for at, (name, _from, _body) in enumerate(stages) if name}
        is_number = target.isdecimal() and int(target) < len(stages)
        wanted = [int(target) if is_number else names.get(target.lower(), len(stages) - 1)] if stages else []
        seen: set[int] = set()
        while wanted:
            at = wanted.pop()
            if at in seen:
                continue
            seen.add(at)
            _name, start, body = stages[at]
            needed = [*map(base_of, start.words[:1]), *_sources(body)]
            wanted += [names[word.lower()] for word in needed if names.get(word.lower(), at) < at]
            wanted += [int(word) for word in _sources(body) if word.isdecimal() and int(word) < at]
        return tuple(stages[at] for at in sorted(seen))


def parse_dockerfile(text: str, file: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile; raises DockerfileError for what BuildKit's parser refuses.

    Unless a ``# syntax=`` directive names another frontend, unknown instructions and missing arguments are refused.
    """
    reader = _DockerfileReader(text, file)
    found = tuple(reader.instructions())
    if not found:
        raise DockerfileError(f"{file}: the file has no instructions")
    if "syntax" not in reader.directives:
        _check(found, file)
    return Dockerfile(instructions=found, file=file, syntax=reader.directives.get("syntax", ""))


class DockerfileStage(NamedTuple):
    """A stage: its name in lower case, "" for none, its FROM and what follows it."""

    name: str
    start: Instruction
    body: tuple[Instruction, ...]


def stages_of(dockerfile: Dockerfile) -> list[DockerfileStage]:
    """The stages in order."""
    return _stages(dockerfile.instructions)


def _stages(instructions: tuple[Instruction, ...]) -> list[DockerfileStage]:
    starts = [at for at, one in enumerate(instructions) if one.name == "from"]
    ends = [*starts[1:], len(instructions)]
    return [
        DockerfileStage(words[2].lower() if len(words) == 3 else "", instructions[start], instructions[start + 1 : end])
        for start, end in zip(starts, ends, strict=False)
        for words in (instructions[start].words,)
    ]


def _is_target(start: Instruction) -> bool:
    said = [flag.partition("=")[2] for flag in start.flags if flag.startswith("--platform=")]
    return not said or "TARGETPLATFORM" in said[-1]


def _sources(body: tuple[Instruction, ...]) -> list[str]:
    """The stages that are copied or mounted from, among other names."""
    flags = [flag for one in body for flag in one.flags]
    copied = [flag.removeprefix("--from=") for flag in flags if flag.startswith("--from=")]
    mounts = [part for flag in flags if flag.startswith("--mount=") for part in flag.partition("=")[2].split(",")]
    return [*copied, *(part.removeprefix("from=") for part in mounts if part.startswith("from="))]


class _DockerfileReader:
    def __init__(self, text: str, file: str) -> None:
        self.lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
        self.file = file
        self.at = 0
        self.directives: dict[str, str] = {}
        self.escape = "\\"

    def wrong(self, line: int, reason: str) -> DockerfileError:
        return DockerfileError(f"{self.file}:{line}: {reason}")

    def instructions(self) -> Iterator[Instruction]:
        self.read_directives()
        while self.at < len(self.lines):
            start = self.at + 1
            line = self.logical_line()
            if line.strip():
                yield self.instruction(line, start)

    def read_directives(self) -> None:
        while self.at < len(self.lines) and (found := _DIRECTIVE.fullmatch(self.lines[self.at].strip())):
            name = found[1].lower()
            if name not in _DIRECTIVES:
                return
            if name in self.directives:
                raise self.wrong(self.at + 1, f"only one {name} parser directive can be used")
            self.directives[name] = found[2]
            self.at += 1
        self.escape = self.directives.get("escape", "\\")
        if self.escape not in ("\\", "`"):
            raise self.wrong(self.at, f"invalid escape token {self.escape!r}: it must be \\ or `")

    def logical_line(self) -> str:
        """The next line with those that continue it; comments and empty lines between them do not count."""
        pieces: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            bare = line.lstrip()
            if bare.startswith("#") or (pieces and not bare):
                if not pieces:
                    return ""
                continue
            piece, goes_on = self.continued(line if pieces else bare)
            pieces.append(piece)
            if not goes_on:
                break
        return "".join(pieces)

    def continued(self, line: str) -> tuple[str, bool]:
        """The line without an escape at its end, and whether there was one; a doubled escape is none."""
        bare = line.rstrip(" \t")
        if bare.endswith(self.escape) and not bare.endswith(self.escape * 2):
            return bare[:-1], True
        return line, False

    def instruction(self, line: str, number: int) -> Instruction:
        head, _, rest = _partition(line.strip())
        name = head.lower()
        flags, rest = _split_flags(rest, self.escape)
        try:
            words, is_json = _arguments(name, rest, self.escape)
        except (ValueError, RecursionError) as error:
            raise self.wrong(number, f"{name.upper()}: {error}") from None
        inner = _partition(rest)[0].lower() if name == "onbuild" else name
        if inner in _WITH_HEREDOC and not is_json and "<<" in line:
            self.skip_heredocs(line, number)
        return Instruction(name=name, words=words, flags=flags, line=number)

    def skip_heredocs(self, line: str, number: int) -> None:
        """Read past the bodies of the heredocs that the line opens."""
        for chomp, name in _heredocs(line):
            while True:
                if self.at >= len(self.lines):
                    raise self.wrong(number, f"heredoc {name!r} has no end")
                body = self.lines[self.at]
                self.at += 1
                if (body.lstrip("\t") if chomp else body) == name:
                    break


def _partition(text: str) -> tuple[str, str, str]:
    found = _BLANKS.search(text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _split_flags(rest: str, escape: str) -> tuple[tuple[str, ...], str]:
    """The leading ``--flag`` words, without quotes, and what follows them."""
    flags: list[str] = []
    while rest.lstrip().startswith("--"):
        rest = rest.lstrip()
        end = word_end(rest, 0, escape)
        word, rest = rest[:end], rest[end:]
        if word == "--":
            break
        try:
            flags.append(expand_word(word, None))
        except BadWordError:
            flags.append(word)
    return tuple(flags), rest.strip()


def _arguments(name: str, rest: str, escape: str) -> tuple[tuple[str, ...], bool]:
    """The words of an instruction, and whether they were a JSON array. Raises ValueError."""
    if name in _JSON_FORM and (listed := _json_words(rest)) is not None:
        return listed, True
    if name in _WORDS:
        return tuple(_BLANKS.split(rest)) if rest else (), False
    if name == "arg":
        return tuple(split_words(rest, escape)), False
    if name in _PAIRS:
        return tuple(_pairs(rest, escape)), False
    return (rest,) if rest else (), False


def _json_words(rest: str) -> tuple[str, ...] | None:
    """The strings of a JSON array, None when the text is none; ValueError when it holds anything but strings."""
    if not rest.startswith("["):
        return None
    try:
        items = json.loads(rest)
    except ValueError:
        return None
    if not all(isinstance(item, str) for item in items):
        raise ValueError("a JSON array must hold strings only")
    return tuple(items)


def _pairs(rest: str, escape: str) -> Iterator[str]:
    """Names and values by turns, of ``name=value …`` or the old ``name value``."""
    words = split_words(rest, escape)
    if words and "=" not in words[0]:
        name, blank, value = _partition(rest)
        if not blank:
            raise ValueError("two arguments are needed")
        yield from (name, value)
        return
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"{word!r} has no =")
        yield from (name, value)


def _heredocs(line: str) -> Iterator[tuple[bool, str]]:
    """Of each heredoc that the line opens: whether tabs are taken off, and the word that ends it."""
    words = split_words(line)
    for at, word in enumerate(words):
        text = word + words[at + 1] if re.fullmatch(r"\d*<<-?", word) and at + 1 < len(words) else word
        if found := _HEREDOC.fullmatch(text):
            try:
                yield bool(found[1]), expand_word(found[2], None)
            except BadWordError:
                continue


def _check(instructions: tuple[Instruction, ...], file: str) -> None:
    in_stage = False
    for one in instructions:
        reason = _problem(one)
        in_stage = in_stage or one.name == "from"
        if not reason and not in_stage and one.name != "arg":
            reason = f"{one.name.upper()} before the first FROM"
        if reason:
            raise DockerfileError(f"{file}:{one.line}: {reason}")


def _problem(one: Instruction) -> str:
    name = one.name.upper()
    if one.name not in _KNOWN:
        return f"unknown instruction {name}"
    if not one.words and one.name not in _MAY_BE_EMPTY:
        return f"{name} needs an argument"
    if one.name in ("add", "copy") and len(one.words) < 2:
        return f"{name} needs a source and a destination"
    if one.name == "from":
        return _from_problem(one.words)
    return f"{name} has a blank name" if one.name in ("arg", *_PAIRS) and _has_blank_name(one) else ""


def _has_blank_name(one: Instruction) -> bool:
    names = one.words[::2] if one.name in _PAIRS else [word.partition("=")[0] for word in one.words]
    return not all(names)


def _from_problem(words: tuple[str, ...]) -> str:
    if len(words) == 3 and words[1].lower() == "as":
        return "" if _STAGE_NAME.fullmatch(words[2].lower()) else f"invalid name for a build stage: {words[2]!r}"
    return "" if len(words) == 1 else "FROM takes an image, or an image AS a name"
