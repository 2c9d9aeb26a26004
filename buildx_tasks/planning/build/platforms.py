"""Which platforms an artifact is built for, from the command line, the config and the artifact."""

from __future__ import annotations

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.platform import Platform, PlatformSet, format_platforms, intersect


def resolve_platforms(
    cli: PlatformSet,
    build: PlatformSet,
    artifact: PlatformSet,
    host: Platform,
    *,
    image: str,
    disable_multi: bool = False,
) -> PlatformSet:
    """The platforms to build `image` for; empty means that docker decides.

    `cli` beats `build` (``build.platforms``); the artifact's own list is a constraint on that, and a choice only when
    neither is given, as in Skaffold. With `disable_multi` one platform is left, the host's if it is among them.
    Raises CannotStart when the constraint leaves nothing.
    """
    wanted = cli or build
    chosen = intersect(wanted, artifact) if wanted and artifact else wanted or artifact
    if wanted and not chosen:
        raise CannotStart(
            f"artifact {image!r}: its platforms ({format_platforms(artifact)}) do not include "
            f"the target platforms ({format_platforms(wanted)})",
            "choose with --platform, or widen the platforms of the artifact",
        )
    return _one_of(chosen, host) if disable_multi and chosen.is_multi else chosen


def _one_of(platforms: PlatformSet, host: Platform) -> PlatformSet:
    has_host = platforms.all or any(platform.same_as(host) for platform in platforms)
    return PlatformSet(platforms=(host,) if has_host else platforms.platforms[:1])
