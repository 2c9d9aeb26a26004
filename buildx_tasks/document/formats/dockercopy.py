"""What a Dockerfile copies from its context, found the way Skaffold finds it: by text, stages ignored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from buildx_tasks.document.formats.dockerfile import Dockerfile, DockerfileError, Instruction
from buildx_tasks.document.formats.dockerwords import BadWordError, expand_word

_ELSEWHERE = ("http://", "https://", "<<")


def copied_sources(dockerfile: Dockerfile, build_args: Mapping[str, str | None]) -> tuple[tuple[str, ...], ...]:
    """The sources of each COPY and ADD that reads the context, as written but with variables replaced.

    `build_args` are the evaluated ones; None means that the ARG's own default counts. A variable from ENV counts in
    all stages after it, with its value as written. Raises DockerfileError.
    """
    variables: dict[str, str] = {}
    found: list[tuple[str, ...]] = []
    for one in _with_args(dockerfile.instructions, build_args):
        if one.name == "env":
            variables.update(zip(one.words[::2], one.words[1::2], strict=True))
        elif one.name in ("add", "copy") and not any(flag.startswith("--from=") for flag in one.flags):
            try:
                sources = _sources(one.words, variables)
            except BadWordError as error:
                raise DockerfileError(f"{dockerfile.file}:{one.line}: {one.name.upper()}: {error}") from None
            if sources:
                found.append(sources)
    return tuple(found)


def _sources(words: Sequence[str], variables: Mapping[str, str]) -> tuple[str, ...]:
    """All but the last word, the destination; words after one that begins with `#` are a comment."""
    paths: list[str] = []
    for word in words:
        if word.startswith("#"):
            break
        paths.append(expand_word(word, variables))
    return tuple(path for path in paths[:-1] if not path.startswith(_ELSEWHERE))


def _with_args(instructions: Sequence[Instruction], build_args: Mapping[str, str | None]) -> Iterator[Instruction]:
    """The instructions with every ARG replaced in what follows it, up to where it is declared again."""
    values: dict[str, str] = {}
    for one in instructions:
        if one.name == "arg" and one.words:
            values.pop(one.words[0].partition("=")[0], None)
        words = tuple(_replaced(word, values) for word in one.words)
        if one.name == "arg" and words:
            name, *default = words[0].split("=")
            given = build_args.get(name)
            values[name] = given if given is not None else default[0] if default else ""
        yield Instruction(name=one.name, words=words, flags=one.flags, line=one.line)


def _replaced(word: str, values: Mapping[str, str]) -> str:
    """`${NAME}` and `$NAME`, the latter only where the name ends."""
    if "$" not in word:
        return word
    for name, value in values.items():
        word = word.replace(f"${{{name}}}", value)
        word = re.sub(rf"\${re.escape(name)}(?![A-Za-z0-9_])", value.replace("\\", "\\\\"), word)
    return word
