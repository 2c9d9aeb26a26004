"""Where a result goes: pushed to a registry, loaded into the docker daemon, exported, or left in the build cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from buildx_tasks.errors import BuildxTasksError, CannotStart, EngineUnfit
from buildx_tasks.model.cliflags import has_flag, parse_cli_flags
from buildx_tasks.model.config import LOCAL, Artifact, LocalBuild
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.platform import PlatformSet, format_platforms
from buildx_tasks.model.request import EXPORT, LOAD, PUSH, STAY, BuildRequest
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.model.spec import Spec, parse_output
from buildx_tasks.planning.advice import builder_advice
from buildx_tasks.planning.build.engine import Tool

PUSHING_TYPES = ("registry",)
IMAGE_FILES = ("oci", "docker")
FILES = ("oci", "docker", "tar")
PLACED = ("oci", "tar", "local")
"""Outputs that are files. Of type docker alone one without ``dest`` means something else: the daemon."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """`output` is one of PUSH, LOAD, EXPORT, STAY; `pushes` is also true for an export that pushes."""

    output: str
    reason: str
    pushes: bool = False
    warning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DestinationOptions:
    """What decides besides the tool: the settings, ``build.local``, the cluster, and the exporters asked for."""

    settings: Settings
    local: LocalBuild
    cluster_pushes: bool
    cluster_reason: str
    outputs: tuple[Spec, ...] = ()
    cli_flags: tuple[str, ...] = ()


def choose_destination(
    artifact: Artifact, tag: str, platforms: PlatformSet, options: DestinationOptions, tool: Tool
) -> Destination:
    """The destination of one artifact. Raises `EngineUnfit` when no destination can hold what is built.

    Order for pushing: ``--push/--no-push``, then ``build.local.push``, then "the reference names a registry and
    the kube-context is not a local cluster"; so nothing is ever pushed to Docker Hub by accident.
    """
    if artifact.environment != LOCAL:
        return _pushed_elsewhere(artifact, options.settings)
    if platforms.is_multi and not tool.builds_indexes:
        raise _one_platform_only(artifact, platforms, tool, options.settings)
    _check_outputs(artifact, options.outputs, tool)
    pushes, reason = wants_push(tag, options)
    own_flags = parse_cli_flags(options.cli_flags)
    if options.outputs or has_flag(own_flags, "output"):
        explicit = pushes and options.settings.push is True
        exporting = any(is_push(output) for output in options.outputs)
        output = PUSH if explicit else EXPORT
        return Destination(output=output, pushes=explicit or exporting, reason=reason if explicit else "outputs given")
    if pushes:
        return Destination(output=PUSH, pushes=True, reason=reason)
    return _keep_here(artifact, platforms, tool, reason)


def _pushed_elsewhere(artifact: Artifact, settings: Settings) -> Destination:
    """What is built in a cloud or a cluster is always pushed from there."""
    where, warning = f"build.{artifact.environment}", ""
    if settings.push is False:
        warning = (
            f"artifact {artifact.image!r}: push is off ({settings.origins.get('push', 'setting')}), yet {where} pushes"
        )
    return Destination(output=PUSH, pushes=True, reason=f"{where} pushes what it builds", warning=warning)


def wants_push(tag: str, options: DestinationOptions) -> tuple[bool, str]:
    """Whether to push, and why or why not."""
    if options.settings.push is not None:
        origin = options.settings.origins.get("push", "setting")
        return options.settings.push, f"push is {'on' if options.settings.push else 'off'} ({origin})"
    if has_flag(parse_cli_flags(options.cli_flags), "push"):
        return True, "cliFlags has --push"
    if options.local.push is not None:
        return options.local.push, f"build.local.push is {'true' if options.local.push else 'false'}"
    if not registry_of(parse_image_ref(tag)):
        return False, f"{tag} names no registry"
    if not options.cluster_pushes:
        return False, options.cluster_reason
    return True, f"{tag} names a registry and {options.cluster_reason}"


def is_push(output: Spec) -> bool:
    """Whether an exporter pushes what it makes."""
    return output.type in PUSHING_TYPES or (output.type == "image" and output.get("push") == "true")


def _keep_here(artifact: Artifact, platforms: PlatformSet, tool: Tool, reason: str) -> Destination:
    if platforms.is_multi and not tool.loads_indexes:
        wanted = format_platforms(platforms)
        ways = [
            "push them:       --push --default-repo REGISTRY",
            f"or build one:    --platform {wanted.split(',', maxsplit=1)[0]}",
        ]
        if tool.is_buildx and tool.loads:
            keep = "a docker engine with the containerd image store"
            keep += ", and a builder with one node" if tool.nodes > 1 else ""
            ways.append(f"or keep indexes: use {keep}")
        raise EngineUnfit(
            f"artifact {artifact.image!r}: several platforms ({wanted}) can't be kept here: {reason}", "\n".join(ways)
        )
    if not tool.is_buildx:
        return Destination(output=LOAD, reason=f"{reason}; the image is kept in the docker daemon")
    if tool.loads:
        return Destination(output=LOAD, reason=f"{reason}; a docker daemon answers")
    return Destination(
        output=STAY,
        reason=f"{reason}; no docker daemon answers",
        warning=f"artifact {artifact.image!r} is neither pushed nor loaded: the result stays in the build cache "
        f"of builder {tool.builder} (push it with --push, or export it with --output)",
    )


def _check_outputs(artifact: Artifact, outputs: tuple[Spec, ...], tool: Tool) -> None:
    """Files need a place, and the classic image store can export the files of an image but not the image itself."""
    for output in outputs:
        if output.type in PLACED and output.get("dest", "") in ("", "-"):
            raise CannotStart(
                f"artifact {artifact.image!r}: output type={output.type} needs a dest: without one it is written to "
                "standard output, among the log",
                f"say where:  --output type={output.type},dest={'FOLDER' if output.type == 'local' else 'FILE'}",
            )
    refused = [output.type for output in outputs if output.type in IMAGE_FILES and not tool.exports_images]
    if tool.is_buildx and refused:
        raise EngineUnfit(
            f"artifact {artifact.image!r}: output type={refused[0]} needs a builder that exports images, and builder "
            f"{tool.builder} (driver docker, classic image store) does not",
            f"{builder_advice('exporting', daemon=True)}\nor export its files:  --output type=local,dest=FOLDER",
        )


def _one_platform_only(artifact: Artifact, platforms: PlatformSet, tool: Tool, settings: Settings) -> EngineUnfit:
    wanted = format_platforms(platforms)
    if not tool.is_buildx:
        why, hint = "plain docker build makes one platform at a time", "install the docker-buildx plugin"
        if settings.builder == OFF:
            hint = f"let buildx build: builder is off ({settings.origins.get('builder', 'setting')})"
    else:
        why = f"builder {tool.builder} (driver docker, classic image store) makes one platform at a time"
        hint = builder_advice("multi", daemon=True)
    return EngineUnfit(
        f"artifact {artifact.image!r} is for several platforms ({wanted}) and {why}",
        f"{hint}\nor build one platform:  --platform {wanted.split(',', maxsplit=1)[0]}",
    )


def shared_files(steps: Sequence[BuildStep]) -> list[BuildxTasksError]:
    """A problem for every two artifacts whose outputs are the same file: the later one would replace the earlier."""
    owners: dict[str, str] = {}
    problems: list[BuildxTasksError] = []
    for step in steps:
        for output in _exporters(step.request):
            place = output.get("dest") if output.type in FILES else ""
            first = owners.setdefault(place, step.image)
            if place and first != step.image:
                what = f"artifacts {first!r} and {step.image!r} write the same file, {place}"
                problems.append(CannotStart(what, "give each its own, for example with {{base .IMAGE_NAME}} in dest"))
    return problems


def _exporters(request: BuildRequest) -> Iterator[Spec]:
    """The exporters of the config and those among ``cliFlags``; what buildx can't read it refuses by itself."""
    yield from (item.value.spec for item in request.outputs if item.value.spec is not None)
    for flag in request.parsed_cli_flags:
        if flag.name == "output":
            with suppress(CannotStart):
                yield parse_output(flag.value)
