"""What a run gave: one result per artifact, in artifact order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from buildx_tasks.model.finding import Finding
from buildx_tasks.model.partial import Part, Partial

BUILT = "built"
CACHED = "cached"
FAILED = "failed"
INTERRUPTED = "interrupted"
NOT_STARTED = "not-started"
SKIPPED = "skipped"
PLANNED = "planned"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a build failed: one line, and what to run next.

    `id` names the entry of the error catalogue, "" when it has none; `words` is what docker itself said, when
    that is more. `step` names the build step that failed, `tail` is the end of what it printed, `place` is
    ``app/Dockerfile:3`` from the current folder and `source` the lines around it; `file` is the absolute path of that
    Dockerfile, "" when it is not on this machine. `log_command` prints the whole log later, "" where nothing keeps it.
    """

    message: str
    hint: str = ""
    id: str = ""
    words: str = ""
    step: str = ""
    tail: tuple[str, ...] = ()
    place: str = ""
    source: tuple[str, ...] = ()
    file: str = ""
    log_command: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformManifest:
    """One manifest of an image: of a platform, or the attestations of another manifest."""

    platform: str
    digest: str
    attestation: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StepTime:
    """One step of a build as BuildKit names it (``[2/3] RUN make``, ``exporting to image``), and its seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactResult:
    """`status` is one of the constants of this module, and `reason` says why a build was left out.

    CACHED means that nothing had to be done, NOT_STARTED that a required image was not built, SKIPPED that the run
    ended before or that another builder's artifacts are left out, INTERRUPTED that the build was stopped.
    `reference` is what others use: ``tag@digest`` when pushed, ``name:<image id>`` when loaded, else the tag.
    `digest` is the registry's digest of a pushed image, the image ID of a loaded one, "" when there is none.
    `by_choice` says that the settings ask to leave it out, or what it needs, so that its absence is not a failure.
    `partial` is there when it is a part of an image, without a tag: `reference` is ``repository@digest`` then.
    `manifests` and `media_type` are looked up only where somebody wants to know.
    `cache_from` and `cache_to` are the caches of the plan; `cache_imported` (references as BuildKit prints them) and
    `cache_exported` are those that were read and written. `step_times` has the steps that took a measurable time, and
    `findings` what BuildKit's checks say of the Dockerfile.
    """

    image: str
    tag: str
    status: str = PLANNED
    reference: str = ""
    digest: str = ""
    output: str = ""
    runtime_type: str = ""
    builder: str = ""
    platforms: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    cache_imported: tuple[str, ...] = ()
    cache_exported: tuple[str, ...] = ()
    steps: int = 0
    cached_steps: int = 0
    step_times: tuple[StepTime, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    reason: str = ""
    by_choice: bool = False
    failure: Failure | None = None
    partial: Partial | None = None
    media_type: str = ""
    manifests: tuple[PlatformManifest, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict, compare=False)

    @property
    def ok(self) -> bool:
        """Whether there is a result to use."""
        return self.status in (BUILT, CACHED, PLANNED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """All results, and what was said on the way; `failure` is one of the run itself, such as of its hooks.

    A `partial` run builds parts of images, which a merge makes whole ones of.
    """

    builds: tuple[ArtifactResult, ...] = ()
    warnings: tuple[str, ...] = ()
    interrupted: bool = False
    failure: Failure | None = None
    partial: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything that was selected is there, but for what the settings leave out."""
        there = all(build.ok or build.by_choice for build in self.builds)
        return there and not self.interrupted and self.failure is None

    @property
    def failed(self) -> tuple[ArtifactResult, ...]:
        """The builds that failed themselves."""
        return tuple(build for build in self.builds if build.status == FAILED)

    def parts(self) -> tuple[Part, ...]:
        """The parts of a partial run, also those that failed; without what is not built for its platforms."""
        return tuple(
            Part(
                file="",
                image=build.image,
                status=build.status,
                digest=build.digest if build.ok else "",
                platforms=build.platforms,
                partial=build.partial,
                runtime_type=build.runtime_type,
            )
            for build in self.builds
            if build.partial is not None
        )
