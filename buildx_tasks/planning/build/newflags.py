"""What a build request needs beyond the oldest buildx that is supported."""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.version import Version

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.cliflags import has_flag
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.request import LOAD, PUSH, BuildRequest
from buildx_tasks.planning.build.engine import version_of

ANNOTATIONS_SINCE = Version("0.12")
SEVERAL_OUTPUTS_SINCE = Version("0.13")
HISTORY_SINCE = Version("0.20")
BAKE_OPTIONS_AFTER = Version("0.29")
"""Newer ones may have more options for a bake, and are asked: docker/buildx#4044 has no version yet."""
BAKE_ALLOWS_SINCE = Version("0.17")
BAKE_FIELDS_SINCE = Version("0.29")
"""A bake that is known to take all of NEW_BAKE_FIELDS; 0.13 drops them without a word."""
NEW_BAKE_FIELDS = frozenset(("entitlements", "extra-hosts", "network"))
RAW_PROGRESS_SINCE = Version("0.13")


def keeps_history(buildx: str) -> bool:
    """Whether this buildx has ``docker buildx history logs``; one of an unknown version is not relied on."""
    version = version_of(buildx)
    return version is not None and version >= HISTORY_SINCE


def reports_raw_progress(buildx: str) -> bool:
    """Whether the progress of this buildx can be told apart by target; one of an unknown version is not relied on."""
    version = version_of(buildx)
    return version is not None and version >= RAW_PROGRESS_SINCE


def bake_drops(fields: Iterable[str], buildx: str) -> bool:
    """Whether a bake of this version may leave fields of a target aside without a word."""
    version = version_of(buildx)
    return not NEW_BAKE_FIELDS.isdisjoint(fields) and (version is None or version < BAKE_FIELDS_SINCE)


def may_know_bake_options(buildx: str) -> bool:
    """Whether the help of this buildx's bake is worth asking for `bake_options`."""
    version = version_of(buildx)
    return version is not None and version.release[:2] > BAKE_OPTIONS_AFTER.release[:2]


def bake_options(help_text: str, concurrency: int) -> tuple[str, ...]:
    """Options by which a bake leaves what goes on alone when a target fails, and builds no more than so many at once.

    They are taken from the help of a bake that has them.
    """
    options: list[str] = []
    if re.search(r"--execution\b", help_text) and "defer-error" in help_text:
        options.append("--execution=defer-error")
    if bound := re.search(r"--((?:[a-z]+-)*(?:concurrency|parallelism)) u?int\b", help_text):
        options.append(f"--{bound[1]}={concurrency}")
    return tuple(options)


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
