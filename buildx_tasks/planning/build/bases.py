"""The base images of one build, and the digests that the lock gives them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from packaging.version import Version

from buildx_tasks.document.formats.baseimages import ARTIFACT, DockerfileUse, base_images, context_key
from buildx_tasks.document.formats.dockerfile import Dockerfile
from buildx_tasks.errors import CannotStart, EngineUnfit
from buildx_tasks.model.config import Config
from buildx_tasks.model.engine import Engine
from buildx_tasks.model.imageref import familiar
from buildx_tasks.model.lock import BaseImages, ImageUse, Lock
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.platform import Platform, parse_platform
from buildx_tasks.model.request import BuildRequest, Placeholder
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.build.engine import buildkit_version, version_of

POLICY_SINCE = Version("0.11")
"""The buildx that hands source policies to BuildKit, and the BuildKit that follows them."""
IMAGE_CONTEXT = "docker-image://"
HOST = Platform(os="linux", arch="amd64")
"""What completes a platform that is given by half; those of a plan are whole."""

Locked = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BasesInput:
    """What the base images of a build are found from.

    `own` are the familiar names, without tags, of the artifacts of all configs; `file` is how messages name the
    Dockerfile.
    """

    request: BuildRequest
    dockerfile: Dockerfile
    platforms: tuple[str, ...]
    native: str
    environ: Mapping[str, str]
    environment: tuple[Variable, ...] = ()
    own: Collection[str] = ()
    file: str = ""


def find_bases(given: BasesInput) -> BaseImages:
    """The base images of one build for all of its platforms."""
    args, target, contexts = _args(given), _target(given.request), dict(_contexts(given.request))
    images: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for platform in given.platforms or (given.native,):
        use = DockerfileUse(
            target=target, args=args, platform_args=_platform_args(platform, given.native), contexts=contexts
        )
        found = base_images(given.dockerfile, use, given.file)
        images = {**{one.image: one.place for one in found.images}, **images}
        unknown |= dict.fromkeys(found.unknown)
    for name, source in contexts.items():
        if source.startswith(IMAGE_CONTEXT):
            _note_context(name, source.removeprefix(IMAGE_CONTEXT), images, unknown)
    kept = sorted((image, place) for image, place in images.items() if image.rpartition(":")[0] not in given.own)
    return BaseImages(tuple(ImageUse(image, place) for image, place in kept), tuple(unknown))


def own_names(configs: Iterable[Config], tags: Iterable[str]) -> frozenset[str]:
    """The familiar names, without tags, under which the artifacts of `configs` are known, also with their `tags`."""
    return frozenset(_names((*(item.image for config in configs for item in config.artifacts), *tags)))


def _names(references: Iterable[str]) -> Iterator[str]:
    for reference in references:
        try:
            yield familiar(reference.partition("@")[0]).rpartition(":")[0]
        except CannotStart:
            continue


def _note_context(name: str, reference: str, images: dict[str, str], unknown: dict[str, None]) -> None:
    try:
        image = familiar(reference)
    except CannotStart as error:
        unknown[f"build context {name}: {error.message}"] = None
        return
    if "@" not in image:
        images.setdefault(image, f"build context {name}")


def _args(given: BasesInput) -> dict[str, str]:
    """The build args that have a value; those of `cliFlags` come last on the command line."""
    environ = {**given.environ, **{item.name: item.value for item in given.environment}}
    args: dict[str, str] = {}
    for item in given.request.build_args:
        value = item.value.value
        if isinstance(value, Placeholder):
            args[item.value.name] = ARTIFACT
        elif value is not None or item.value.name in environ:
            args[item.value.name] = environ[item.value.name] if value is None else value
    for flag in given.request.parsed_cli_flags:
        name, equals, text = flag.value.partition("=")
        if flag.name == "build-arg" and (equals or name in environ):
            args[name] = text if equals else environ[name]
    return args


def _target(request: BuildRequest) -> str:
    own = [flag.value for flag in request.parsed_cli_flags if flag.name == "target"]
    return request.target.value if request.target else own[-1] if own else ""


def _contexts(request: BuildRequest) -> Iterator[tuple[str, str]]:
    """The named contexts by name; an artifact of the same config has an empty source."""
    for flag in request.parsed_cli_flags:
        if flag.name == "build-context":
            name, _equals, source = flag.value.partition("=")
            yield context_key(name), source
    for item in request.named_contexts:
        if item.value.name:
            yield context_key(item.value.name), item.value.source


def _platform_args(platform: str, native: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, text in (("TARGET", platform), ("BUILD", native or platform)):
        with suppress(CannotStart):  # what a daemon calls its own platform may be none
            one = parse_platform(text, HOST)
            parts = {"PLATFORM": str(one), "OS": one.os, "ARCH": one.arch, "VARIANT": one.variant}
            found |= {f"{kind}{name}": value for name, value in parts.items()}
    return found


def apply_lock(lock: Lock, bases: BaseImages, named: str) -> tuple[Locked, tuple[str, ...]]:
    """The images of a build with their locked digests, and a warning for each that is not locked.

    `named` is how messages begin. Where it is not known which images are read, all digests of the lock count.
    """
    here = {one.image for one in bases.images}
    locked = tuple((image, digest) for image, digest in sorted(lock.images.items()) if bases.unknown or image in here)
    warnings = [
        f"{named}: {one.image} ({one.place}) is not in {lock.file}; add it:  {task_command('buildx.lock')}"
        for one in bases.images
        if one.image not in lock.images
    ]
    warnings += [f"{named}: not locked: {text}" for text in bases.unknown]
    return locked, tuple(warnings)


def check_policy_support(lock: Lock, engine: Engine) -> None:
    """Raise `EngineUnfit` when buildx or a node is known to ignore source policies; unknown versions follow them."""
    nodes = engine.builder.nodes if engine.builder else ()
    parts = [
        ("docker buildx", engine.buildx, version_of(engine.buildx)),
        *((f"the BuildKit of node {node.name}", node.buildkit, buildkit_version(node.buildkit)) for node in nodes),
    ]
    for what, said, version in parts:
        if version is not None and version < POLICY_SINCE:
            raise EngineUnfit(
                f"{lock.file} needs docker buildx {POLICY_SINCE} and BuildKit {POLICY_SINCE}, and {what} is {said}",
                "update it, or build without the locked digests:  --lock-file off",
            )
