"""Partial builds: one job builds some platforms of an image and pushes them by digest; a merge makes the index.

No tag is moved, so nothing ever finds a tag that lacks a platform.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from buildx_tasks.errors import BuildxTasksError, CannotStart, EngineUnfit
from buildx_tasks.model.cliflags import parse_cli_flags
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.partial import Pairs, Partial
from buildx_tasks.model.platform import Platform, PlatformSet, format_platforms, intersect, parse_platforms
from buildx_tasks.model.request import CUSTOM, DOCKER, PUSH
from buildx_tasks.model.result import SKIPPED, ArtifactResult
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.advice import builder_advice
from buildx_tasks.planning.build.destination import Destination
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.build.platforms import resolve_platforms
from buildx_tasks.planning.config.select import required_images
from buildx_tasks.planning.facts import Facts

OWN_FLAGS = ("load", "output", "push", "tag")
"""Flags among ``cliFlags`` that say where a result goes, which a partial build decides itself."""
MANIFEST, INDEX, DESCRIPTOR, INDEX_DESCRIPTOR = "manifest", "index", "manifest-descriptor", "index-descriptor"
_TYPE = re.compile(r"([a-z-]+)(?:\[([A-Za-z0-9_/.-]+)\])?")


def leave_out_platforms(
    artifacts: Sequence[Artifact], settings: Settings, host: Platform
) -> tuple[tuple[Artifact, ...], tuple[ArtifactResult, ...]]:
    """What of `artifacts` has one of the platforms that are built here, and the others as results.

    Where jobs build a platform each, an artifact for some of the platforms has nothing to do in the other jobs. Raises
    `CannotStart` when another artifact requires it there.
    """
    built = parse_platforms(settings.platform, host)
    out: dict[str, ArtifactResult] = {}
    for artifact in artifacts:
        own = parse_platforms(artifact.platforms, host)
        if built and own and not intersect(built, own):
            why = f"it is not built for {format_platforms(built)}"
            out[artifact.image] = ArtifactResult(
                image=artifact.image, tag="", status=SKIPPED, reason=why, by_choice=True
            )
    kept = tuple(item for item in artifacts if item.image not in out)
    for artifact in kept:
        if missing := [image for image in required_images(artifact) if image in out]:
            raise CannotStart(
                f"{artifact.named} requires {missing[0]!r}, which is not built for {format_platforms(built)}",
                f"add the platform to the platforms of {missing[0]!r}, or build all platforms in one build",
            )
    return kept, tuple(out[item.image] for item in artifacts if item.image in out)


def plan_partial(
    artifact: Artifact,
    tag: str,
    platforms: PlatformSet,
    tool: Tool,
    destination: Destination,
    config: Config,
    facts: Facts,
) -> Partial:
    """What a merge has to know of the part. Raises `CannotStart` or `EngineUnfit` when no digest can be pushed."""
    if problem := _why_not(artifact, tool, destination):
        raise problem
    expected = resolve_platforms(
        PlatformSet(),
        parse_platforms(config.platforms, facts.host),
        parse_platforms(artifact.platforms, facts.host),
        facts.host,
        image=artifact.image,
    )
    names = PlatformSet() if expected.all else expected
    if names and (foreign := [one for one in platforms if not any(one.same_as(other) for other in names)]):
        raise CannotStart(
            f"{artifact.named}: {foreign[0]} is not among the platforms of its config ({format_platforms(names)})",
            "add it to build.platforms: the parts of an image must be those that the config names",
        )
    return Partial(tags=(tag,), expected=tuple(str(platform) for platform in names), commit=facts.commit)


def _why_not(artifact: Artifact, tool: Tool, destination: Destination) -> BuildxTasksError | None:
    if not tool.is_buildx:
        if tool.name == DOCKER:
            text = f"{artifact.named}: plain docker build can't push by digest ({tool.reason})"
            return EngineUnfit(text, "build with docker buildx, on a builder of another driver than docker")
        what = "its build command" if artifact.kind == CUSTOM else artifact.other_builder
        return CannotStart(
            f"{artifact.named}: {what} pushes a tag, and a partial build pushes by digest alone",
            "select other artifacts with --artifact, and build this one for all platforms in a job of its own",
        )
    flags = parse_cli_flags(artifact.docker.cli_flags)
    if own := [flag.spelled for flag in flags if flag.name in OWN_FLAGS]:
        return CannotStart(
            f"{artifact.named}: cliFlags have {own[0]}, and a partial build pushes by digest alone",
            "take it out of cliFlags: the tag comes from the tag policy or --tag, and is set by the merge",
        )
    if destination.output != PUSH:
        return CannotStart(
            f"{artifact.named}: a partial build pushes by digest, and {destination.reason}",
            "push it:  --push --default-repo REGISTRY",
        )
    if tool.driver == DOCKER:
        return EngineUnfit(
            f"{artifact.named}: builder {tool.builder} (driver docker) can't push by digest",
            builder_advice("parts", daemon=True),
        )
    return None


def digest_output(tag: str, partial: Partial, *, insecure: bool) -> Spec:
    """The exporter that pushes by digest into the repository of `tag`."""
    pairs = [("name", parse_image_ref(tag).base_name), ("push-by-digest", "true"), ("name-canonical", "true")]
    pairs.append(("push", "true"))
    if partial.has_annotations:
        # The index will have annotations, which only OCI's types can hold; a build of all would choose them by itself.
        pairs.append(("oci-mediatypes", "true"))
    if insecure:
        pairs.append(("registry.insecure", "true"))
    return Spec("image", tuple(pairs))


def cache_suffix(platforms: PlatformSet) -> str:
    """What distinguishes the registry caches of a part: jobs that write one cache would overwrite each other's."""
    return "".join(f"-{re.sub('[^A-Za-z0-9]+', '-', str(platform)).strip('-')}" for platform in platforms)


def split_annotations(
    annotations: Iterable[tuple[str, str]], partial: Partial, platforms: PlatformSet, host: Platform
) -> tuple[Pairs, Partial]:
    """The annotations for the manifests that are built here, and `partial` with those that the merge sets.

    A key is as buildx reads it: ``KEY``, ``index:KEY``, ``manifest,index:KEY``, ``manifest[linux/arm64]:KEY``. What is
    for the manifest of a platform that is not built here is left out; ``index-descriptor`` is about files alone.
    Source: ParseAnnotations in buildx's util/buildflags/export.go.
    """
    here: list[tuple[str, str]] = []
    index: list[tuple[str, str]] = []
    descriptors: dict[str, list[tuple[str, str]]] = {str(platform): [] for platform in platforms}
    for text, value in annotations:
        types, colon, key = text.partition(":")
        found = [_TYPE.fullmatch(item) for item in types.split(",")] if colon else []
        if not found or not all(found):
            here.append((text, value))
            continue
        for kind, wanted in (match.groups() for match in found if match):
            names = [str(one) for one in platforms if not wanted or one.same_as(_platform(wanted, host))]
            if kind == INDEX:
                index.append((key, value))
            elif kind == DESCRIPTOR:
                for name in names:
                    descriptors[name].append((key, value))
            elif kind != INDEX_DESCRIPTOR and (names or not wanted):
                here.append((f"{kind}[{wanted}]:{key}" if wanted else f"{kind}:{key}", value))
    by_platform = tuple((name, tuple(pairs)) for name, pairs in descriptors.items() if pairs)
    return tuple(here), replace(partial, index_annotations=tuple(index), descriptor_annotations=by_platform)


def _platform(text: str, host: Platform) -> Platform:
    return next(iter(parse_platforms([text], host)))
