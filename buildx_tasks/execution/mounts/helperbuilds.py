"""Runs the helper builds: a generated Dockerfile, an empty context, and nothing but answers comes back."""

from __future__ import annotations

import contextlib
import itertools
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from buildx_tasks.document.buildkit.erroroutput import ErrorOutput, read_error_output
from buildx_tasks.errors import WorkFailed
from buildx_tasks.model.argv import argv
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.mounts import MountOptions
from buildx_tasks.model.request import BUILDX, EXPORT, Because, BuildArg, BuildRequest, Output, spelled
from buildx_tasks.model.settings import PLAIN
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.failures.diagnosis import diagnose
from buildx_tasks.planning.failures.retry import wait_before
from buildx_tasks.planning.mounts.dockermounts import NAMESPACE
from buildx_tasks.planning.mounts.jobs import JobMount, MountJob
from buildx_tasks.planning.mounts.recipes import IN_USE, STAMP, look_recipe, restore_recipe, save_recipe

ENVIRONMENT = (("BUILDX_NO_DEFAULT_ATTESTATIONS", "1"), ("SOURCE_DATE_EPOCH", ""))
"""One manifest an image, and one that says when it was saved: prune goes by that."""
WHY = "cache mounts"
SECONDS = 900.0
"""How long one helper build may take; a mount with ``sharing=locked`` may be in use for some time."""


class MountInUse(WorkFailed):
    """Another build writes to a mount while it is saved."""


class LookedAt(NamedTuple):
    """What is in a mount: `size` in bytes and `content`, which is the same for the same files, where asked for."""

    empty: bool
    size: int = 0
    content: str = ""


@dataclass(frozen=True, slots=True)
class HelperBuilds:
    """The builds for one run, in `folder`. All of them raise `WorkFailed`."""

    runner: Runner
    options: MountOptions
    folder: Path
    numbers: itertools.count[int]

    def look(self, job: MountJob, *, whole: bool) -> list[LookedAt]:
        """What is in each mount of a job; with `whole` also its size and content."""
        recipe = look_recipe([one.mount for one in job.mounts], self.options.helper, whole=whole)
        answers = self._folder() / "answers"
        self._build(job, recipe, Spec("local", (("dest", str(answers)),)))
        return [_answer(answers / str(number)) for number in range(len(job.mounts))]

    def restore(self, job: MountJob) -> None:
        """Fill the mounts of a job that are empty from their sources."""
        recipe = restore_recipe([(one.mount, one.sources) for one in job.mounts], self.options.helper)
        self._build(job, recipe, Spec("cacheonly"))

    def save(self, job: MountJob, one: JobMount, content: str) -> None:
        """Push an image with what is in a mount, which is `content`, to all its targets. Raises `MountInUse`."""
        self._build(job, save_recipe(one.mount, self.options.helper, content), self._push(one.targets))
        if not self.options.compresses:  # docker's classic image store keeps what it pushes
            self.runner.capture(Command(argv=("docker", "image", "rm", *one.targets)))

    def _push(self, targets: tuple[str, ...]) -> Spec:
        attrs = [("name", ",".join(targets)), ("push", "true")]
        if self.options.compresses:
            attrs += [("store", "false"), ("compression", "zstd"), ("oci-mediatypes", "true")]
        if any(name.partition("/")[0] in self.options.insecure for name in targets):
            attrs.append(("registry.insecure", "true"))
        return Spec("image", tuple(attrs))

    def _folder(self) -> Path:
        folder = self.folder / f"mounts-{next(self.numbers)}"
        folder.mkdir()
        return folder

    def _build(self, job: MountJob, recipe: str, output: Spec) -> None:
        context = self._folder()
        (context / "Dockerfile").write_text(recipe, encoding="utf-8")
        words = argv(_request(job, str(context), output), spelled)
        for attempt in itertools.count(1):
            # The same command again: what has run is in BuildKit's cache, and only what failed is done once more.
            done = self.runner.capture(Command(argv=words, env=ENVIRONMENT, timeout=SECONDS))
            if done.ok:
                return
            if done.timed_out:
                raise WorkFailed("the helper build timed out")
            printed = read_error_output(done.stderr or done.stdout)
            wait = wait_before(attempt, self.options.retries, diagnose(printed, builder=job.builder))
            if wait is None:
                raise _failure(printed, done.code)
            time.sleep(wait)


def _failure(printed: ErrorOutput, code: int) -> WorkFailed:
    if f"exit code: {IN_USE}" in printed.error:
        return MountInUse("another build is writing to it")
    said = next((line for line in reversed(printed.log) if line.strip()), "")
    return WorkFailed(f"{printed.message or f'exit status {code}'}{f' ({said.strip()})' if said else ''}")


def _request(job: MountJob, context: str, output: Spec) -> BuildRequest:
    """A build of the Dockerfile in `context`, which is built anew each time and needs no network."""
    args = [BuildArg(STAMP, uuid.uuid4().hex)]
    if job.namespace:
        args.append(BuildArg(NAMESPACE, job.namespace))
    return BuildRequest(
        image="",
        tool=Because(BUILDX, WHY),
        context=Because(context, WHY),
        build_args=tuple(Because(item, WHY) for item in args),
        network=Because("none", WHY),
        platforms=Because((job.platform,), WHY) if job.platform else None,
        outputs=(Because(Output(EXPORT, output), WHY),),
        builder=Because(job.builder, WHY),
        progress=Because(PLAIN, WHY),
    )


def _answer(folder: Path) -> LookedAt:
    """The answer about one mount. Raises `WorkFailed` for what the helper image did not write."""
    try:
        empty = not (folder / "first").read_text(encoding="utf-8", errors="replace").strip()
        size = content = ""
        with contextlib.suppress(FileNotFoundError):
            size = (folder / "size").read_text(encoding="utf-8")
            content = (folder / "content").read_text(encoding="utf-8").strip()
        return LookedAt(empty, int(size.split()[0]) * 1024 if size else 0, content)
    except (OSError, ValueError, IndexError) as error:
        raise WorkFailed(f"the helper build gave no answer: {error}") from None
