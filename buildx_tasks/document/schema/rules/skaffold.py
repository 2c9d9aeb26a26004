"""What Skaffold itself can't do with a file although the file is right: told so that nobody is surprised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from buildx_tasks.document.schema.catalogue import locate
from buildx_tasks.document.schema.decode import items, section
from buildx_tasks.document.schema.explain import UPGRADE
from buildx_tasks.document.schema.rules.artifacts import artifacts_of
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.model.apiversion import PREFIX, VERSIONS, position

BAZEL_LOST = position("v1beta8")
KANIKO_ADDED = position("v1beta6")
KINDS_BESIDE = ("docker", "bazel", "jibMaven", "jibGradle")
"""The artifact types of files that still have build.kaniko."""

LENIENT = position("v2beta11")
"""From here on Skaffold drops unknown keys in build.cluster and kaniko instead of refusing them."""


def pipelines_of(config: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The main pipeline and that of each profile, with their paths."""
    yield (), config
    for at, profile in enumerate(items(config, "profiles")):
        if isinstance(profile, Mapping):
            yield ("profiles", at), profile


def slips(config: Mapping[str, Any], at: int) -> Iterator[Problem]:
    """Files of the version at position `at` that Skaffold's own upgrade breaks and its validation then refuses."""
    for above, pipeline in pipelines_of(config):
        kaniko = section(pipeline, "build").get("kaniko") is not None and at <= KANIKO_ADDED
        for path, artifact in artifacts_of(pipeline):
            if at <= BAZEL_LOST and section(artifact, "bazel").get("target"):
                last = PREFIX + VERSIONS[BAZEL_LOST]
                message = f"Skaffold loses bazel.target of files up to {last} and then refuses them"
                yield _slip((*above, *path, "bazel", "target"), message)
            for kind in KINDS_BESIDE if kaniko else ():
                if artifact.get(kind) is not None:
                    message = f"Skaffold puts kaniko beside {kind} when it upgrades build.kaniko, then refuses both"
                    yield _slip((*above, *path, kind), message)


def _slip(path: Path, message: str) -> Problem:
    return Problem(path=path, code="skaffold-slip", message=message, hint=f"{UPGRADE} (it keeps what is meant)")


def cache_to(config: Mapping[str, Any]) -> Iterator[Problem]:
    """docker.cacheTo, which Skaffold does not know."""
    for above, pipeline in pipelines_of(config):
        for path, artifact in artifacts_of(pipeline):
            if "cacheTo" in section(artifact, "docker"):
                yield Problem(
                    path=(*above, *path, "docker", "cacheTo"),
                    code="upstream",
                    message="Skaffold itself refuses docker.cacheTo",
                    hint="move it to .buildx.artifacts, which Skaffold skips",
                )


def camel_keys(config: Mapping[str, Any], at: int) -> Iterator[Problem]:
    """Keys of Kubernetes types that Skaffold reads in lower case only."""
    for path in _kubernetes_places(config):
        place = locate(path, at)
        if not place or not place.prop or at not in place.prop.kubernetes:
            continue
        refuses = at < LENIENT or path[-1] == "container"
        for inner, item in _mappings(config, path):
            for key in item:
                if key != key.lower():
                    does = "refuses" if refuses else "ignores"
                    message = f"Skaffold {does} {key!r} here, it reads {key.lower()!r}"
                    yield Problem(path=(*inner, key), code="camel-key", message=message, severity="warning")


def _kubernetes_places(config: Mapping[str, Any]) -> Iterator[Path]:
    for above, pipeline in pipelines_of(config):
        yield (*above, "build", "cluster", "tolerations")
        yield (*above, "build", "cluster", "volumes")
        for path, artifact in artifacts_of(pipeline):
            for key in section(artifact, "kaniko"):
                yield (*above, *path, "kaniko", key)
        for number, _ in enumerate(items(pipeline, "verify")):
            yield (*above, "verify", number, "container")


def _mappings(config: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The mapping at `path`, or those of the list there."""
    value: Any = config
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        else:
            value = value[part] if isinstance(value, list) and isinstance(part, int) else None
    if isinstance(value, Mapping):
        yield path, value
    for at, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, Mapping):
            yield (*path, at), item
