"""The text of a lock file: one line an image, ``- NAME:TAG@DIGEST``, in YAML.

The order of lines and comments have no meaning, so that other tools may edit the file.
"""

from __future__ import annotations

import re

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import familiar
from buildx_tasks.model.lock import LOCK_FILE, Lock
from buildx_tasks.model.taskname import task_command

VERSION = "1"
_ENTRY = re.compile(r"-\s+(?P<image>[^\s@]+)@(?P<digest>sha256:[0-9a-f]{64})")
_HEAD = (
    "# Base images and the digests that builds use. Commit this file.\n"
    "# Written by buildx.lock; buildx.lock --update sets the current digests.\n"
)


def parse_lock(text: str, file: str = LOCK_FILE) -> Lock:
    """The lock that `text` holds. Raises `CannotStart` with every line that is wrong; `file` is its name."""
    images: dict[str, str] = {}
    problems: list[str] = []
    version = ""
    for number, whole in enumerate(text.splitlines(), start=1):
        line = whole.strip()
        if not line or line.startswith("#") or line in ("images:", "images: []"):
            continue
        if line.startswith("version:"):
            version = line.partition(":")[2].strip().strip("\"'")
            continue
        problem = _read(line, images)
        if problem:
            problems.append(f"{file}:{number}: {problem}")
    if version != VERSION:
        raise _unknown_version(version, file)
    if problems:
        raise CannotStart("\n".join(problems), "each line is  - NAME:TAG@sha256:DIGEST")
    return Lock(images, file)


def _unknown_version(version: str, file: str) -> CannotStart:
    if version:
        return CannotStart(
            f"{file} has version {version}, and {VERSION} is the newest known here", "update buildx-tasks"
        )
    return CannotStart(f"{file} has no version", f"remove it and write it again:  {task_command('buildx.lock')}")


def _read(line: str, images: dict[str, str]) -> str:
    """Add the entry of a line; what is wrong with it."""
    found = _ENTRY.fullmatch(line)
    if found is None:
        return f"{line[:60]!r} does not name an image with its tag and digest"
    try:
        image = familiar(found["image"])
    except CannotStart as error:
        return error.message
    if images.setdefault(image, found["digest"]) != found["digest"]:
        return f"{image} is locked with another digest above"
    return ""


def format_lock(lock: Lock) -> str:
    """The text of a lock file, sorted by image."""
    lines = [f"- {image}@{digest}\n" for image, digest in sorted(lock.images.items())]
    entries = f"images:\n{''.join(lines)}" if lines else "images: []\n"
    return f"{_HEAD}version: {VERSION}\n{entries}"
