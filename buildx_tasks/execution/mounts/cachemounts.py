"""Cache mounts of one run: restored before the first build where they are empty, saved after the last.

What goes wrong here costs a warning and nothing else.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from buildx_tasks.document.buildkit.progress import is_missing
from buildx_tasks.errors import BuildxTasksError, WorkFailed
from buildx_tasks.execution.mounts.helperbuilds import HelperBuilds, LookedAt, MountInUse
from buildx_tasks.model.command import Runner
from buildx_tasks.model.mounts import MountOptions
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.result import BUILT, ArtifactResult
from buildx_tasks.planning.mounts.jobs import JobMount, MountJob, plan_jobs
from buildx_tasks.planning.mounts.recipes import LABEL
from buildx_tasks.planning.mounts.sizes import size_text

if TYPE_CHECKING:
    from buildx_tasks.execution.registry.client import RegistryClient

AT_ONCE = 8
JOBS_AT_ONCE = 4
STOPPED = "context canceled"
HINT = "cache-mount-image names the image that does it, cache-mounts: off goes without"

Say = Callable[[str], None]


class CacheMounts:
    """`restore` before the builds of a run, `save` after them; `client` is made when a registry is asked."""

    def __init__(
        self, options: MountOptions, runner: Runner, client: Callable[[], RegistryClient], say: Say, warn: Say
    ) -> None:
        self.options = options
        self.runner = runner
        self.client = client
        self.say = say
        self.warn = warn
        self.broken: set[tuple[str, str]] = set()

    def restore(self, steps: Sequence[BuildStep]) -> None:
        """Fill the mounts of `steps` that are empty and of which an image is there."""
        jobs = [job for job in plan_jobs(steps) if any(one.sources for one in job.mounts)]
        if not jobs:
            return
        self.say("Checking cache mounts...\n")
        there = self._there({source for job in jobs for one in job.mounts for source in one.sources})
        self._each(jobs, lambda builds, job: self._restore(builds, job, there))

    def save(self, steps: Sequence[BuildStep], results: Mapping[str, ArtifactResult]) -> None:
        """Save the mounts of what was built, unless their images hold the same."""
        built = [step for step in steps if step.mounts and _ran(results.get(step.image))]
        jobs = [job.only(one for one in job.mounts if one.targets) for job in plan_jobs(built)]
        jobs = [job for job in jobs if job.mounts and (job.builder, job.place) not in self.broken]
        if not jobs:
            return
        self._each(jobs, self._save)

    def _restore(self, builds: HelperBuilds, job: MountJob, there: Mapping[str, str]) -> None:
        known = [replace(one, sources=_distinct(one.sources, there)) for one in job.mounts]
        for one in known:
            if not one.sources:
                self._tell(job, one, "Nothing saved yet")
        known = [one for one in known if one.sources]
        if not known:
            return
        begun = time.monotonic()
        try:
            looked = builds.look(job.only(known), whole=False)
        except WorkFailed as error:
            self.broken.add((job.builder, job.place))
            self._warn(job, f"are not kept: {error.message}")
            return
        empty = [one for one, found in zip(known, looked, strict=True) if found.empty]
        for one in known:
            if one not in empty:
                self._tell(job, one, "Not empty")
        if empty:
            self._fill(builds, job.only(empty), begun)

    def _fill(self, builds: HelperBuilds, job: MountJob, begun: float) -> None:
        """Restore mounts that are empty."""
        try:
            builds.restore(job)
        except WorkFailed as error:
            unsure = [source for one in job.mounts for source in one.sources if "@" not in source]
            if not (is_missing(error.message) and any(source in error.message for source in unsure)):
                self._warn(job, f"are not restored: {error.message}")
            return
        seconds = time.monotonic() - begun
        for one in job.mounts:
            self._tell(job, one, f"Restored from {', '.join(map(_tagged, one.sources))} ({seconds:.1f} s)")

    def _save(self, builds: HelperBuilds, job: MountJob) -> None:
        try:
            looked = builds.look(job, whole=True)
        except WorkFailed as error:
            self._warn(job, f"are not saved: {error.message}")
            return
        for one, found in zip(job.mounts, looked, strict=True):
            if found.empty:
                continue
            if found.size > self.options.limit:
                self._warn_of(
                    one,
                    f"is not saved: it has {size_text(found.size)}, and cache-mount-limit is "
                    f"{size_text(self.options.limit)}",
                )
                continue
            self._save_one(builds, job, one, found)

    def _save_one(self, builds: HelperBuilds, job: MountJob, one: JobMount, found: LookedAt) -> None:
        targets = tuple(target for target in one.targets if self._content(target) != found.content)
        if not targets:
            self._tell(job, one, "Unchanged")
            return
        begun = time.monotonic()
        try:
            builds.save(job, replace(one, targets=targets), found.content)
        except MountInUse as error:
            self._tell(job, one, f"Not saved: {error.message}")
        except WorkFailed as error:
            self._warn_of(one, f"is not saved: {error.message}")
        else:
            seconds = time.monotonic() - begun
            self._tell(job, one, f"Saved to {', '.join(targets)} ({size_text(found.size)}, {seconds:.1f} s)")

    def _there(self, images: Iterable[str]) -> dict[str, str]:
        """The images that may be restored from, each with its digest.

        One whose registry can't be asked from here has itself: the builder may reach it.
        """

        def look(image: str) -> tuple[str, str]:
            try:
                digest = self.client().digest(image)
            except BuildxTasksError:
                return image, image
            return image, f"{image}@{digest}" if digest else ""

        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            return {image: found for image, found in pool.map(look, sorted(images)) if found}

    def _content(self, image: str) -> str:
        """What the label of a mount's image says is in it; "" when there is none that can be read."""
        try:
            client = self.client()
            manifest = json.loads(client.manifest(image).body or b"{}")
            config = json.loads(client.blob(image, manifest["config"]["digest"]))
            return str(config["config"]["Labels"][LABEL])
        except (BuildxTasksError, ValueError, KeyError, TypeError, AttributeError):
            return ""

    def _each(self, jobs: Sequence[MountJob], work: Callable[[HelperBuilds, MountJob], None]) -> None:
        """Do the work for every job, several at once, in a folder of its own."""
        try:
            with TemporaryDirectory(prefix="buildx-tasks-") as folder:
                builds = HelperBuilds(self.runner, self.options, Path(folder), itertools.count(1))
                with ThreadPoolExecutor(max_workers=min(len(jobs), JOBS_AT_ONCE)) as pool:
                    try:
                        list(pool.map(lambda job: work(builds, job), jobs))
                    except KeyboardInterrupt:
                        self.runner.stop()
                        raise
        except (BuildxTasksError, OSError) as error:
            self.warn(f"cache mounts are not kept: {error}")

    def _tell(self, job: MountJob, one: JobMount, text: str) -> None:
        self.say(f" - {one.mount.id} on {job.place or job.builder}: {text}\n")

    def _warn(self, job: MountJob, text: str) -> None:
        if STOPPED in text:  # by an interrupt, of which the run says enough
            return
        ids = ", ".join(dict.fromkeys(one.mount.id for one in job.mounts))
        self.warn(f"cache mounts on {job.place or job.builder} ({ids}) {text}; {HINT}")

    def _warn_of(self, one: JobMount, text: str) -> None:
        if STOPPED in text:
            return
        self.warn(f"cache mount {one.mount.id} {text}")


def _ran(result: ArtifactResult | None) -> bool:
    """Whether a build ran steps; one that took all of them from BuildKit's cache changed no mount."""
    if result is None or result.status != BUILT:
        return False
    return not result.steps or result.cached_steps < result.steps


def _distinct(images: Iterable[str], there: Mapping[str, str]) -> tuple[str, ...]:
    """What to restore from; images with the same digest once."""
    found = {there[image].rpartition("@")[2]: there[image] for image in images if image in there}
    return tuple(found.values())


def _tagged(image: str) -> str:
    return image.partition("@")[0]
