"""The schedule of a run: order, limits, failures, and results whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from buildx_tasks.execution.run.schedule import run_plan
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.config import Artifact, Hook, Hooks
from buildx_tasks.model.mounts import CacheMount, KeptMount
from buildx_tasks.model.plan import BuildPlan, BuildStep, ConfigPlan
from buildx_tasks.model.request import DOCKER, LOAD, Because, BuildRequest
from buildx_tasks.model.result import (
    BUILT,
    CACHED,
    FAILED,
    INTERRUPTED,
    NOT_STARTED,
    SKIPPED,
    ArtifactResult,
    Results,
)
from buildx_tasks.reporting.text import Silent


class Runner:
    """Notes what is built, and how many at once; what is in `bad` fails."""

    def __init__(self, bad: Sequence[str] = (), wait_for: int = 1, interrupt: str = "", last: str = "") -> None:
        self.bad = bad
        self.built: list[str] = []
        self.ended: list[str] = []
        self.most = 0
        self.running = 0
        self.stopped = False
        self.interrupt = interrupt
        self.gate = threading.Barrier(wait_for)
        self.last = last
        self.failed = threading.Event()
        self.lock = threading.Lock()

    def capture(self, command: Command) -> Completed:
        return Completed(command=command, code=0, stdout="sha256:1\n")

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        del write, terminal
        image = command.argv[-1]
        with self.lock:
            self.built.append(image)
            self.running += 1
            self.most = max(self.most, self.running)
        if image == self.interrupt:
            raise KeyboardInterrupt
        if self.gate.parties > 1:
            self.gate.wait(timeout=20)
        if image == self.last:
            assert self.failed.wait(timeout=20)
        with self.lock:
            self.running -= 1
            self.ended.append(image)
        return Completed(command=command, code=int(image in self.bad))

    def stop(self) -> None:
        self.stopped = True


class Watcher(Silent):
    """Tells the runner when a build has failed."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def finished(self, step: BuildStep, result: ArtifactResult) -> None:
        if result.status == FAILED:
            self.runner.failed.set()


def plan(graph: Mapping[str, Sequence[str]], concurrency: int = 4, hooks: Hooks | None = None) -> BuildPlan:
    steps = tuple(
        BuildStep(
            artifact=Artifact(image=image),
            tag=f"{image}:v1",
            request=BuildRequest(image=image, tool=Because(DOCKER, ""), context=Because(image, "")),
            output=LOAD,
            needs=tuple(needs),
        )
        for image, needs in graph.items()
    )
    config = ConfigPlan(name="", file="", images=tuple(graph), hooks=hooks or Hooks())
    return BuildPlan(steps=steps, concurrency=concurrency, configs=(config,), folder="/")


def run(
    graph: Mapping[str, Sequence[str]],
    runner: Runner,
    *,
    concurrency: int = 4,
    keep_going: bool = False,
    hooks: Hooks | None = None,
    known: Mapping[str, ArtifactResult] | None = None,
) -> Results:
    built = plan(graph, concurrency, hooks)
    return run_plan(built, runner, Silent(), environ={}, keep_going=keep_going, known=known)


def statuses(results: Results) -> dict[str, str]:
    return {build.image: build.status for build in results.builds}


def reasons(results: Results) -> dict[str, str]:
    return {build.image: build.reason for build in results.builds if build.reason}


GRAPH = {"0": ["2", "3"], "1": ["3"], "2": ["1"], "3": ["4"], "4": []}
"""Skaffold's own example."""


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_what_is_required_is_built_first_and_results_are_in_artifact_order(concurrency: int) -> None:
    runner = Runner()
    results = run(GRAPH, runner, concurrency=concurrency)
    assert [build.image for build in results.builds] == list(GRAPH)
    assert all(build.status == BUILT for build in results.builds)
    for image, needs in GRAPH.items():
        for needed in needs:
            assert runner.ended.index(needed) < runner.built.index(image)


@pytest.mark.parametrize(("count", "concurrency"), [(10, 10), (10, 1), (10, 3)])
def test_never_more_at_once_than_allowed(count: int, concurrency: int) -> None:
    runner = Runner()
    run({str(number): [] for number in range(count)}, runner, concurrency=concurrency)
    assert len(runner.built) == count
    assert runner.most <= concurrency


def test_as_many_at_once_as_allowed() -> None:
    runner = Runner(wait_for=4)
    run({str(number): [] for number in range(4)}, runner, concurrency=4)
    assert runner.most == 4


def test_a_chain_waits_although_there_is_room() -> None:
    runner = Runner()
    run({"c": ["b"], "b": ["a"], "a": []}, runner, concurrency=3)
    assert runner.built == ["a", "b", "c"]


def test_nothing_to_build() -> None:
    results = run({}, Runner())
    assert results.ok
    assert results.builds == ()


