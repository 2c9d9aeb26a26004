"""Runs a build plan: a graph of builds, a few at a time, with results whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.run.hooks import AFTER, BEFORE, run_hooks
from buildx_tasks.model.command import Runner
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.result import FAILED, INTERRUPTED, NOT_STARTED, SKIPPED, ArtifactResult, Failure, Results

if TYPE_CHECKING:
    from buildx_tasks.execution.run.batch import BatchRunner

Built = Callable[[BuildStep, ArtifactResult], None]
BY_INTERRUPT = "the run was interrupted"


class MountKeeper(Protocol):
    """Keeps cache mounts beyond their builder; neither raises anything but `KeyboardInterrupt`."""

    def restore(self, steps: Sequence[BuildStep]) -> None:
        """Fill the empty mounts of what is to be built."""

    def save(self, steps: Sequence[BuildStep], results: Mapping[str, ArtifactResult]) -> None:
        """Save the mounts of what was built."""


def run_plan(
    plan: BuildPlan,
    runner: Runner,
    observer: Observer,
    *,
    environ: Mapping[str, str],
    keep_going: bool = False,
    retries: int = 0,
    timeout: float | None = None,
    known: Mapping[str, ArtifactResult] | None = None,
    built: Built = lambda _step, _result: None,
    folder: Path | None = None,
    mounts: MountKeeper | None = None,
) -> Results:
    """Build everything in `plan`, dependencies first, except what is `known` by its image.

    `built` hears of every build that ended, from the thread that built. After a failure, running builds end,
    dependents are never started, and nothing else is started either unless `keep_going`. A build that a
    registry's hiccup ended is tried again, `retries` times at most; `timeout` in seconds bounds one artifact. An
    interrupt stops the running commands; files of the run, OCI layouts among them, are in `folder` if there is one, and
    stay there; results are returned all the same, as they are when a hook around all builds
    fails: what was built, what was stopped and after how long, what was never started and why. `mounts` restores cache
    mounts before the first build and saves them after the last.
    """
    known = known or {}
    steps = tuple(step for step in plan.steps if step.image not in known)
    if not steps:
        return _collected(plan, known, interrupted=False)
    todo = _with_batches(replace(plan, steps=steps, concurrency=max(1, min(plan.concurrency, len(steps)))))
    observer.started(todo)
    try:
        failure = _around(todo, runner, observer, BEFORE)
    except KeyboardInterrupt:
        runner.stop()
        return _nothing_built(plan, known, BY_INTERRUPT, interrupted=True)
    if failure:
        return replace(_nothing_built(plan, known, failure.message, interrupted=False), failure=failure)
    with TemporaryDirectory(prefix="buildx-tasks-") if folder is None else nullcontext(folder) as place:
        schedule = _Schedule(
            todo, runner, observer, environ, Path(place), keep_going, retries, timeout, known, built, mounts
        )
        interrupted = schedule.run()
    results = _collected(plan, schedule.results, interrupted=interrupted)
    try:
        if mounts and not interrupted:
            mounts.save(todo.steps, schedule.results)
        if not results.ok:
            return results
        return replace(results, failure=_around(todo, runner, observer, AFTER))
    except KeyboardInterrupt:
        runner.stop()
        return replace(results, interrupted=True)


def _with_batches(plan: BuildPlan) -> BuildPlan:
    """The plan with the batches of what is left to build."""
    if not plan.batch_size:
        return plan
    from buildx_tasks.planning.build.batches import plan_batches

    return replace(plan, batches=plan_batches(plan))


def _nothing_built(plan: BuildPlan, known: Mapping[str, ArtifactResult], why: str, *, interrupted: bool) -> Results:
    """The results of a run that ended before its first build."""
    skipped = {step.image: _left_out(step, SKIPPED, why) for step in plan.steps if step.image not in known}
    return _collected(plan, {**known, **skipped}, interrupted=interrupted)


def _collected(plan: BuildPlan, results: Mapping[str, ArtifactResult], *, interrupted: bool) -> Results:
    """The results in artifact order, those among them that the plan leaves out."""
    found = {**results, **{build.image: build for build in plan.left_out}}
    ordered = tuple(found[image] for image in plan.order or [step.image for step in plan.steps])
    return Results(builds=ordered, warnings=plan.warnings, interrupted=interrupted, partial=plan.partial)


def _around(plan: BuildPlan, runner: Runner, observer: Observer, phase: str) -> Failure | None:
    """Run the hooks of every config that has something to build; the first failure ends that, and is given back."""
    building = {step.image for step in plan.steps}
    for config in plan.configs:
        if not building.intersection(config.images):
            continue
        try:
            run_hooks(
                config.hooks.before if phase == BEFORE else config.hooks.after,
                phase,
                environment=config.hook_environment,
                runner=runner,
                write=observer.message,
                host_os=plan.host_os,
                cwd=plan.folder,
            )
        except WorkFailed as error:
            return Failure(message=error.message, hint=error.hint)
    return None


class _Schedule:
    def __init__(
        self,
        plan: BuildPlan,
        runner: Runner,
        observer: Observer,
        environ: Mapping[str, str],
        folder: Path,
        keep_going: bool,
        retries: int,
        timeout: float | None,
        known: Mapping[str, ArtifactResult],
        built: Built,
        mounts: MountKeeper | None,
    ) -> None:
        # What reads docker's words takes a while to import, and a run with nothing to build gets by without it.
        from buildx_tasks.execution.run.retry import Patience
        from buildx_tasks.execution.run.step import StepRunner, write_policy

        if plan.lock.images:
            write_policy(plan.lock, folder)
        self.plan = plan
        self.runner = runner
        self.observer = observer
        self.keep_going = keep_going
        self.built = built
        self.mounts = mounts
        self.restored: Future[None] = Future()
        self.results = dict(known)
        self.begun: dict[str, _Begun] = {}
        self.batch_of = {image: batch for batch in plan.batches for image in batch}
        terminal = observer.wants_terminal(plan)
        self.patience = Patience(retries)
        self.steps = StepRunner(
            plan,
            runner,
            observer,
            environ,
            folder,
            self.results,
            terminal=terminal,
            patience=self.patience,
            timeout=timeout,
        )
        self.batches = self._batches() if plan.batches else None

    def _batches(self) -> BatchRunner:
        from buildx_tasks.execution.run.batch import BatchRunner

        return BatchRunner(self.steps, self.built)

    def run(self) -> bool:
        """Fill the results; whether the run was interrupted."""
        waiting = list(self.plan.steps)
        running: dict[Future[ArtifactResult], BuildStep] = {}
        ended: set[Future[ArtifactResult]] = set()
        interrupted = False
        with ThreadPoolExecutor(max_workers=self.plan.concurrency + bool(self.mounts)) as pool:
            try:
                self._restore(pool)
                while waiting or running:
                    if self.restored.done():
                        self.restored.result()  # an interrupt may have come there first
                    self._skip_hopeless(waiting)
                    self._start_ready(waiting, running, pool)
                    self._collect(running)
            except KeyboardInterrupt:
                interrupted = True
                ended = {begun.future for begun in self.begun.values() if begun.future.done()}
                self.patience.stopping.set()
                self.runner.stop()
        if interrupted:
            self._account_for_the_rest(ended)
        return interrupted

    def _restore(self, pool: ThreadPoolExecutor) -> None:
        """Begin to restore cache mounts; builds that have some wait for it, the others do not."""
        if self.mounts is None:
            self.restored.set_result(None)
        else:
            self.restored = pool.submit(self.mounts.restore, self.plan.steps)

    def _account_for_the_rest(self, ended: Set[Future[ArtifactResult]]) -> None:
        """Results of what an interrupt kept from being collected; `ended` are the builds that were over before it."""
        left = [step for step in self.plan.steps if step.image not in self.results]
        for step in left:
            if begun := self.begun.get(step.image):
                self._finish(step, begun.result(step, before=begun.future in ended))
        self._leave_out([step for step in left if step.image not in self.results], BY_INTERRUPT)

    def _skip_hopeless(self, waiting: list[BuildStep]) -> None:
        """Leave out what needs a failed build, and everything after a failure unless we keep going."""
        failed = next((image for image, result in self.results.items() if result.status == FAILED), "")
        self._leave_out(waiting, f"{failed} failed" if failed and not self.keep_going else "")

    def _leave_out(self, waiting: list[BuildStep], why_all: str) -> None:
        """Take out of `waiting` what needs an image that will not be there; with a reason for all, everything."""
        changed = True
        while changed:
            changed = False
            bad = {image for image, result in self.results.items() if not result.ok}
            for step in list(waiting):
                if missing := [image for image in step.needs if image in bad]:
                    waiting.remove(step)
                    self._finish(step, _left_out(step, NOT_STARTED, f"needs {', '.join(missing)}"))
                    changed = True
        if why_all:
            for step in waiting:
                self._finish(step, _left_out(step, SKIPPED, why_all))
            waiting.clear()

    def _start_ready(
        self, waiting: list[BuildStep], running: dict[Future[ArtifactResult], BuildStep], pool: ThreadPoolExecutor
    ) -> None:
        for step in list(waiting):
            if step not in waiting or not all(image in self.results for image in step.needs):
                continue
            batch = self._batch(step, waiting)
            if not self.restored.done() and any(item.mounts for item in batch):
                continue
            load = self._load(running.values())
            if running and load + self._load(batch) > self.plan.concurrency:
                return
            now = time.monotonic()
            if len(batch) == 1 or self.batches is None:
                futures = {step.image: pool.submit(self._build, step)}
            else:
                futures = {item.image: Future() for item in batch}
                pool.submit(self.batches.run, batch, futures)
            for item in batch:
                waiting.remove(item)
                self.begun[item.image] = _Begun(futures[item.image], now)
                running[futures[item.image]] = item

    def _batch(self, step: BuildStep, waiting: Sequence[BuildStep]) -> tuple[BuildStep, ...]:
        """What is built together with `step`, which waits for the same images; the step itself at least."""
        images = self.batch_of.get(step.image, (step.image,))
        return tuple(item for item in waiting if item.image in images)

    def _load(self, steps: Iterable[BuildStep]) -> int:
        """How many of the builds that may run at once these count as."""
        batches: dict[tuple[str, ...], int] = {}
        for step in steps:
            batch = self.batch_of.get(step.image, (step.image,))
            batches[batch] = min(batches.get(batch, 0) + 1, self.plan.batch_load or len(batch))
        return sum(batches.values())

    def _build(self, step: BuildStep) -> ArtifactResult:
        result = self.steps.run(step)
        self.built(step, result)
        return result

    def _collect(self, running: dict[Future[ArtifactResult], BuildStep]) -> None:
        """Take the results of builds that have ended; wait for one, or for the cache mounts."""
        pending: set[Future[Any]] = {*running, *(() if self.restored.done() else (self.restored,))}
        if not pending:
            return
        done, _others = wait(pending, return_when=FIRST_COMPLETED)
        for future in done & running.keys():
            step = running.pop(future)
            self._finish(step, future.result())

    def _finish(self, step: BuildStep, result: ArtifactResult) -> None:
        self.results[step.image] = result
        self.observer.finished(step, result)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A build that was started, and when."""

    future: Future[ArtifactResult]
    at: float

    def result(self, step: BuildStep, *, before: bool) -> ArtifactResult:
        """How it ended: as it says when that was `before` an interrupt or went well, else by the interrupt."""
        try:
            result = self.future.result()
        except KeyboardInterrupt:  # the runner starts nothing more
            seconds = round(time.monotonic() - self.at, 3)
            return ArtifactResult(
                image=step.image, tag=step.tag, status=INTERRUPTED, output=step.output, seconds=seconds
            )
        return result if before or result.ok else replace(result, status=INTERRUPTED, failure=None)


def _left_out(step: BuildStep, status: str, reason: str) -> ArtifactResult:
    return ArtifactResult(
        image=step.image,
        tag=step.tag,
        status=status,
        output=step.output,
        reason=reason,
        platforms=step.built_platforms,
        partial=step.partial,
    )
