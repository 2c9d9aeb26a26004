"""What makes a build reproducible: the time of the commit for all times in the image, and no attestations.

Source: https://github.com/moby/buildkit/blob/master/docs/build-repro.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from packaging.version import Version

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.engine import Engine
from buildx_tasks.model.request import EXPORT, LAYOUT, PUSH, Because, BuildArg, BuildRequest, Output
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.build.engine import Tool, buildkit_version, version_of
from buildx_tasks.planning.build.stepinput import Remarks, RewriteLimits, StepInput

EPOCH = "SOURCE_DATE_EPOCH"
REWRITES_SINCE = Version("0.13")
"""The BuildKit that rewrites the times in layers."""
UNPACK_SINCE = Version("29.1")
"""The Docker engine that heeds ``unpack=false`` (moby/moby#51493); unpacking and rewriting exclude each other."""
REWRITE = ("rewrite-timestamp", "true")
IMAGE_EXPORTERS = ("image", "registry", "docker")
DOCKER_DRIVER = "docker"


def is_reproducible(artifact: Artifact, settings: Settings) -> bool:
    """Whether the image of an artifact shall come out the same each time it is built."""
    own = artifact.extras.reproducible
    return settings.reproducible if own is None else own


def reproducible_request(request: BuildRequest, given: StepInput, remarks: Remarks) -> BuildRequest:
    """`request` with the time of the commit, and with outputs that set the times in layers to it.

    What can't be had is a warning.
    """
    named = given.artifact.named
    if given.epoch is None:
        return request
    if not given.tool.is_buildx:
        remarks.warnings.append(f"{named}: plain docker build does not make reproducible images")
        return request
    if given.epoch.error:
        remarks.warnings.append(
            f"{named}: the time of its commit is not known ({given.epoch.error}): set {EPOCH} in the environment"
        )
    outputs = tuple(_rewriting(item, given, remarks) for item in request.outputs)
    return replace(request, build_args=(*request.build_args, *_epoch(request, given)), outputs=outputs)


def _epoch(request: BuildRequest, given: StepInput) -> Iterator[Because[BuildArg]]:
    """The build arg with the time, unless the user has set one; buildx passes the variable on by itself."""
    own = [flag.value.partition("=")[0] for flag in request.parsed_cli_flags if flag.name == "build-arg"]
    said = {*own, *(item.value.name for item in request.build_args)}
    if given.epoch and given.epoch.text and EPOCH not in said and not given.environ.get(EPOCH):
        yield Because(BuildArg(EPOCH, given.epoch.text), "reproducible: the time of the commit")


def _rewriting(item: Because[Output], given: StepInput, remarks: Remarks) -> Because[Output]:
    """An output that rewrites times, where its exporter does."""
    output = item.value
    spec = output.spec
    if output.kind == EXPORT and (spec is None or spec.type not in (*IMAGE_EXPORTERS, "oci")):
        return item
    stays = output.kind == LAYOUT or (spec is not None and spec.type == "oci")
    if why := given.rewrite.files if stays else given.rewrite.images:
        remarks.warnings.append(
            f"{given.artifact.named}: its layers keep the times of the build: {why}; "
            "build with one of another driver:  --builder NAME"
        )
        return item
    reason = f"{item.reason}; reproducible"
    if output.kind == LAYOUT:
        return Because(replace(output, rewrite=True), reason)
    if spec is None:
        attrs = (("name", given.tag), *((("push", "true"),) if output.kind == PUSH else ()))
        spec = Spec("image" if output.kind == PUSH else "docker", attrs)
    if not stays and given.tool.driver == DOCKER_DRIVER and not spec.get("unpack"):
        spec = spec.with_attr("unpack", "false")
    if not spec.get(REWRITE[0]):
        spec = spec.with_attr(*REWRITE)
    return Because(replace(output, spec=spec, rewrite=True), reason)


def rewrite_limits(tool: Tool, engine: Engine) -> RewriteLimits:
    """Why the tool does not rewrite the times in images that are pushed or loaded, and in OCI layouts.

    "" where it does.
    """
    nodes = engine.builder.nodes if engine.builder else ()
    for node in nodes:
        version = buildkit_version(node.buildkit)
        if version is not None and version < REWRITES_SINCE:
            why = f"BuildKit {node.buildkit} of node {node.name} does not rewrite them ({REWRITES_SINCE} does)"
            return RewriteLimits(why, why)
    if tool.driver != DOCKER_DRIVER:
        return RewriteLimits()
    if not tool.exports_images:
        why = "docker's classic image store can't rewrite them"
        return RewriteLimits(why, why)
    version = version_of(engine.daemon.version)
    if version is not None and version < UNPACK_SINCE:
        return RewriteLimits(f"Docker {engine.daemon.version} can't rewrite them where it also unpacks the image")
    return RewriteLimits()