def test_one_failure_starts_nothing_more() -> None:
    runner = Runner(bad=["b"])
    results = run({"a": [], "b": [], "c": [], "d": ["b"]}, runner, concurrency=1)
    assert statuses(results) == {"a": BUILT, "b": FAILED, "c": SKIPPED, "d": NOT_STARTED}
    assert reasons(results) == {"c": "b failed", "d": "needs b"}
    assert [build.image for build in results.failed] == ["b"]
    assert not results.ok


def test_running_builds_end_although_another_failed() -> None:
    runner = Runner(bad=["a"], last="b")
    watcher = Watcher(runner)
    results = run_plan(plan({"a": [], "b": [], "c": []}, 2), runner, watcher, environ={})
    assert statuses(results) == {"a": FAILED, "b": BUILT, "c": SKIPPED}
    assert not runner.stopped


def test_keep_going_builds_all_that_does_not_need_the_failed_one() -> None:
    runner = Runner(bad=["b"])
    results = run({"a": [], "b": [], "c": ["d"], "d": ["b"], "e": ["a"]}, runner, concurrency=1, keep_going=True)
    assert statuses(results) == {"a": BUILT, "b": FAILED, "c": NOT_STARTED, "d": NOT_STARTED, "e": BUILT}
    assert reasons(results) == {"c": "needs d", "d": "needs b"}


def test_an_interrupt_stops_what_runs_and_keeps_what_is_there() -> None:
    runner = Runner(interrupt="b")
    results = run({"a": [], "b": ["a"], "c": ["b"], "d": ["a"]}, runner, concurrency=1)
    assert results.interrupted
    assert runner.stopped
    assert statuses(results) == {"a": BUILT, "b": INTERRUPTED, "c": NOT_STARTED, "d": SKIPPED}
    assert reasons(results) == {"c": "needs b", "d": "the run was interrupted"}


def test_a_build_that_an_interrupt_stopped_is_told_from_one_that_failed_and_one_that_was_done() -> None:
    """Of three that run as the interrupt comes, one is stopped, one ends well all the same, one had just failed."""
    runner = Stopped()
    graph: dict[str, list[str]] = {"stopped": [], "done": [], "raises": [], "last": []}
    seen: list[tuple[str, str]] = []
    watcher = Noting(seen)
    results = run_plan(plan(graph, 3), runner, watcher, environ={}, keep_going=True)
    assert statuses(results) == {"stopped": INTERRUPTED, "done": BUILT, "raises": INTERRUPTED, "last": SKIPPED}
    stopped = results.builds[0]
    assert stopped.failure is None
    assert stopped.seconds >= 0.2
    assert sorted(seen) == sorted(statuses(results).items())


