"""Rules for the artifacts of one config: builder and type, network, dependencies, sync, Jib."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from buildx_tasks.document.schema.decode import items, section, text, texts
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.model.config import ARTIFACT_KINDS

ACCEPTED = {
    "local": ("docker", "bazel", "ko", "jib", "buildpacks", "custom"),
    "googleCloudBuild": ("kaniko", "docker", "jib", "buildpacks", "ko"),
    "cluster": ("kaniko", "custom"),
}
"""Which artifact types each build environment takes."""

_CONTAINER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


def artifacts_of(config: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The artifacts of the main pipeline with their paths; profiles are judged by structure only, as in Skaffold."""
    for at, artifact in enumerate(items(section(config, "build"), "artifacts")):
        if isinstance(artifact, Mapping):
            yield ("build", "artifacts", at), artifact


def kind_of(artifact: Mapping[str, Any], environment: str) -> str:
    """The artifact's type; without one it is Docker, or Kaniko in a cluster."""
    fallback = "kaniko" if environment == "cluster" else "docker"
    return next((kind for kind in ARTIFACT_KINDS if artifact.get(kind) is not None), fallback)


def environment_of(config: Mapping[str, Any]) -> str:
    """The build environment: local unless another is given."""
    build = section(config, "build")
    return next((key for key in ("local", "googleCloudBuild", "cluster") if build.get(key) is not None), "local")


def builder_takes_the_type(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Each environment builds some artifact types only."""
    environment = environment_of(config)
    for path, artifact in artifacts_of(config):
        kind = kind_of(artifact, environment)
        if kind not in ACCEPTED[environment]:
            yield Problem(
                path=(*path, kind) if kind in artifact else path,
                code="builder-type",
                message=f"build.{environment} can't build {kind} artifacts ({text(artifact, 'image')!r})",
                hint=f"it takes {', '.join(ACCEPTED[environment])}",
            )


def network_names_a_container(config: Mapping[str, Any]) -> Iterator[Problem]:
    """``container:`` in docker.network is followed by a container's name or a template."""
    for path, artifact in artifacts_of(config):
        network = text(section(artifact, "docker"), "network")
        if not network.lower().startswith("container:"):
            continue
        name = network[len("container:") :]
        if "{{" not in name and not _CONTAINER.fullmatch(name):
            yield Problem(
                path=(*path, "docker", "network"),
                code="network-mode",
                message=f"{network!r} does not name a container",
                hint="write container:NAME",
            )


def ignore_needs_paths(config: Mapping[str, Any]) -> Iterator[Problem]:
    """dependencies.ignore of a custom artifact goes with paths only; alone it has no effect."""
    for path, artifact in artifacts_of(config):
        dependencies = section(section(artifact, "custom"), "dependencies")
        if dependencies.get("ignore") is None or dependencies.get("paths") is not None:
            continue
        other = dependencies.get("dockerfile") is not None or text(dependencies, "command")
        yield Problem(
            path=(*path, "custom", "dependencies", "ignore"),
            code="ignore-without-paths",
            message="dependencies.ignore has a meaning only together with dependencies.paths",
            hint="list the paths, or remove ignore",
            severity="error" if other else "warning",
        )


def strip_begins_the_source(config: Mapping[str, Any]) -> Iterator[Problem]:
    """sync.manual: what is stripped must be how the source begins."""
    for path, artifact in artifacts_of(config):
        for at, rule in enumerate(items(section(artifact, "sync"), "manual")):
            if not isinstance(rule, Mapping):
                continue
            source, strip = text(rule, "src"), text(rule, "strip")
            if not source.startswith(strip):
                yield Problem(
                    path=(*path, "sync", "manual", at, "strip"),
                    code="sync-strip",
                    message=f"{strip!r} is not how src {source!r} begins",
                )


def jib_type_is_known(config: Mapping[str, Any]) -> Iterator[Problem]:
    """jib.type is maven or gradle, in any case, or absent."""
    for path, artifact in artifacts_of(config):
        kind = text(section(artifact, "jib"), "type")
        if kind.lower() not in ("", "maven", "gradle"):
            yield Problem(
                path=(*path, "jib", "type"),
                code="jib-type",
                message=f"artifact {text(artifact, 'image')!r} has the unknown Jib type {kind!r}",
                hint="maven or gradle",
            )


def ko_sync_is_possible(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Inferred sync of ko artifacts copies kodata folders only, and needs one main package."""
    for path, artifact in artifacts_of(config):
        ko = section(artifact, "ko")
        patterns = texts(section(artifact, "sync"), "infer")
        if artifact.get("ko") is None or not patterns:
            continue
        if "..." in text(ko, "main"):
            yield Problem(
                path=(*path, "ko", "main"),
                code="ko-sync",
                message="sync.infer needs one main package, ko.main names several with ...",
                hint="name the package",
            )
        for at, pattern in enumerate(patterns):
            if "kodata" not in pattern:
                yield Problem(
                    path=(*path, "sync", "infer", at),
                    code="ko-sync",
                    message=f"{pattern!r} does not name a kodata folder, the only one ko can sync",
                )


RULES = (
    builder_takes_the_type,
    network_names_a_container,
    ignore_needs_paths,
    strip_begins_the_source,
    jib_type_is_known,
    ko_sync_is_possible,
)
