"""Builds several artifacts by one ``docker buildx bake``, each with the log, the hooks and the result of its own.

bake cancels everything at the first failure. What was cancelled is built again by its own command, and what had been
pushed to the end is kept.
"""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from buildx_tasks.document.buildkit.progress import BuildLog
from buildx_tasks.document.buildkit.rawprogress import RawProgress, TargetProgress
from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.execution.run.hooks import BEFORE
from buildx_tasks.execution.run.metadata import DIGEST, pushed_digest, read_metadata
from buildx_tasks.execution.run.step import LONGER, TIME_IS_UP, StepRunner, failed_result
from buildx_tasks.execution.run.waiting import BoundedRunner
from buildx_tasks.model.bakenames import target_names
from buildx_tasks.model.baketarget import BakeTarget, bake_target
from buildx_tasks.model.command import Command, Completed
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.result import ArtifactResult, Failure
from buildx_tasks.planning.build.engine import version_of
from buildx_tasks.planning.build.newflags import BAKE_ALLOWS_SINCE, bake_options, may_know_bake_options

KEPT_LINES = 1000
"""Lines of a target's log that are kept for saying how it failed."""
TAIL_LINES = 20

Futures = Mapping[str, "Future[ArtifactResult]"]
Built = Callable[[BuildStep, ArtifactResult], None]


@dataclass(slots=True)
class _Part:
    """One artifact of a batch: who builds it, under which name bake knows it, and what it has printed."""

    step: BuildStep
    one: StepRunner
    name: str
    log: BuildLog = field(default_factory=BuildLog)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))

    def hear(self, text: str) -> None:
        self.log.feed(text)
        self.lines.append(text)
        self.one.observer.output(self.step, self.log.readable(text))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Baked:
    """How a bake ended, what it wrote down, and which target ended it ("" for none); `begun` by the clock."""

    done: Completed
    progress: RawProgress
    metadata: Mapping[str, Any]
    failed: str
    begun: float


class BatchRunner:
    """Runs batches of the steps of one plan; `built` hears of every build that ended, from a thread that builds."""

    def __init__(self, steps: StepRunner, built: Built) -> None:
        self.steps = steps
        self.plan = steps.plan
        self.built = built
        self.names = target_names(steps.plan)
        self.numbers = itertools.count(1)

    def run(self, batch: Sequence[BuildStep], futures: Futures) -> None:
        """Build a batch; its futures, by image, get the results, or what ended the run."""
        try:
            parts = [_Part(step, self.steps.begin(step), self.names[step.image]) for step in batch]
            with ThreadPoolExecutor(max_workers=min(self.plan.concurrency, len(parts))) as pool:
                ready = list(pool.map(lambda part: self._before(part, futures[part.step.image]), parts))
                parts = [part for part, is_ready in zip(parts, ready, strict=True) if is_ready]
                outcome = partial(_outcome, baked=self._bake(parts)) if parts else _outcome
                for part in parts:
                    pool.submit(self._end, part, futures[part.step.image], partial(outcome, part))
        except BaseException as error:  # noqa: BLE001 - whoever waits for a future must hear of it
            for future in futures.values():
                if not future.done():
                    future.set_exception(error)

    def _before(self, part: _Part, future: Future[ArtifactResult]) -> bool:
        """Run the hooks before a build; whether it can begin."""
        try:
            part.one.hooks(part.step, part.step.hooks.before, BEFORE)
        except BuildxTasksError as error:
            self._end(part, future, partial(_raise, error))
            return False
        return True

    def _end(self, part: _Part, future: Future[ArtifactResult], build: Callable[[], ArtifactResult]) -> None:
        try:
            result = part.one.end(part.step, build)
            self.built(part.step, result)
            future.set_result(result)
        except BaseException as error:  # noqa: BLE001 - as above
            future.set_exception(error)

    def _bake(self, parts: Sequence[_Part]) -> _Baked:
        begun = time.time()
        number = next(self.numbers)
        file, result = (self.steps.folder / f"bake-{number}{end}.json" for end in ("", ".metadata"))
        targets = {part.name: self._target(part) for part in parts}
        file.write_text(_document(targets), encoding="utf-8")
        first = parts[0].step
        command = Command(
            argv=(
                *("docker", "buildx", "bake", "--file", str(file)),
                *(("--builder", first.request.builder.value) if first.request.builder else ()),
                *("--metadata-file", str(result), "--progress", "rawjson"),
                *self._allowed(targets),
                *self._options,
            ),
            env=(*((item.name, item.value) for item in first.environment), *self.steps.variables),
            cwd=self.plan.folder,
        )
        with ExitStack() as stack:
            hear = {part.name: _listener(part, stack) for part in parts}
            progress = RawProgress(hear, lambda name, text: hear[name](text))
            done = _stream(parts, command, progress.feed)
        failed = "" if done.ok or done.timed_out else progress.failed("".join(progress.said))
        return _Baked(done=done, progress=progress, metadata=read_metadata(result), failed=failed, begun=begun)

    def _target(self, part: _Part) -> BakeTarget:
        return bake_target(self.plan, part.step, {}, self.plan.folder, answer=part.one.answer)

    def _allowed(self, targets: Mapping[str, BakeTarget]) -> tuple[str, ...]:
        """What the commands of single builds may do without being asked."""
        version = version_of(self.plan.buildx)
        if version is None or version < BAKE_ALLOWS_SINCE:
            return ()
        return tuple(f"--allow={item}" for item in dict.fromkeys(it for one in targets.values() for it in one.allow))

    @cached_property
    def _options(self) -> tuple[str, ...]:
        """Options that only newer bakes have; what has none of them does without."""
        if not may_know_bake_options(self.plan.buildx):
            return ()
        asked = self.steps.runner.capture(Command(argv=("docker", "buildx", "bake", "--help")))
        return bake_options(asked.stdout, self.plan.concurrency)


