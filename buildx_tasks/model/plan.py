"""A build as a value: what is asked of the builder for each artifact, and why, before anything runs.

The plan is what `--dry-run`, `buildx.plan`, the JSON output, the bake export and the executor all read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from buildx_tasks.model.config import ActiveProfile, Artifact, Hooks
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.lock import BaseImages, Lock
from buildx_tasks.model.mounts import KeptMount, MountOptions
from buildx_tasks.model.partial import Partial
from buildx_tasks.model.request import BUILDX, DOCKER, LAYOUT, STAY, BuildRequest
from buildx_tasks.model.result import ArtifactResult


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of a command, and why it is set; the value of a `secret` one is never shown."""

    name: str
    value: str
    reason: str
    secret: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildStep:
    """The build of one artifact: `request` is what is asked of the builder.

    `output` is `PUSH`, `LOAD`, `EXPORT` or `STAY` (in the build cache), and `pushes` is also true for an export that
    pushes. `needs` are the images that must be built first. `environment` is what the command gets beside
    the environment of the run, `hook_environment` what hooks get. `folder` is where the command runs, "" for the
    current one. `native` is the platform that is built when there are no `platforms`. `partial` is there when only a
    part of an image is built, and pushed by digest. `bases` are the images that it reads, as
    far as they were looked for, and `locked` those of the lock file with their digests, all of them when some of
    `bases` are unknown. `mounts` are the cache mounts that outlive the builder.
    """

    artifact: Artifact
    tag: str
    request: BuildRequest
    output: str = STAY
    pushes: bool = False
    output_reason: str = ""
    builder: str = ""
    platforms: tuple[str, ...] = ()
    native: str = ""
    environment: tuple[Variable, ...] = ()
    needs: tuple[str, ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    hook_environment: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    partial: Partial | None = None
    bases: BaseImages = field(default_factory=BaseImages)
    locked: tuple[tuple[str, str], ...] = ()
    mounts: tuple[KeptMount, ...] = ()

    @property
    def image(self) -> str:
        """The image name as the config spells it."""
        return self.artifact.image

    @property
    def tool(self) -> str:
        """What builds: `BUILDX`, `DOCKER`, `CUSTOM` or `SKAFFOLD`."""
        return self.request.tool.value

    @property
    def built_platforms(self) -> tuple[str, ...]:
        """The platforms that the image gets: those that were asked for, else the builder's own; none if not known."""
        return self.platforms or ((self.native,) if self.native and self.tool in (BUILDX, DOCKER) else ())

    @property
    def pushed_name(self) -> str:
        """The name under which the result is pushed: the tag, or the repository where no tag is set."""
        return parse_image_ref(self.tag).base_name if self.partial else self.tag

    @property
    def layout(self) -> bool:
        """Whether dependents need the result as an OCI layout on disk."""
        return self.request.output(LAYOUT) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigPlan:
    """What is planned for one config: its profiles and the hooks around all of its builds.

    `try_import_missing` takes images that are there already for results, when the artifact cache knows none.
    """

    name: str
    file: str
    profiles: tuple[ActiveProfile, ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    hook_environment: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    try_import_missing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPlan:
    """All steps in artifact order, what was decided for them, and what the user should know.

    `tags` holds every selected artifact and its reference. `warnings` are visible always and errors under
    ``--strict``; `notes` explain decisions. `environment` is what all commands get beside the environment of the run.
    `host_os` and `folder` (absolute) are where hooks run. `insecure_registries` may be spoken to without checked TLS.
    `local_context` is the kube-context of a local cluster that images are loaded for, "" when there is none.
    `left_out` are artifacts that the settings leave out, as results, and `order` has the images of these and of the
    `steps` in artifact order (empty for the order of the steps).
    `keeps_history` says that ``docker buildx history`` can show a build's log later. `buildx` is its version.
    With `partial` all steps build parts of images.
    `daemon` says whether a docker daemon answers.
    At most `batch_size` artifacts are built by one bake, 0 for no bake at all, and a batch counts as `batch_load` of
    the builds that `concurrency` bounds, 0 for as many as it has artifacts. `batches` are those of the plan, by image.
    `lock` holds the digests that all builds use.
    `mounts` is about the cache mounts that steps keep, None when no step keeps any.
    """

    steps: tuple[BuildStep, ...] = ()
    left_out: tuple[ArtifactResult, ...] = ()
    order: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    engine_reason: str = ""
    concurrency: int = 1
    configs: tuple[ConfigPlan, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    host_os: str = "linux"
    folder: str = ""
    insecure_registries: tuple[str, ...] = ()
    local_context: str = ""
    keeps_history: bool = False
    partial: bool = False
    daemon: bool = True
    buildx: str = ""
    batch_size: int = 0
    batch_load: int = 0
    batches: tuple[tuple[str, ...], ...] = ()
    lock: Lock = field(default_factory=Lock)
    mounts: MountOptions | None = None

    def step(self, image: str) -> BuildStep:
        """The step that builds `image`; raises `KeyError` when there is none."""
        for step in self.steps:
            if step.image == image:
                return step
        raise KeyError(image)
