"""Builds that take long: what is said of them, and that they are stopped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from recording import gone

from buildx_tasks.execution import shell as shell_runner
from buildx_tasks.execution.run import waiting
from buildx_tasks.execution.run.waiting import BoundedRunner, Limit
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.command import Command


def shell(script: str) -> Command:
    return Command(argv=("sh", "-c", script))


def bounded(seconds: float | None = None, tag: str = "") -> BoundedRunner:
    limit = Limit(None if seconds is None else time.monotonic() + seconds)
    return BoundedRunner(runner=ShellRunner(), limit=limit, image="app", whom="builder far", tag=tag)


def test_silence_is_said_for_whom_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 0.3)
    lines: list[str] = []
    done = bounded().stream(shell("echo '#3 a line'; sleep 2.5; echo end"), lines.append)
    assert done.stdout == "#3 a line\nend\n"
    said = [line for line in lines if "waiting" in line]
    assert said[0] == (
        "artifact app: still waiting for builder far, 0 s without output; its last line was: #3 a line\n"
    )
    assert 2 <= len(said) <= 4  # after 0.3, 0.6, 1.2 and 2.4 s
    assert lines[-1] == "end\n"


@pytest.mark.parametrize(
    ("line", "registry"),
    [
        ("#2 [internal] load metadata for reg.example:5000/base:1", "reg.example:5000"),
        ("#4 importing cache manifest from cache.example/app:cache", "cache.example"),
        ("#9 pushing layers", "push.example"),
        ("#9 pushing layers 12.3s done", "push.example"),
        ("#5 12.3 pushing layers of my own", ""),
    ],
)
def test_the_registry_that_is_waited_for_is_named(monkeypatch: pytest.MonkeyPatch, line: str, registry: str) -> None:
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 0.2)
    lines: list[str] = []
    bounded(tag="push.example/app:v1").stream(shell(f"echo '{line}'; sleep 0.5"), lines.append)
    whom = f"builder far and registry {registry}," if registry else "builder far,"
    assert f"still waiting for {whom}" in lines[1]


def test_who_speaks_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "QUIET_SECONDS", 1.0)
    lines: list[str] = []
    bounded().stream(shell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done"), lines.append)
    assert lines == [f"{number}\n" for number in range(1, 7)]


def test_all_commands_of_a_build_share_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_runner, "GRACE_SECONDS", 1.0)
    runner = bounded(1.2)
    begin = time.monotonic()
    assert runner.capture(shell("sleep 0.2")).ok
    assert not runner.limit.reached
    done = runner.waiting_for("its hook").stream(
        shell(f"sleep 60 & echo $! > {tmp_path}/pid; wait"), lambda _text: None
    )
    assert (done.timed_out, runner.limit.reached) == (True, True)
    assert runner.stream(Command(argv=("touch", str(tmp_path / "late"))), print).timed_out
    assert not (tmp_path / "late").exists()
    assert time.monotonic() - begin < 15
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_build_is_asked_to_stop_before_it_is_killed(tmp_path: Path) -> None:
    script = f"trap 'echo cleaned > {tmp_path}/end; exit 3' INT; while :; do sleep 0.1; done"
    assert bounded(0.5).stream(shell(script), lambda _text: None).timed_out
    assert (tmp_path / "end").read_text() == "cleaned\n"


def test_the_shorter_of_two_times_counts() -> None:
    begin = time.monotonic()
    assert ShellRunner(timeout=0.3).capture(Command(argv=("sleep", "60"), timeout=50)).timed_out
    assert ShellRunner(timeout=50).capture(Command(argv=("sleep", "60"), timeout=0.3)).timed_out
    assert time.monotonic() - begin < 20
