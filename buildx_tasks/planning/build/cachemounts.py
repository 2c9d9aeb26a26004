"""Which cache mounts of one artifact are restored before its build and saved after it, and in which images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from buildx_tasks.document.formats.dockerfile import Dockerfile
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.engine import Builder
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.mounts import KeptMount, MountOptions
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.request import BuildRequest
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.planning.build.buildernodes import nodes_for
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.facts import SourceFacts
from buildx_tasks.planning.mounts.dockermounts import MountScope, find_mounts
from buildx_tasks.planning.mounts.mode import wanted_mode
from buildx_tasks.planning.mounts.mounttags import mount_tag
from buildx_tasks.planning.mounts.sizes import parse_size
from buildx_tasks.planning.tagprefix import check_prefix
from buildx_tasks.planning.tags.references import apply_default_repo
from buildx_tasks.planning.trust import why_untrusted

AUTO, READ, WRITE = "auto", "read", "write"


@dataclass(frozen=True, kw_only=True, slots=True)
class MountInput:
    """What decides about the cache mounts of one artifact. `native` is the platform that builds, `tag` the image.

    `file` is the Dockerfile in messages.
    """

    artifact: Artifact
    tag: str
    request: BuildRequest
    tool: Tool
    settings: Settings
    source: SourceFacts
    pushes: bool
    platforms: PlatformSet
    native: Platform
    file: str = "Dockerfile"
    builder: Builder | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedMounts:
    """The mounts, and notes about what can't be kept."""

    mounts: tuple[KeptMount, ...] = ()
    notes: tuple[str, ...] = ()


def plan_mounts(given: MountInput) -> PlannedMounts:
    """Plan the cache mounts of an artifact; none when they are off."""
    mode = wanted_mode(given.artifact, given.settings)
    if mode == OFF or (mode == AUTO and given.settings.cache_mode == OFF):
        return PlannedMounts()
    if given.source.parsed is None:
        return _without(given, given.source.unparsed) if given.source.unparsed else PlannedMounts()
    why_not = _why_not_saved(mode, given)
    kept, unknown = _mounts(given, given.source.parsed, saves=not why_not)
    if (kept or unknown) and (why := _why_impossible(given)):
        return _without(given, why)
    notes = [f"a cache mount is not kept: {text}" for text in dict.fromkeys(unknown)]
    if kept and why_not and mode != READ:
        notes.append(f"cache mounts are not saved: {why_not}")
    return PlannedMounts(mounts=kept, notes=tuple(f"artifact {given.artifact.image!r}: {text}" for text in notes))


def _without(given: MountInput, why: str) -> PlannedMounts:
    return PlannedMounts(notes=(f"artifact {given.artifact.image!r}: cache mounts are not kept: {why}",))


def mount_options(settings: Settings, tool: Tool) -> MountOptions:
    """What all cache mounts have in common. Raises `CannotStart` for an image or a limit that is none."""
    check_prefix(settings)
    parse_image_ref(settings.cache_mount_image)
    return MountOptions(
        helper=settings.cache_mount_image,
        limit=parse_size(settings.cache_mount_limit, "cache-mount-limit"),
        retries=settings.retries,
        compresses=tool.pushes_itself,
        insecure=settings.insecure_registries if tool.pushes_itself else (),
    )


def _why_impossible(given: MountInput) -> str:
    if not given.tool.is_buildx:
        return f"plain docker builds it ({given.tool.reason})"
    if given.request.builder is None:
        return "cliFlags have --builder"
    if not registry_of(parse_image_ref(_repository(given))) and not given.pushes:
        return f"{given.artifact.image!r} has no registry: set default-repo or cache-repo"
    return ""


def _why_not_saved(mode: str, given: MountInput) -> str:
    """Why nothing is saved; ``auto`` saves where ``cache-mode: auto`` writes, and a fork's ref never does."""
    cache_mode = given.settings.cache_mode
    if mode == READ:
        return "cache-mounts is read"
    if untrusted := why_untrusted(given.environ, given.event):
        return untrusted
    if mode == WRITE:
        return ""
    if cache_mode == READ:
        return "cache-mode is read"
    return "" if given.pushes or cache_mode == WRITE else "the image is not pushed"


def _repository(given: MountInput) -> str:
    """The repository of the artifact's cache: the image's own, or its place below ``cache-repo``."""
    settings = given.settings
    if settings.cache_repo:
        return apply_default_repo(settings.cache_repo.lower(), settings.multi_level_repo, given.artifact.image.lower())
    return parse_image_ref(given.tag).base_name


def _mounts(given: MountInput, dockerfile: Dockerfile, *, saves: bool) -> tuple[tuple[KeptMount, ...], list[str]]:
    """The mounts of every platform, and what is not known about others."""
    mounts: list[KeptMount] = []
    unknown: list[str] = []
    prefix, repository = given.settings.artifact_cache_prefix, parse_image_ref(_repository(given)).base_name
    for platform in given.platforms or [given.native]:
        scope = MountScope(
            platform=platform,
            native=given.native,
            target=_target(given.request),
            build_args=dict(_build_args(given)),
            file=given.file,
        )
        found = find_mounts(dockerfile, scope)
        for mount in found.mounts:
            tag = mount_tag(mount, str(platform), prefix)
            mounts.append(
                KeptMount(
                    mount=mount,
                    platform=str(platform),
                    image=f"{repository}:{tag}",
                    node=_node(given, platform),
                    restores=given.request.no_cache is None,
                    saves=saves,
                )
            )
        unknown += found.unknown
    return tuple(mounts), unknown


def _node(given: MountInput, platform: Platform) -> str:
    """The node that builds a platform, "" when more than one can."""
    nodes = nodes_for(given.builder, [platform] if given.platforms else []) if given.builder else ()
    return nodes[0].name if len(nodes) == 1 else ""


def _target(request: BuildRequest) -> str:
    flags = [flag.value for flag in request.parsed_cli_flags if flag.name == "target"]
    return flags[-1] if flags else request.target.value if request.target else ""


def _build_args(given: MountInput) -> Iterator[tuple[str, str | None]]:
    """The build args of the command; None for one that is known only when it runs."""
    for item in given.request.build_args:
        value = item.value.value
        if value is None:
            if item.value.name in given.environ:
                yield item.value.name, given.environ[item.value.name]
        else:
            yield item.value.name, value if isinstance(value, str) else None
    for flag in given.request.parsed_cli_flags:
        if flag.name == "build-arg":
            name, equals, text = flag.value.partition("=")
            if equals or name in given.environ:
                yield name, text if equals else given.environ[name]
