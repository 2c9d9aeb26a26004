"""From plain newest-shape data to the values of `model.config`, the way Skaffold's decoder reads it.

The data has been validated before: a value of a wrong type is read as absent here, never guessed at.
Null counts as absent, any scalar is accepted for a string, and the YAML 1.1 words for a boolean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from buildx_tasks.document.yaml.scalars import BOOL_WORDS, as_text
from buildx_tasks.model.config import (
    ARTIFACT_KINDS,
    LOCAL,
    Artifact,
    ArtifactExtras,
    Config,
    CustomArtifact,
    CustomDependencies,
    Dependency,
    DockerArtifact,
    Hook,
    Hooks,
    LocalBuild,
    NullablePairs,
    Pairs,
    Secret,
)
from buildx_tasks.model.tagpolicy import tag_policy_from_mapping

ENVIRONMENTS = (LOCAL, "googleCloudBuild", "cluster")

LineOf = Callable[[tuple[str | int, ...]], int]
"""Gives the line of a path of the document, 0 when unknown."""


def decode_config(data: Mapping[str, Any], *, file: str = "", line_of: LineOf = lambda _path: 0) -> Config:
    """Read one document (top-level dotted keys included, so that ``.buildx`` is seen) into a `Config`."""
    build = section(data, "build")
    buildx = section(data, ".buildx")
    environment = next((key for key in ENVIRONMENTS[1:] if build.get(key) is not None), LOCAL)
    extras = section(buildx, "artifacts")
    deploy = section(data, "deploy")
    return Config(
        name=text(section(data, "metadata"), "name"),
        file=file,
        artifacts=tuple(
            _artifact(data, item, environment, extras, file, line_of(("build", "artifacts", at)))
            for at, item in enumerate(items(build, "artifacts"))
            if isinstance(item, Mapping)
        ),
        tag_policy=tag_policy_from_mapping(section(build, "tagPolicy")),
        platforms=texts(build, "platforms"),
        insecure_registries=texts(build, "insecureRegistries"),
        environment=environment,
        local=_local(section(build, "local")),
        hooks=_hooks(section(build, "hooks")),
        deploy_kube_context=text(deploy, "kubeContext"),
        deploys_to_docker=deploy.get("docker") is not None,
        buildx=buildx,
    )


def _artifact(
    data: Mapping[str, Any],
    item: Mapping[str, Any],
    environment: str,
    extras: Mapping[str, Any],
    file: str,
    line: int,
) -> Artifact:
    image = text(item, "image")
    fallback = "kaniko" if environment == "cluster" else "docker"
    kind = next((kind for kind in ARTIFACT_KINDS if item.get(kind) is not None), fallback)
    artifact = Artifact(
        image=image,
        context=text(item, "context") or ".",
        kind=kind,
        environment=environment,
        docker=_docker(section(item, "docker")),
        custom=_custom(section(item, "custom")),
        extras=_extras(section(extras, image)),
        requires=tuple(_dependency(entry) for entry in items(item, "requires") if isinstance(entry, Mapping)),
        hooks=_hooks(section(item, "hooks")),
        platforms=texts(item, "platforms"),
        runtime_type=text(item, "runtimeType"),
        file=file,
        line=line,
    )
    return replace(artifact, alone=_alone(data, item)) if artifact.other_builder else artifact


def _alone(data: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """The config with one artifact and what builds it; what is done around builds and before them is left out."""
    build = section(data, "build")
    artifact = {key: value for key, value in item.items() if key not in ("hooks", "requires")}
    kept = {key: build[key] for key in ("insecureRegistries", *ENVIRONMENTS) if build.get(key) is not None}
    return {"apiVersion": data.get("apiVersion"), "kind": "Config", "build": {"artifacts": [artifact], **kept}}


def _docker(data: Mapping[str, Any]) -> DockerArtifact:
    return DockerArtifact(
        dockerfile=text(data, "dockerfile") or "Dockerfile",
        target=text(data, "target"),
        build_args=_nullable_pairs(data, "buildArgs"),
        network=text(data, "network"),
        add_host=texts(data, "addHost"),
        cache_from=texts(data, "cacheFrom"),
        cache_to=texts(data, "cacheTo") if data.get("cacheTo") is not None else None,
        cli_flags=texts(data, "cliFlags"),
        pull_parent=bool(boolean(data, "pullParent")),
        no_cache=bool(boolean(data, "noCache")),
        squash=bool(boolean(data, "squash")),
        secrets=tuple(
            Secret(id=text(entry, "id"), src=text(entry, "src"), env=text(entry, "env"))
            for entry in items(data, "secrets")
            if isinstance(entry, Mapping)
        ),
        ssh=text(data, "ssh"),
    )


def _extras(data: Mapping[str, Any]) -> ArtifactExtras:
    return ArtifactExtras(
        cache_from=texts(data, "cacheFrom") if data.get("cacheFrom") is not None else None,
        cache_to=texts(data, "cacheTo") if data.get("cacheTo") is not None else None,
        build_contexts=_pairs(data, "buildContexts"),
        attest=text(data, "attest"),
        sbom=boolean(data, "sbom"),
        cache_mounts=_choice(data, "cacheMounts"),
        reproducible=boolean(data, "reproducible"),
        labels=_pairs(data, "labels"),
        annotations=_pairs(data, "annotations"),
        outputs=texts(data, "outputs"),
        no_cache_filter=texts(data, "noCacheFilter"),
        shm_size=text(data, "shmSize"),
        ulimits=texts(data, "ulimits"),
    )


def _choice(data: Mapping[str, Any], key: str) -> str:
    """The word under `key`, "" when absent; ``off`` without quotes is false for YAML."""
    return "off" if data.get(key) is False else text(data, key)


def _custom(data: Mapping[str, Any]) -> CustomArtifact:
    dependencies = section(data, "dependencies")
    dockerfile = section(dependencies, "dockerfile")
    return CustomArtifact(
        build_command=text(data, "buildCommand"),
        dependencies=CustomDependencies(
            dockerfile=text(dockerfile, "path"),
            build_args=_nullable_pairs(dockerfile, "buildArgs"),
            command=text(dependencies, "command"),
            paths=texts(dependencies, "paths") or (".",),
            ignore=texts(dependencies, "ignore"),
        ),
    )


def _dependency(data: Mapping[str, Any]) -> Dependency:
    image = text(data, "image")
    return Dependency(image=image, alias=text(data, "alias") or image)


def _hooks(data: Mapping[str, Any]) -> Hooks:
    def read(key: str) -> tuple[Hook, ...]:
        return tuple(
            Hook(command=texts(entry, "command"), os=texts(entry, "os"), dir=text(entry, "dir"))
            for entry in items(data, key)
            if isinstance(entry, Mapping)
        )

    return Hooks(before=read("before"), after=read("after"))


def _local(data: Mapping[str, Any]) -> LocalBuild:
    concurrency = data.get("concurrency")
    return LocalBuild(
        push=boolean(data, "push"),
        try_import_missing=bool(boolean(data, "tryImportMissing")),
        use_buildkit=boolean(data, "useBuildkit"),
        concurrency=int(concurrency) if isinstance(concurrency, int | float) else None,
    )


def section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping under `key`, empty when absent or null."""
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def items(data: Mapping[str, Any], key: str) -> list[Any]:
    """The list under `key`, empty when absent or null."""
    value = data.get(key)
    return value if isinstance(value, list) else []


def text(data: Mapping[str, Any], key: str) -> str:
    """The string under `key`: any scalar in its spelling, "" when absent or null."""
    value = data.get(key)
    return "" if isinstance(value, Mapping | list) else as_text(value)


def texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The list of strings under `key`."""
    return tuple(as_text(item) for item in items(data, key) if not isinstance(item, Mapping | list))


def boolean(data: Mapping[str, Any], key: str) -> bool | None:
    """The boolean under `key`, None when absent or null."""
    value = data.get(key)
    if isinstance(value, str):
        return BOOL_WORDS.get(value)
    return value if isinstance(value, bool) else None


def _pairs(data: Mapping[str, Any], key: str) -> Pairs:
    return tuple((str(name), as_text(value)) for name, value in section(data, key).items())


def _nullable_pairs(data: Mapping[str, Any], key: str) -> NullablePairs:
    return tuple((str(name), None if value is None else as_text(value)) for name, value in section(data, key).items())
