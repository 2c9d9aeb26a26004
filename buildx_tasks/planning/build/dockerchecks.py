"""From a config to the commands that check its Dockerfiles: the build's own, without what a check does not need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.version import Version

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.argv import check_argv
from buildx_tasks.model.cliflags import parse_cli_flags
from buildx_tasks.model.config import LOCAL, Artifact, Config, Hooks
from buildx_tasks.model.dockercheck import DockerCheck
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import (
    BUILDX,
    DOCKER,
    REFERENCE,
    Answer,
    Because,
    BuildRequest,
    NamedContext,
    Placeholder,
)
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.engine import version_of
from buildx_tasks.planning.config.select import required_images

CALL_SINCE = Version("0.15")
JUDGED = ("target", "build-arg", "build-context")


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
        reproducible=False,
    )


def check_config(config: Config) -> Config:
    """`config` with its docker artifacts alone, and with nothing in them that only a real build needs."""
    artifacts = tuple(_bare(item) for item in config.artifacts if item.kind == DOCKER)
    return replace(config, artifacts=artifacts, hooks=Hooks())


def _bare(artifact: Artifact) -> Artifact:
    judged = tuple(flag.word for flag in parse_cli_flags(artifact.docker.cli_flags) if flag.name in JUDGED)
    docker = replace(artifact.docker, secrets=(), ssh="", network="", cache_from=(), cli_flags=judged)
    return replace(
        artifact,
        environment=LOCAL,  # a Dockerfile is the same wherever it is built
        docker=docker,
        platforms=(),
        hooks=Hooks(),
        extras=replace(
            artifact.extras, outputs=(), attest="", sbom=None, reproducible=None, cache_to=(), annotations=(), labels=()
        ),
    )


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

    def answer(placeholder: Placeholder) -> str:
        return references.get(placeholder.image, placeholder.image)

    return tuple(_check(step, answer, references, empty) for step in plan.steps)


def _check(step: BuildStep, answer: Answer, references: Mapping[str, str], empty: str) -> DockerCheck:
    needed = [references[image] for image in required_images(step.artifact) if image in references]
    made = {f"docker-image://{reference}" for reference in needed}
    whole = step.request
    request = BuildRequest(
        image=whole.image,
        tool=whole.tool,
        context=whole.context,
        dockerfile=whole.dockerfile,
        build_args=whole.build_args,
        cli_flags=whole.cli_flags,
        target=whole.target,
        named_contexts=tuple(_stand_in(context, answer, made, empty) for context in whole.named_contexts),
        builder=whole.builder,
    )
    return DockerCheck(
        image=step.image,
        dockerfile=whole.dockerfile.value if whole.dockerfile else "",
        builder=step.builder,
        argv=check_argv(request, answer, dict.fromkeys(needed, empty)),
        env=tuple((item.name, item.value) for item in step.environment),
    )


def _stand_in(context: Because[NamedContext], answer: Answer, made: set[str], empty: str) -> Because[NamedContext]:
    """A named context, with the `empty` folder as source where it is an image that was maybe never made."""
    item = context.value
    source = f"docker-image://{answer(Placeholder(REFERENCE, item.image))}" if item.image else item.source
    return replace(context, value=NamedContext(name=item.name, source=empty)) if source in made else context


def too_old(check: DockerCheck) -> EngineUnfit:
    """The error for a BuildKit that has no checks of its own and can't fetch a frontend that has."""
    return EngineUnfit(
        f"the BuildKit of builder {check.builder} can't check Dockerfiles: it is older than 0.14, and the image "
        "docker/dockerfile that could do it can't be pulled there",
        "use a builder with a newer BuildKit:  --builder NAME\n"
        "or name a frontend that it can pull, in the Dockerfile's first line:  # syntax=REGISTRY/docker/dockerfile:1",
    )
