"""Base images: which ones builds use, and the digests that a lock file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LOCK_FILE = "buildx.lock"
SOURCE_POLICY = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
"""The variable that names a file with a source policy for BuildKit; docker buildx reads it."""


class ImageUse(NamedTuple):
    """One image that a build reads: its familiar name with a tag (``python:3.12``), and where it is named.

    `place` is ``app/Dockerfile:3``, or what else names the image.
    """

    image: str
    place: str


class BaseImages(NamedTuple):
    """The images with a tag that a build reads, by name; `unknown` says of which others nothing is known, and why.

    Images that are pinned by a digest, artifacts of the same config and ``scratch`` are not among them.
    """

    images: tuple[ImageUse, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of a lock file: the digest of each image, by its familiar name with a tag. `file` is for messages.

    One that does not exist stands for the wish to hear which images it should have.
    """

    images: Mapping[str, str] = field(default_factory=dict)
    file: str = LOCK_FILE
    exists: bool = True
