"""What a config builds, as a list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedArtifact:
    """One artifact: what builds it (`kind`), from where and for which `platforms` (none: docker decides).

    `needs` are images of other artifacts. `config` is the name of its config, "" without one. `selected` says whether
    a build with the same flags would build it, and `reason` why not, or that another one needs it.
    """

    image: str
    kind: str
    context: str
    dockerfile: str = ""
    platforms: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    config: str = ""
    file: str = ""
    line: int = 0
    selected: bool = True
    reason: str = ""
