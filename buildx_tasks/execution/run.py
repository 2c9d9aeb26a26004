"""Runs a build plan: a graph of builds, a few at a time, with results whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import TemporaryDirectory

from buildx_tasks.execution.step import StepRunner
from buildx_tasks.model.command import Runner
from buildx_tasks.model.observer import Observer
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.result import SKIPPED, ArtifactResult, Results


def run_plan(
    plan: BuildPlan,
    runner: Runner,
    observer: Observer,
    *,
    environ: Mapping[str, str],
    keep_going: bool = False,
) -> Results:
    """Build everything in `plan`, dependencies first.

    After a failure, running builds end, dependents are never started, and nothing else is started either
    unless `keep_going`. An interrupt stops the running commands; the results so far are returned.
    """
    if not plan.steps:
        return Results(warnings=plan.warnings)
    observer.started(plan)
    with TemporaryDirectory(prefix="buildx-tasks-") as folder:
        return _Schedule(plan, runner, observer, environ, Path(folder), keep_going).run()


class _Schedule:
    def __init__(
        self,
        plan: BuildPlan,
        runner: Runner,
        observer: Observer,
        environ: Mapping[str, str],
        folder: Path,
        keep_going: bool,
    ) -> None:
        self.plan = plan
        self.runner = runner
        self.observer = observer
        self.keep_going = keep_going
        self.results: dict[str, ArtifactResult] = {}
        terminal = observer.wants_terminal(plan)
        self.steps = StepRunner(runner, observer, environ, folder, self.results, terminal=terminal)

    def run(self) -> Results:
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
                self.runner.stop()
        for step in (*waiting, *running.values()):
            self.results.setdefault(step.image, _skipped(step))
        ordered = tuple(self.results[step.image] for step in self.plan.steps)
        return Results(builds=ordered, warnings=self.plan.warnings, interrupted=interrupted)

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
                running[pool.submit(self.steps.run, step)] = step

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
