"""One artifact halfway to a build step: where its result goes, for which platforms, and with which tool."""

from __future__ import annotations

from dataclasses import dataclass

from buildx_tasks.errors import CannotStart, EngineUnfit
from buildx_tasks.model.config import LOCAL, Artifact, Config
from buildx_tasks.model.partial import Partial
from buildx_tasks.model.platform import PlatformSet, parse_platforms
from buildx_tasks.model.request import CUSTOM, DOCKER, EXPORT, LOAD
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.model.spec import Spec, parse_output
from buildx_tasks.planning.build.destination import Destination, DestinationOptions, choose_destination
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.build.otherbuilders import UNAWARE, skaffold_tool
from buildx_tasks.planning.build.platforms import resolve_platforms
from buildx_tasks.planning.facts import Facts, SourceFacts

BUILDKIT_NETWORKS = ("", "default", "none", "host", "bridge")
"""The networks that a BuildKit build can have; ``bridge`` is its default under another name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactDecision:
    """What is decided for one artifact before its command is made; `partial` is there for a part of an image."""

    config: Config
    artifact: Artifact
    tag: str
    tool: Tool
    platforms: PlatformSet
    destination: Destination
    outputs: tuple[Spec, ...]
    partial: Partial | None = None


def decide_artifact(
    config: Config, artifact: Artifact, tag: str, tool: Tool, settings: Settings, facts: Facts
) -> ArtifactDecision:
    """Decide for one artifact. Raises `CannotStart` or `EngineUnfit` for what makes its build impossible."""
    if artifact.other_builder:
        tool = skaffold_tool(artifact, settings, facts)
    elif artifact.kind == CUSTOM:
        tool = Tool(name=CUSTOM, reason="custom.buildCommand", builds_indexes=True, loads=True, loads_indexes=True)
    else:
        tool = tool_for_network(config, artifact, tool, settings, facts)
    _check_sources(artifact, facts.sources.get(artifact.image, SourceFacts()))
    platforms = resolve_platforms(
        parse_platforms(settings.platform, facts.host),
        parse_platforms(config.platforms, facts.host),
        parse_platforms(artifact.platforms, facts.host),
        facts.host,
        image=artifact.image,
        disable_multi=settings.disable_multi_platform_build,
    )
    if settings.partial and not platforms:
        platforms = parse_platforms([facts.engine.native or str(facts.host)], facts.host)
    if platforms.all and artifact.kind == DOCKER:
        raise _no_such_build(artifact, tool)
    outputs = tuple(parse_output(text) for text in settings.output or artifact.extras.outputs)
    options = DestinationOptions(
        settings=settings,
        local=config.local,
        cluster_pushes=facts.cluster_pushes,
        cluster_reason=facts.cluster_reason,
        outputs=outputs if tool.is_buildx else (),
        cli_flags=artifact.docker.cli_flags if artifact.kind == DOCKER else (),
    )
    destination = choose_destination(artifact, tag, platforms, options, tool)
    partial = None
    if settings.partial:
        from buildx_tasks.planning.build.partial import plan_partial

        partial = plan_partial(artifact, tag, platforms, tool, destination, config, facts)
    return ArtifactDecision(
        config=config,
        artifact=artifact,
        tag=tag,
        tool=tool,
        platforms=platforms,
        destination=destination,
        outputs=options.outputs,
        partial=partial,
    )


def needs_layout(dependency: ArtifactDecision, dependent: ArtifactDecision) -> bool:
    """Whether a required image has to be handed over as files.

    A pushed image is in its registry and a loaded one in the daemon that the docker driver builds in; any other
    builder sees neither the daemon's images nor another build's cache.
    """
    if dependency.destination.pushes or not dependent.tool.is_buildx or not dependency.tool.is_buildx:
        return False
    return not _shares_daemon(dependency, dependent)


def check_reach(dependency: ArtifactDecision, dependent: ArtifactDecision) -> None:
    """Raise `EngineUnfit` when the build of `dependent` can't get hold of the image that it requires.

    A custom command is told the reference and has its own ways; some other builders are built after it and no more.
    """
    own_ways = dependent.tool.name == CUSTOM or dependent.artifact.kind in UNAWARE
    if dependency.destination.pushes or own_ways or _shares_daemon(dependency, dependent):
        return
    if needs_layout(dependency, dependent) and dependency.tool.builds_indexes:
        return
    where = {LOAD: "loaded into the docker daemon", EXPORT: "exported"}.get(dependency.destination.output, "not kept")
    builder = f"builder {dependent.tool.builder}" if dependent.tool.is_buildx else "plain docker build"
    builder = dependent.artifact.other_builder or builder
    raise EngineUnfit(
        f"{dependent.artifact.named} requires {dependency.artifact.image!r}, which is {where}, "
        f"where {builder} can't see it",
        "push it:  --push --default-repo REGISTRY"
        + ("\nor build both in one daemon:  --builder default, without --output" if dependency.tool.loads else ""),
    )


def _shares_daemon(dependency: ArtifactDecision, dependent: ArtifactDecision) -> bool:
    """Whether the dependency is loaded into the daemon that the dependent is built in."""
    here = dependent.artifact.environment == LOCAL and (not dependent.tool.is_buildx or dependent.tool.driver == DOCKER)
    return dependency.destination.output == LOAD and here


def tool_for_network(config: Config, artifact: Artifact, tool: Tool, settings: Settings, facts: Facts) -> Tool:
    """The tool that knows the artifact's network: BuildKit has no networks of docker's.

    Docker's legacy builder, which Skaffold uses unless told otherwise, has them; it is used where nobody asked for
    BuildKit or for a builder. Raises `EngineUnfit` where somebody did.
    """
    network = artifact.docker.network
    if network.lower() in BUILDKIT_NETWORKS or tool.legacy:
        return tool
    asked = settings.builder not in ("", OFF) or config.local.use_buildkit is True
    if asked or not facts.engine.daemon.running:
        why = f"builder {tool.builder}" if tool.is_buildx else "BuildKit"
        raise EngineUnfit(
            f"{artifact.named}: {why} has no network {network!r}",
            "use host, none or default, or leave the choice to docker's legacy builder:  useBuildkit: false",
        )
    return Tool(name=DOCKER, reason=f"network {network!r} is one for docker's legacy builder", loads=True, legacy=True)


def _no_such_build(artifact: Artifact, tool: Tool) -> CannotStart:
    possible = ",".join(tool.platforms) or "linux/amd64,linux/arm64"
    return CannotStart(
        f"{artifact.named}: a docker build can't be for all platforms",
        f"name them:  --platform {possible}\nor give the artifact a list of platforms, which all then means",
    )


def _check_sources(artifact: Artifact, source: SourceFacts) -> None:
    if source.context:
        raise CannotStart(
            f"{artifact.named}: context {artifact.context!r} {source.context}",
            "contexts of the root config are relative to the current directory",
        )
    if artifact.kind == DOCKER and not source.dockerfile_exists:
        raise CannotStart(
            f"{artifact.named}: no Dockerfile at {source.dockerfile}",
            "set docker.dockerfile, relative to the artifact's context",
        )
    if source.missing:
        raise CannotStart("\n".join(source.missing), "create the file, or start ssh-agent")
    if source.paths:
        raise CannotStart("\n".join(source.paths), "these paths are relative to the current directory")
