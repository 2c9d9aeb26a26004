"""The build side of a config as values: what one document says once it has the newest shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buildx_tasks.model.tagpolicy import GitCommit, TagPolicy

ARTIFACT_KINDS = ("docker", "bazel", "ko", "jib", "kaniko", "buildpacks", "custom")
BUILDABLE_KINDS = ("docker", "custom")
LOCAL = "local"

Pairs = tuple[tuple[str, str], ...]
NullablePairs = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A build secret by reference: an id and where its value is, never the value."""

    id: str
    src: str = ""
    env: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DockerArtifact:
    """The ``docker`` section of an artifact. `cache_to` is None when the key is absent."""

    dockerfile: str = "Dockerfile"
    target: str = ""
    build_args: NullablePairs = ()
    network: str = ""
    add_host: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] | None = None
    cli_flags: tuple[str, ...] = ()
    pull_parent: bool = False
    no_cache: bool = False
    squash: bool = False
    secrets: tuple[Secret, ...] = ()
    ssh: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactExtras:
    """What the ``.buildx:`` block adds to one artifact."""

    cache_from: tuple[str, ...] | None = None
    cache_to: tuple[str, ...] | None = None
    build_contexts: Pairs = ()
    attest: str = ""
    sbom: bool | None = None
    cache_mounts: str = ""
    reproducible: bool | None = None
    labels: Pairs = ()
    annotations: Pairs = ()
    outputs: tuple[str, ...] = ()
    no_cache_filter: tuple[str, ...] = ()
    shm_size: str = ""
    ulimits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomDependencies:
    """What a custom artifact is made of; at most one of the first three is set."""

    dockerfile: str = ""
    build_args: NullablePairs = ()
    command: str = ""
    paths: tuple[str, ...] = (".",)
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomArtifact:
    """A command that builds the image; it is a template and runs in a shell because the config asks for one."""

    build_command: str = ""
    dependencies: CustomDependencies = field(default_factory=CustomDependencies)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """A host command around a build: argv, operating systems it is for (empty: all), working directory."""

    command: tuple[str, ...]
    os: tuple[str, ...] = ()
    dir: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hooks:
    """Commands before and after."""

    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """An image that must be built first, and the build arg that carries its reference."""

    image: str
    alias: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """One entry of ``build.artifacts``. `kind` is one of `ARTIFACT_KINDS`; `line` is its line in the file.

    `environment` is what builds it: "local", "googleCloudBuild" or "cluster". `alone` is, as plain data, a whole config
    that builds nothing else, for an artifact that docker does not build (see `other_builder`); empty for others.
    """

    image: str
    context: str = "."
    kind: str = "docker"
    environment: str = "local"
    docker: DockerArtifact = field(default_factory=DockerArtifact)
    custom: CustomArtifact = field(default_factory=CustomArtifact)
    extras: ArtifactExtras = field(default_factory=ArtifactExtras)
    requires: tuple[Dependency, ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    platforms: tuple[str, ...] = ()
    runtime_type: str = ""
    file: str = ""
    line: int = 0
    alone: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def other_builder(self) -> str:
        """What builds an artifact that docker does not build, "" for one that is built here."""
        if self.kind not in BUILDABLE_KINDS:
            return self.kind
        return "" if self.environment == LOCAL else f"build.{self.environment}"

    @property
    def place(self) -> str:
        """``file:line`` for messages, as far as known."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def named(self) -> str:
        """How messages begin that are about it: ``file:line: artifact 'image'``."""
        return f"{f'{self.place}: ' if self.place else ''}artifact {self.image!r}"


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalBuild:
    """``build.local``; None stands for "not said"."""

    push: bool | None = None
    try_import_missing: bool = False
    use_buildkit: bool | None = None
    concurrency: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveProfile:
    """A profile that was applied, and why: a flag, an activation, a requiring config."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """One document: its name ("" when unnamed), where it comes from, and its build section.

    `environment` is "local", "googleCloudBuild" or "cluster". `buildx` is the plain ``.buildx:`` block, empty
    when there is none; its settings are read by `model.settings`, its artifacts are merged in already.
    """

    name: str = ""
    file: str = ""
    artifacts: tuple[Artifact, ...] = ()
    tag_policy: TagPolicy = field(default_factory=GitCommit)
    platforms: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()
    environment: str = "local"
    local: LocalBuild = field(default_factory=LocalBuild)
    hooks: Hooks = field(default_factory=Hooks)
    deploy_kube_context: str = ""
    deploys_to_docker: bool = False
    profiles: tuple[ActiveProfile, ...] = ()
    buildx: Mapping[str, object] = field(default_factory=dict)
