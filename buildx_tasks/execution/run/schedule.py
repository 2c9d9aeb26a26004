"""Runs a build plan: a graph of builds, a few at a time, with results whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.run.hooks import AFTER, BEFORE, run_hooks
from buildx_tasks.model.command import Runner
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.result import SKIPPED, ArtifactResult, Failure, Results

Built = Callable[[BuildStep, ArtifactResult], None]


def run_plan(
    plan: BuildPlan,
    runner: Runner,
    observer: Observer,
    *,
    environ: Mapping[str, str],
    keep_going: bool = False,
    retries: int = 0,
    known: Mapping[str, ArtifactResult] | None = None,
    built: Built = lambda _step, _result: None,
) -> Results:
    """Build everything in `plan`, dependencies first, except what is `known` by its image.

    `built` hears of every build that ended, from the thread that built. After a failure, running builds end,
    dependents are never started, and nothing else is started either unless `keep_going`. A build that a
    registry's hiccup ended is tried again, `retries` times at most. An interrupt stops the running commands; the
    results so far are returned, also when a hook around all builds fails.
    """
    known = known or {}
    steps = tuple(step for step in plan.steps if step.image not in known)
    todo = replace(plan, steps=steps, concurrency=max(1, min(plan.concurrency, len(steps))))
    if not steps:
        return _collected(plan, known, interrupted=False)
    observer.started(todo)
    if failure := _around(todo, runner, observer, BEFORE):
        skipped = {step.image: _skipped(step) for step in steps}
        return replace(_collected(plan, {**known, **skipped}, interrupted=False), failure=failure)
    with TemporaryDirectory(prefix="buildx-tasks-") as folder:
        schedule = _Schedule(todo, runner, observer, environ, Path(folder), keep_going, retries, known, built)
        interrupted = schedule.run()
    results = _collected(plan, schedule.results, interrupted=interrupted)
    if not results.ok:
        return results
    try:
        return replace(results, failure=_around(todo, runner, observer, AFTER))
    except KeyboardInterrupt:
        runner.stop()
        return replace(results, interrupted=True)


def _collected(plan: BuildPlan, results: Mapping[str, ArtifactResult], *, interrupted: bool) -> Results:
    """The results in artifact order."""
    ordered = tuple(results[step.image] for step in plan.steps)
    return Results(builds=ordered, warnings=plan.warnings, interrupted=interrupted)


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
        known: Mapping[str, ArtifactResult],
        built: Built,
    ) -> None:
        # What reads docker's words takes a while to import, and a run with nothing to build gets by without it.
        from buildx_tasks.execution.run.retry import Patience
        from buildx_tasks.execution.run.step import StepRunner

        self.plan = plan
        self.runner = runner
        self.observer = observer
        self.keep_going = keep_going
        self.built = built
        self.results = dict(known)
        terminal = observer.wants_terminal(plan)
        self.patience = Patience(retries)
        self.steps = StepRunner(
            plan, runner, observer, environ, folder, self.results, terminal=terminal, patience=self.patience
        )

    def run(self) -> bool:
        """Fill the results; whether the run was interrupted."""
        waiting = list(self.plan.steps)
        running: dict[Future[ArtifactResult], BuildStep] = {}
        interrupted = False
        with ThreadPoolExecutor(max_workers=self.plan.concurrency) as pool:
            try:
                while waiting or running:
                    self._skip_hopeless(waiting)
                    self._start_ready(waiting, running, pool)
                    if running:
                        self._collect(running)
            except KeyboardInterrupt:
                interrupted = True
                self.patience.stopping.set()
                self.runner.stop()
        for step in self.plan.steps:
            self.results.setdefault(step.image, _skipped(step))
        return interrupted

    def _skip_hopeless(self, waiting: list[BuildStep]) -> None:
        """Leave out what needs a failed build, and everything after a failure unless we keep going."""
        changed = True
        while changed:
            changed = False
            bad = {image for image, result in self.results.items() if not result.ok}
            for step in list(waiting):
                if (bad and not self.keep_going) or bad.intersection(step.needs):
                    waiting.remove(step)
                    self._finish(step, _skipped(step))
                    changed = True

    def _start_ready(
        self, waiting: list[BuildStep], running: dict[Future[ArtifactResult], BuildStep], pool: ThreadPoolExecutor
    ) -> None:
        for step in list(waiting):
            if len(running) >= self.plan.concurrency:
                return
            if all(image in self.results for image in step.needs):
                waiting.remove(step)
                running[pool.submit(self._build, step)] = step

    def _build(self, step: BuildStep) -> ArtifactResult:
        result = self.steps.run(step)
        self.built(step, result)
        return result

    def _collect(self, running: dict[Future[ArtifactResult], BuildStep]) -> None:
        done, _others = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            step = running.pop(future)
            self._finish(step, future.result())

    def _finish(self, step: BuildStep, result: ArtifactResult) -> None:
        self.results[step.image] = result
        self.observer.finished(step, result)


def _skipped(step: BuildStep) -> ArtifactResult:
    return ArtifactResult(image=step.image, tag=step.tag, status=SKIPPED, output=step.output)
