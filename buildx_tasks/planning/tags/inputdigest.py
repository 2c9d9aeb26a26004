"""The inputDigest tag: a digest of the names and contents of an artifact's source files, equal to Skaffold's."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping

from buildx_tasks.document.formats.dockerignore import clean
from buildx_tasks.model.config import NullablePairs

STUB_IMAGE = "image:latest"
"""What a required image is called while tags are made: none is built yet."""


def relative_name(context: str, path: str) -> str:
    """`path` as seen from `context`, `..` included; `path` itself when one is absolute and the other is not.

    Both count from the same directory, as text: nothing is resolved.
    """
    base, target = clean(context), clean(path)
    if base.startswith("/") != target.startswith("/"):
        return path
    up, down = _names(base), _names(target)
    shared = next(
        (at for at, (one, other) in enumerate(zip(up, down, strict=False)) if one != other), min(len(up), len(down))
    )
    if up[shared : shared + 1] == [".."]:
        return path
    return "/".join([".."] * (len(up) - shared) + down[shared:]) or "."


def file_digest(name: str, chunks: Iterable[bytes]) -> str:
    """The part of one file: its name and its content, which is nothing for folders and links."""
    digest = hashlib.md5(os.fsencode(name), usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def combined_digest(parts: list[str]) -> str:
    """The tag of the files' parts, which come in the order of the files' paths; without any it is that of `null`."""
    text = json.dumps(parts, separators=(",", ":")) if parts else "null"
    return hashlib.sha256(f"{text}\n".encode()).hexdigest()


def scan_build_args(
    given: NullablePairs, declared: Iterable[str], expand: Callable[[str], str], aliases: Iterable[str] = ()
) -> Mapping[str, str | None]:
    """The build args that a scan of a Dockerfile sees: Skaffold's own as far as `declared`, then the `given` ones.

    `aliases` are the build args of required images; none is built yet, so each is `STUB_IMAGE`.
    """
    known = set(declared)
    own = {"SKAFFOLD_RUN_MODE": "build", **dict.fromkeys(aliases, STUB_IMAGE)}
    user = {name: None if value is None else expand(value) for name, value in given}
    return {name: value for name, value in own.items() if name in known} | user


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]
