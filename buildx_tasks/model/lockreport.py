"""What a lock file has and a config uses, compared with each other and with the registries."""

from __future__ import annotations

from dataclasses import dataclass


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
