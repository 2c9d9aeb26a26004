"""Base images: which ones builds use, and the digests that a lock file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCK_FILE = "buildx.lock"
SOURCE_POLICY = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
"""The variable that names a file with a source policy for BuildKit; docker buildx reads it."""


@dataclass(frozen=True, slots=True)
class ImageUse:
    """One image that a build reads: its familiar name with a tag (``python:3.12``), and where it is named.

    `place` is ``app/Dockerfile:3``, or what else names the image.
    """

    image: str
    place: str


@dataclass(frozen=True, slots=True)
class BaseImages:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedImage:
    """One image of a lock file, compared: `locked` and `current` are digests, "" where there is none.

    `place` says where a config uses it, "" where it does not; `problem` why its registry gives no digest.
    """

    image: str
    locked: str = ""
    current: str = ""
    place: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LockReport:
    """What was done to the lock `file`, or would have to be: `images` are all that the config or the file have.

    `notes` say of which images nothing is known. With `checking` nothing was written and no registry was asked.
    """

    file: str
    images: tuple[LockedImage, ...] = ()
    notes: tuple[str, ...] = ()
    checking: bool = False

    @property
    def added(self) -> tuple[LockedImage, ...]:
        """The images that the config uses and that are not in the file."""
        return tuple(one for one in self.images if not one.locked and one.place)

    @property
    def removed(self) -> tuple[LockedImage, ...]:
        """The images of the file that the config does not use."""
        return tuple(one for one in self.images if one.locked and not one.place)

    @property
    def moved(self) -> tuple[LockedImage, ...]:
        """The images whose tag has another digest now."""
        return tuple(one for one in self.images if one.locked and one.current not in ("", one.locked) and one.place)