class Stopped(Runner):
    """Interrupts the run once two builds are running, which then end each in its way."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = threading.Event()
        self.two = threading.Barrier(3)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        image = command.argv[-1]
        self.two.wait(timeout=20)
        if image == "raises":
            time.sleep(0.2)
            raise KeyboardInterrupt
        assert self.stopping.wait(timeout=20)
        return Completed(command=command, code=130 if image == "stopped" else 0)

    def stop(self) -> None:
        self.stopping.set()


class Noting(Silent):
    """Notes how every build ended."""

    def __init__(self, seen: list[tuple[str, str]]) -> None:
        self.seen = seen

    def finished(self, step: BuildStep, result: ArtifactResult) -> None:
        self.seen.append((step.image, result.status))


KNOWN = {"a": ArtifactResult(image="a", tag="a:v1", status=CACHED, reference="a:1")}


def test_what_is_known_is_not_built_and_stands_in_its_place() -> None:
    runner = Runner()
    results = run({"b": ["a"], "a": []}, runner, known=KNOWN)
    assert runner.built == ["b"]
    assert statuses(results) == {"b": BUILT, "a": CACHED}
    assert [build.image for build in results.builds] == ["b", "a"]


BOTH = Hooks(before=(Hook(command=("before",)),), after=(Hook(command=("after",)),))


class TestHooksAroundAll:
    def test_they_run_once_around_everything(self) -> None:
        runner = Runner()
        assert run({"a": [], "b": ["a"]}, runner, hooks=BOTH).ok
        assert runner.built == ["before", "a", "b", "after"]

    def test_when_nothing_is_built_no_hook_runs(self) -> None:
        runner = Runner()
        assert run({"a": []}, runner, hooks=BOTH, known=KNOWN).ok
        assert runner.built == []

    def test_after_a_failed_build_no_hook_runs(self) -> None:
        runner = Runner(bad=["a"])
        assert not run({"a": []}, runner, hooks=BOTH).ok
        assert runner.built == ["before", "a"]

    def test_a_failing_one_before_lets_nothing_be_built(self) -> None:
        runner = Runner(bad=["before"])
        results = run({"a": [], "b": []}, runner, hooks=BOTH, known=KNOWN)
        assert runner.built == ["before"]
        assert statuses(results) == {"a": CACHED, "b": SKIPPED}
        assert results.failure is not None
        assert results.failure.message == "pre-build hook before ended with 1"
        assert not results.ok

    def test_an_interrupted_one_before_lets_nothing_be_built(self) -> None:
        runner = Runner(interrupt="before")
        results = run({"a": [], "b": []}, runner, hooks=BOTH, known=KNOWN)
        assert statuses(results) == {"a": CACHED, "b": SKIPPED}
        assert results.interrupted
        assert runner.stopped

    def test_a_failing_one_after_takes_no_result_away(self) -> None:
        runner = Runner(bad=["after"])
        results = run({"a": []}, runner, hooks=BOTH)
        assert statuses(results) == {"a": BUILT}
        assert results.failure is not None
        assert results.failure.message == "post-build hook after ended with 1"
        assert not results.ok

    def test_an_interrupted_one_after_takes_no_result_away(self) -> None:
        runner = Runner(interrupt="after")
        results = run({"a": []}, runner, hooks=BOTH)
        assert statuses(results) == {"a": BUILT}
        assert results.interrupted
        assert runner.stopped


class Keeper:
    """Notes when cache mounts are restored and saved, and waits until `others` are built."""

    def __init__(self, runner: Runner, others: Sequence[str] = (), interrupt: str = "") -> None:
        self.runner = runner
        self.others = others
        self.interrupt = interrupt
        self.events: list[str] = []

    def restore(self, steps: Sequence[BuildStep]) -> None:
        if self.interrupt == "restore":
            raise KeyboardInterrupt
        deadline = time.monotonic() + 20
        while set(self.others) - set(self.runner.ended) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.events.append(f"restored {','.join(step.image for step in steps)} after {','.join(self.runner.built)}")

    def save(self, steps: Sequence[BuildStep], results: Mapping[str, ArtifactResult]) -> None:
        if self.interrupt == "save":
            raise KeyboardInterrupt
        there = [step.image for step in steps if results[step.image].ok]
        self.events.append(f"saved {','.join(there)} after {','.join(self.runner.ended)}")


KEPT = KeptMount(mount=CacheMount(id="/m"), platform="linux/amd64", image="r/a:m")


def keeping(keeper: Keeper, *images: str, mounted: Sequence[str], keep_going: bool = False) -> Results:
    built = plan(dict.fromkeys(images, ()))
    steps = [replace(step, mounts=(KEPT,)) if step.image in mounted else step for step in built.steps]
    built = replace(built, steps=tuple(steps))
    return run_plan(built, keeper.runner, Silent(), environ={}, keep_going=keep_going, mounts=keeper)


class TestCacheMounts:
    def test_a_build_with_a_mount_waits_until_it_is_restored_and_no_other_does(self) -> None:
        keeper = Keeper(Runner(), others=["b", "c"])
        assert keeping(keeper, "a", "b", "c", mounted=["a"]).ok
        restored, saved = keeper.events
        assert restored.startswith("restored a,b,c after ")
        assert "a" not in restored.partition(" after ")[2].split(",")
        assert saved.startswith("saved a,b,c after ")
        assert set(saved.partition(" after ")[2].split(",")) == {"a", "b", "c"}

    def test_only_builds_with_mounts(self) -> None:
        keeper = Keeper(Runner())
        assert keeping(keeper, "a", "b", mounted=["a", "b"]).ok
        assert keeper.events[0] == "restored a,b after "

    def test_what_succeeded_is_saved_although_something_failed(self) -> None:
        keeper = Keeper(Runner(bad=["b"]))
        assert not keeping(keeper, "a", "b", mounted=["a", "b"], keep_going=True).ok
        assert keeper.events[1].startswith("saved a after ")

    def test_nothing_is_saved_after_an_interrupt(self) -> None:
        keeper = Keeper(Runner(interrupt="a"))
        assert keeping(keeper, "a", mounted=["a"]).interrupted
        assert [event.partition(" ")[0] for event in keeper.events] == ["restored"]

    @pytest.mark.parametrize(("phase", "built"), [("restore", []), ("save", ["a"])])
    def test_an_interrupt_meanwhile_ends_the_run(self, phase: str, built: list[str]) -> None:
        keeper = Keeper(Runner(), interrupt=phase)
        results = keeping(keeper, "a", mounted=["a"])
        assert results.interrupted
        assert keeper.runner.stopped
        assert [one.image for one in results.builds if one.status == BUILT] == built

    def test_nothing_is_asked_where_nothing_is_built(self) -> None:
        keeper = Keeper(Runner())
        known = {"a": ArtifactResult(image="a", tag="a", status=CACHED)}
        run_plan(plan({"a": ()}), keeper.runner, Silent(), environ={}, known=known, mounts=keeper)
        assert not keeper.events