def _document(targets: Mapping[str, BakeTarget]) -> str:
    variables = sorted({name for target in targets.values() for name in target.variables})
    document: dict[str, Any] = {"group": {"default": {"targets": list(targets)}}}
    if variables:
        document["variable"] = {name: {"default": None} for name in variables}
    document["target"] = {name: target.data for name, target in targets.items()}
    return json.dumps(document, ensure_ascii=False)


def _listener(part: _Part, stack: ExitStack) -> Callable[[str], None]:
    """Who hears a target's log: besides the part itself, what says that nothing came for long."""
    runner = part.one.runner
    return stack.enter_context(runner.listening(part.hear)).hear if isinstance(runner, BoundedRunner) else part.hear


def _stream(parts: Sequence[_Part], command: Command, write: Callable[[str], None]) -> Completed:
    """Run the command until the time of the artifact that began first is up."""
    runner = parts[0].one.runner
    return runner.stream_many(command, write) if isinstance(runner, BoundedRunner) else runner.stream(command, write)


def _outcome(part: _Part, baked: _Baked) -> ArtifactResult:
    """The result of one artifact of a bake, maybe of a build by itself that follows."""
    step, one, target = part.step, part.one, baked.progress.targets[part.name]
    if (metadata := _metadata(part, baked)) is not None:
        return one.built(step, metadata, part.log)
    if baked.done.timed_out and not target.exported:
        one.limit.reached = one.limit.left == 0
        return failed_result(step, Failure(message=TIME_IS_UP, hint=LONGER, tail=_tail(part)))
    if baked.done.timed_out:
        _give_time(one)
    if part.name == baked.failed:
        text = "".join((*part.lines, *_words(part.name, baked.progress.said)))
        done = Completed(command=baked.done.command, code=baked.done.code, stdout=text)
        if failure := one.judged(step, done, part.log, 1, baked.begun):
            return one.failed(step, failure, part.log)
        return one.buildx(step, attempt=2)
    if not baked.done.ok and not one.patience.stopping.is_set():
        why = "another artifact of its batch failed" if baked.failed else "the bake of its batch failed"
        one.observer.output(step, f"{why}: it is built by itself\n")
    return one.buildx(step)


def _metadata(part: _Part, baked: _Baked) -> dict[str, Any] | None:
    """What tells that the artifact is built: buildx's metadata, or its image's push that ended before a failure."""
    step, target = part.step, baked.progress.targets[part.name]
    written = baked.metadata.get(part.name)
    if isinstance(written, dict) and (baked.done.ok or pushed_digest(written)):
        return written
    digest = _pushed(step, target)
    return {DIGEST: digest, "image.name": step.tag} if digest else None


def _pushed(step: BuildStep, target: TargetProgress) -> str:
    """The digest under which BuildKit pushed the whole image; several nodes push parts, which are merged afterwards."""
    whole = target.exported and not target.error and (target.cache_exported or not step.request.cache_to)
    if not step.pushes or not whole or len(step.platforms) > 1:
        return ""
    beginning = f"{step.pushed_name}@"
    return next((text.removeprefix(beginning) for text in target.pushed if text.startswith(beginning)), "")


def _give_time(one: StepRunner) -> None:
    """The bake ended in the midst of what others do; its result is in BuildKit's cache and only has to be named."""
    if one.timeout is not None:
        one.limit.end = time.monotonic() + one.timeout


def _words(name: str, said: Sequence[str]) -> list[str]:
    """docker's last words as a build of the target alone would have them."""
    return [line.replace(f"target {name}: ", "", 1) for line in said]


def _tail(part: _Part) -> tuple[str, ...]:
    return tuple("".join(part.lines).splitlines()[-TAIL_LINES:])


def _raise(error: Exception) -> ArtifactResult:
    raise error
