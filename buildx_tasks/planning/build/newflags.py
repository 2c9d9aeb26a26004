"""What a build request needs beyond the oldest buildx that is supported."""

from __future__ import annotations

from packaging.version import Version

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.cliflags import has_flag
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.request import LOAD, PUSH, BuildRequest
from buildx_tasks.planning.build.engine import version_of

ANNOTATIONS_SINCE = Version("0.12")
SEVERAL_OUTPUTS_SINCE = Version("0.13")
HISTORY_SINCE = Version("0.20")


def keeps_history(buildx: str) -> bool:
    """Whether this buildx has ``docker buildx history logs``; one of an unknown version is not relied on."""
    version = version_of(buildx)
    return version is not None and version >= HISTORY_SINCE


def check_new_flags(artifact: Artifact, request: BuildRequest, buildx: str) -> None:
    """Raise `EngineUnfit` for options that buildx of this version does not know; an unknown version knows them all."""
    version = version_of(buildx)
    if version is None:
        return
    own = request.parsed_cli_flags
    annotated = request.annotations or has_flag(own, "annotation")
    wanted = {
        "annotations": ANNOTATIONS_SINCE if annotated else None,
        "several outputs of one build": SEVERAL_OUTPUTS_SINCE if _outputs(request) > 1 else None,
    }
    for what, since in wanted.items():
        if since is not None and version < since:
            raise EngineUnfit(
                f"{artifact.named}: {what} need docker buildx {since}, and {buildx} is here",
                "update docker-buildx, or push what other artifacts require"
                if since == SEVERAL_OUTPUTS_SINCE
                else "update docker-buildx, or leave the annotations out",
            )


def _outputs(request: BuildRequest) -> int:
    """How many outputs are asked for; a push or a load that ``cliFlags`` repeat is one."""
    own = request.parsed_cli_flags
    exporters = sum(item.name == "output" for item in own)
    more = sum(has_flag(own, kind) and request.output(kind) is None for kind in (PUSH, LOAD))
    return len(request.outputs) + exporters + more
