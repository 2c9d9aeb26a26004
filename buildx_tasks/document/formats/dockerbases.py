"""Which images a Dockerfile is built from, and which files of its context it needs, as far as its text says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from buildx_tasks.document.formats.contextuse import mounted_sources
from buildx_tasks.document.formats.dockercopy import copied_sources
from buildx_tasks.document.formats.dockerfile import Dockerfile, DockerfileError
from buildx_tasks.document.formats.dockerignore import clean
from buildx_tasks.document.formats.dockerwords import BadWordError, expand_word

_ONE_ARG = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_UNCLEAR = re.compile(r"[$\"'\\]|\*\*|^git@")


@dataclass(frozen=True, slots=True)
class BaseImage:
    """An image that a Dockerfile names: with the defaults of its build args, "" when they leave nothing.

    `argument` is the build arg that is all of the name, "" when there is none.
    """

    reference: str
    argument: str = ""


def base_images(dockerfile: Dockerfile) -> tuple[BaseImage, ...]:
    """The images of FROM, COPY --from and RUN --mount=from that are not stages of `dockerfile`, each once."""
    return tuple(dict.fromkeys(_bases(dockerfile)))


def _bases(dockerfile: Dockerfile) -> Iterator[BaseImage]:
    defaults: dict[str, str] = {}
    stages: set[str] = set()
    begun = False
    for one in dockerfile.instructions:
        if one.name == "arg" and not begun:
            for word in one.words:
                name, _, default = word.partition("=")
                defaults[name] = _expanded(default, defaults)
        elif one.name == "from":
            begun = True
            if one.words[0].lower() not in (*stages, "scratch"):
                found = _ONE_ARG.fullmatch(one.words[0])
                argument = (found[1] or found[2]) if found else ""
                yield BaseImage(_expanded(one.words[0], defaults), argument if argument in defaults else "")
            stages |= {word.lower() for word in one.words[2:]}
        for flag in one.flags:
            for name in re.findall(r"(?:^--|[=,])from=([^,]+)", flag):
                if name.lower() not in stages and not name.isdecimal() and "$" not in name:
                    yield BaseImage(name)


def _expanded(word: str, variables: dict[str, str]) -> str:
    try:
        return expand_word(word, variables)
    except BadWordError:
        return ""


def needed_sources(dockerfile: Dockerfile) -> tuple[str, ...]:
    """The paths and patterns, relative to the context, that `dockerfile` copies or mounts from it.

    Build args have their defaults. A source that says nothing of the context, such as ``.`` or one that is not plain
    text, is left out.
    """
    try:
        copied = copied_sources(dockerfile, {})
    except DockerfileError:
        copied = ()
    sources = [source for sources in copied for source in sources if not _UNCLEAR.search(source)]
    paths = [*(clean(f"/{source}")[1:] for source in sources if source), *mounted_sources(dockerfile)]
    return tuple(path for path in dict.fromkeys(paths) if path not in ("", "."))
