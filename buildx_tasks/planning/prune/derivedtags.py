"""The tags that buildx-tasks derives itself, each with what proves it: its name, and what is behind it.

A kind of tag is one entry of `KINDS`; caches of branches have names of the config's making and are in `names`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from buildx_tasks.planning.mounts.mounttags import is_mount_tag
from buildx_tasks.planning.mounts.recipes import LABEL as MOUNT_LABEL

IMAGE = "image"
CACHE = "cache"
RECORD = "record"
OTHER = "other"
"""What a manifest is: an image or an index of images, a BuildKit cache, a record of a build, anything else."""

BRANCH_CACHE = "branch cache"
_RESULT = re.compile(r"[a-z2-7]{51}[aq]")
"""256 bits in base32: the last of 52 characters holds one of them."""
_RECORD = re.compile(r"last-[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TagContent:
    """What is behind a digest: its `kind`, the manifests that an index names, and the one that it is about.

    `created` is when its content was made, None where nothing says it; `labels` are those of an image.
    """

    digest: str
    kind: str = OTHER
    children: tuple[str, ...] = ()
    subject: str = ""
    created: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class TagKind:
    """A kind of derived tags: whether a tag with ``artifact-cache-prefix`` is one, and what the content must be."""

    name: str
    matches: Callable[[str, str], bool]
    proves: Callable[[TagContent], bool]
    content: str


KINDS: tuple[TagKind, ...] = (
    TagKind(
        name="known result",
        matches=lambda tag, prefix: _RESULT.fullmatch(tag, len(prefix)) is not None,
        proves=lambda content: content.kind == IMAGE,
        content="an image",
    ),
    TagKind(
        name="record of a build",
        matches=lambda tag, prefix: _RECORD.fullmatch(tag, len(prefix)) is not None,
        proves=lambda content: content.kind == RECORD,
        content="a record",
    ),
    TagKind(
        name="cache mount",
        matches=is_mount_tag,
        proves=lambda content: content.kind == IMAGE and MOUNT_LABEL in content.labels,
        content="the image of a cache mount",
    ),
)


def tag_kind(tag: str, prefix: str) -> TagKind | None:
    """The kind of tags with `prefix` that `tag` has the name of; None for a name of somebody else's making."""
    if not prefix or not tag.startswith(prefix):
        return None
    return next((kind for kind in KINDS if kind.matches(tag, prefix)), None)
