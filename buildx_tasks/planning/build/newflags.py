"""What a build command asks of buildx beyond the oldest version that is supported."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.version import Version

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import Flag, spelled
from buildx_tasks.planning.build.engine import version_of

ANNOTATIONS_SINCE = Version("0.12")
SEVERAL_OUTPUTS_SINCE = Version("0.13")
OUTPUTS = ("--output", "--push", "--load")


def check_new_flags(artifact: Artifact, flags: Sequence[Flag], buildx: str) -> None:
    """Raise `EngineUnfit` for flags that buildx of this version does not know; an unknown version knows them all."""
    version = version_of(buildx)
    if version is None:
        return
    names = [flag.render(spelled)[0] for flag in flags]
    wanted = {
        "annotations": ANNOTATIONS_SINCE if "--annotation" in names else None,
        "several outputs of one build": SEVERAL_OUTPUTS_SINCE if sum(name in OUTPUTS for name in names) > 1 else None,
    }
    for what, since in wanted.items():
        if since is not None and version < since:
            raise EngineUnfit(
                f"{artifact.named}: {what} need docker buildx {since}, and {buildx} is here",
                "update docker-buildx, or push what other artifacts require"
                if since == SEVERAL_OUTPUTS_SINCE
                else "update docker-buildx, or leave the annotations out",
            )
