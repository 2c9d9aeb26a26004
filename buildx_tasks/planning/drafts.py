"""One artifact halfway to a build step: where its result goes, for which platforms, and with which tool."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.plan import CUSTOM, DOCKER
from buildx_tasks.model.platform import PlatformSet, parse_platforms
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec, parse_output
from buildx_tasks.planning.destination import Destination, Wishes, choose_destination
from buildx_tasks.planning.engine import Tool
from buildx_tasks.planning.facts import Facts, SourceFacts
from buildx_tasks.planning.platforms import resolve_platforms


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What is decided for one artifact before its command is made."""

    config: Config
    artifact: Artifact
    tag: str
    tool: Tool
    platforms: PlatformSet
    destination: Destination
    outputs: tuple[Spec, ...]


def make_draft(config: Config, artifact: Artifact, tag: str, tool: Tool, settings: Settings, facts: Facts) -> Draft:
    """Decide for one artifact. Raises `CannotStart` or `EngineUnfit` for what makes its build impossible."""
    if artifact.kind == CUSTOM:
        tool = Tool(name=CUSTOM, reason="custom.buildCommand", builds_indexes=True, loads=True, loads_indexes=True)
    _check_sources(artifact, facts.sources.get(artifact.image, SourceFacts()))
    platforms = resolve_platforms(
        parse_platforms(settings.platform, facts.host),
        parse_platforms(config.platforms, facts.host),
        parse_platforms(artifact.platforms, facts.host),
        facts.host,
        image=artifact.image,
        disable_multi=settings.disable_multi_platform_build,
    )
    outputs = tuple(parse_output(text) for text in settings.output or artifact.extras.outputs)
    wishes = Wishes(
        settings=settings,
        local=config.local,
        cluster_pushes=facts.cluster_pushes,
        cluster_reason=facts.cluster_reason,
        outputs=outputs if tool.is_buildx else (),
        cli_flags=artifact.docker.cli_flags if artifact.kind == DOCKER else (),
    )
    return Draft(
        config=config,
        artifact=artifact,
        tag=tag,
        tool=tool,
        platforms=platforms,
        destination=choose_destination(artifact, tag, platforms, wishes, tool),
        outputs=wishes.outputs,
    )


def needs_layout(dependency: Draft, dependent: Draft) -> bool:
    """Whether a required image has to be handed over as files.

    A pushed image is in its registry and a loaded one in the daemon that the docker driver builds in; any other
    builder sees neither the daemon's images nor another build's cache.
    """
    if dependency.destination.pushes or not dependent.tool.is_buildx or not dependency.tool.is_buildx:
        return False
    return dependent.tool.driver != "docker"


def _check_sources(artifact: Artifact, source: SourceFacts) -> None:
    where = f"{artifact.place}: " if artifact.place else ""
    if source.context:
        raise CannotStart(
            f"{where}artifact {artifact.image!r}: context {artifact.context!r} {source.context}",
            "contexts of the root config are relative to the current directory",
        )
    if artifact.kind == DOCKER and not source.dockerfile_exists:
        raise CannotStart(
            f"{where}artifact {artifact.image!r}: no Dockerfile at {source.dockerfile}",
            "set docker.dockerfile, relative to the artifact's context",
        )
