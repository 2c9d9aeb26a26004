"""From a config to the commands that check its Dockerfiles: the build's own, without what a check does not need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from packaging.version import Version

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.dockercheck import DockerCheck
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import BUILDX, DOCKER, BuildPlan, BuildStep, Placeholder
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.engine import version_of
from buildx_tasks.planning.config.select import required_images

CALL_SINCE = Version("0.15")
CALL = ("--call", "check,format=json")
JUDGED = ("--target", "--build-arg", "--build-context")
KEPT = ("docker", "--file", "--target", "--build-arg", "--build-context", "--builder")


def check_settings(settings: Settings) -> Settings:
    """Settings under which whatever can be checked can also be planned: nothing is loaded, cached or attested."""
    return replace(
        settings,
        push=True,
        output=(),
        platform=(),
        disable_multi_platform_build=True,
        cache_mode="off",
        cache_from=(),
        cache_to=(),
        attest="none",
        sbom=False,
    )


def check_config(config: Config) -> Config:
    """`config` with its docker artifacts alone, and with nothing in them that only a real build needs."""
    return replace(config, artifacts=tuple(_bare(item) for item in config.artifacts if item.kind == DOCKER))


def _bare(artifact: Artifact) -> Artifact:
    flags = _kept(artifact.docker.cli_flags)
    docker = replace(artifact.docker, secrets=(), ssh="", network="", cache_from=(), cli_flags=flags)
    return replace(
        artifact,
        docker=docker,
        platforms=(),
        extras=replace(artifact.extras, outputs=(), attest="", sbom=None, cache_to=(), annotations=()),
    )


def _kept(flags: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``cliFlags`` that a Dockerfile is judged by, each in one word."""
    found: list[str] = []
    words = iter(flags)
    for word in words:
        name, equals, _value = word.partition("=")
        if name in JUDGED:
            found.append(word if equals else f"{word}={next(words, '')}")
    return tuple(found)


def check_tags(artifacts: Sequence[Artifact]) -> dict[str, str]:
    """A reference for each image: a check makes none, but templates and other artifacts may name it."""
    return {item.image: f"{parse_image_ref(item.image).base_name}:latest" for item in artifacts}


def require_call(buildx: str, error: str = "") -> None:
    """Raise `EngineUnfit` unless this version of the plugin ("" for none) can check Dockerfiles."""
    version = version_of(buildx)
    if not buildx:
        why = f": {error}" if error else ""
        raise EngineUnfit(
            f"Dockerfile checks need docker buildx {CALL_SINCE}, and docker buildx does not answer{why}",
            "install the docker-buildx plugin:  docker buildx version",
        )
    if version is not None and version < CALL_SINCE:
        raise EngineUnfit(
            f"Dockerfile checks need docker buildx {CALL_SINCE} (--call), and this is {buildx}",
            "update the docker-buildx plugin:  docker buildx version",
        )


def plan_checks(plan: BuildPlan, references: Mapping[str, str], empty: str) -> tuple[DockerCheck, ...]:
    """The commands. Raises `EngineUnfit` when the plan would build with plain docker.

    Images that others of the config are built from were maybe never made: the `empty` folder stands for them.
    """
    plain = next((step for step in plan.steps if step.tool != BUILDX), None)
    if plain is not None:
        raise EngineUnfit(
            f"Dockerfile checks are made by docker buildx, and {plain.image} is built without: {plan.engine_reason}",
            "name a builder:  --builder default",
        )

    def answer(later: Placeholder) -> str:
        return references.get(later.image, later.image)

    return tuple(_check(step, answer, references, empty) for step in plan.steps)


def _check(
    step: BuildStep, answer: Callable[[Placeholder], str], references: Mapping[str, str], empty: str
) -> DockerCheck:
    flags = [words for item in step.flags if (words := item.render(answer)) and words[0].partition("=")[0] in KEPT]
    named = dict(words for words in flags if len(words) == 2)
    needed = [references[image] for image in required_images(step.artifact) if image in references]
    made = {f"docker-image://{reference}" for reference in needed}
    flags = [
        (words[0], f"{words[1].partition('=')[0]}={empty}") if words[-1].partition("=")[2] in made else words
        for words in flags
    ]
    flags += [("--build-context", f"{reference}={empty}") for reference in needed]
    return DockerCheck(
        image=step.image,
        dockerfile=named.get("--file", ""),
        builder=step.builder,
        argv=(*(word for words in flags for word in words), *CALL),
        env=tuple((item.name, item.value) for item in step.environment),
    )


def too_old(check: DockerCheck) -> EngineUnfit:
    """The error for a BuildKit that has no checks of its own and can't fetch a frontend that has."""
    return EngineUnfit(
        f"the BuildKit of builder {check.builder} can't check Dockerfiles: it is older than 0.14, and the image "
        "docker/dockerfile that could do it can't be pulled there",
        "use a builder with a newer BuildKit:  --builder NAME\n"
        "or name a frontend that it can pull, in the Dockerfile's first line:  # syntax=REGISTRY/docker/dockerfile:1",
    )
