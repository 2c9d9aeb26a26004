"""What a Dockerfile can read of its build context: some paths for sure, or possibly everything.

For the artifact cache, where a path too many costs a build and a path too few a wrong image: whatever is not plain
text is taken for the whole context.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildx_tasks.document.formats.dockerfile import Dockerfile, Instruction
from buildx_tasks.document.formats.dockerignore import clean
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.spec import read_csv

_FRONTEND = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@].*)?")
_REMOTE = re.compile(r"https?://|git://|ssh://|git@")
_COMMIT = re.compile(r"#[0-9a-f]{40}(?::.*)?$")
_UNSURE = re.compile(r"[$\"'\\\[]|\*\*")


@dataclass(frozen=True, slots=True)
class ContextUse:
    """`sources` are paths and patterns (`*` and `?`) relative to the context, None for all of it.

    `remote` is a source elsewhere that may change at any time, "" when there is none; `triggers` says that the
    image has ONBUILD instructions, which read the context of whoever is built from it. `stage_args` are the build
    args that stages declare: their text may be in the image, and is not just the name of a base. None for any.
    """

    sources: tuple[str, ...] | None
    remote: str = ""
    triggers: bool = False
    stage_args: frozenset[str] | None = None


def context_use(dockerfile: Dockerfile) -> ContextUse:
    """What `dockerfile` reads, whatever its build args are."""
    found: list[str | None] = []
    remote = ""
    triggers = any(one.name == "onbuild" for one in dockerfile.instructions)
    for one in dockerfile.instructions:
        if one.name in ("add", "copy"):
            found += _copied(one)
            remote = remote or _moving_source(one)
        elif one.name == "run":
            found += _mounted(one)
    sure = not triggers and (not dockerfile.syntax or _FRONTEND.fullmatch(dockerfile.syntax) is not None)
    paths = tuple(path for path in dict.fromkeys(found) if path is not None)
    return ContextUse(
        paths if sure and None not in found else None, remote, triggers, _stage_args(dockerfile) if sure else None
    )


def _stage_args(dockerfile: Dockerfile) -> frozenset[str]:
    names = [one.name for one in dockerfile.instructions]
    stages = dockerfile.instructions[names.index("from") :] if "from" in names else ()
    return frozenset(word.partition("=")[0] for one in stages if one.name == "arg" for word in one.words)


def _copied(one: Instruction) -> list[str | None]:
    """The sources of one COPY or ADD; None for what can't be told."""
    if any(item.startswith("--from=") for item in one.flags):
        return []
    if any(item.startswith("--parents") for item in one.flags):
        return [None]
    local = [word for word in one.words[:-1] if not _REMOTE.match(word) and not word.startswith("<<")]
    return [None if _UNSURE.search(word) else _cleaned(word) for word in local]


def _moving_source(one: Instruction) -> str:
    """A source of ADD in the network that is not pinned by a checksum or a commit."""
    if any(item.startswith("--checksum=") for item in one.flags):
        return ""
    return next((word for word in one.words[:-1] if _REMOTE.match(word) and not _COMMIT.search(word)), "")


def _mounted(one: Instruction) -> list[str | None]:
    """The sources of the bind mounts of one RUN that show the context."""
    found: list[str | None] = []
    for item in one.flags:
        if not item.startswith("--mount"):
            continue
        try:
            pairs = dict(field.partition("=")[::2] for field in read_csv(item.partition("=")[2]))
        except CannotStart:
            return [None]
        if pairs.get("type", "bind") not in ("bind", "cache", "tmpfs", "secret", "ssh"):
            return [None]
        if pairs.get("type", "bind") == "bind" and "from" not in pairs:
            source = pairs.get("source", pairs.get("src", "."))
            found.append(None if _UNSURE.search(source) else _cleaned(source))
    return found


def mounted_sources(dockerfile: Dockerfile) -> tuple[str, ...]:
    """The paths of the context that bind mounts show, as far as they are plain text."""
    runs = (one for one in dockerfile.instructions if one.name == "run")
    return tuple(path for one in runs for path in _mounted(one) if path is not None)


def _cleaned(source: str) -> str:
    return clean(f"/{source}")[1:] or "."
