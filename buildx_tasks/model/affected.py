"""Which artifacts are made from something else than at another commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class AffectedArtifact:
    """An artifact whose key is another one, and why.

    `requires` are the affected images that it is built from, `own` says whether it would be affected without them,
    `file` is its config. `wave` is 0 for one that requires nothing that is affected, else one more than the highest of
    `requires`.
    """

    image: str
    why: str
    file: str = ""
    requires: tuple[str, ...] = ()
    own: bool = True
    wave: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What differs from `commit`, which the user calls `since`; `removed` are images that only that commit builds."""

    since: str
    commit: str
    affected: tuple[AffectedArtifact, ...] = ()
    unaffected: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def waves(self) -> tuple[tuple[AffectedArtifact, ...], ...]:
        """The affected artifacts in waves: what one requires is in an earlier wave."""
        return tuple(self._waves())

    def _waves(self) -> Iterator[tuple[AffectedArtifact, ...]]:
        for number in range(max((item.wave for item in self.affected), default=-1) + 1):
            yield tuple(item for item in self.affected if item.wave == number)
