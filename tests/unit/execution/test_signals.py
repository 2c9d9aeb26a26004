"""Signals as a run handles them, sent for real."""
# ruff: noqa: PT012 - a run is a block

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from recording import gone

from buildx_tasks.errors import BuildxTasksError, CannotStart, Interrupted, WorkFailed
from buildx_tasks.execution import signals
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.execution.signals import handled
from buildx_tasks.model.command import Command

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
NUMBERS = tuple(STATUS)


def shell(script: str) -> Command:
    return Command(argv=("sh", "-c", script))


def send(number: int, *, after: float = 0.5) -> None:
    """Send a signal to this process soon, once."""
    timer = threading.Timer(after, os.kill, (os.getpid(), number))
    timer.daemon = True
    timer.start()


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in NUMBERS]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("method", ["capture", "stream"])
def test_a_signal_ends_the_command_that_is_waited_for(tmp_path: Path, number: signal.Signals, method: str) -> None:
    before, begin = handlers(), time.monotonic()
    with pytest.raises(Interrupted) as caught, handled():
        runner = ShellRunner()
        send(number)
        script = shell(f"sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/pid; wait")
        runner.capture(script) if method == "capture" else runner.stream(script, print)
    assert caught.value.exit_code == STATUS[number]
    assert str(caught.value) == ("interrupted" if number == signal.SIGINT else f"interrupted by {number.name}")
    assert time.monotonic() - begin < 15
    assert handlers() == before
    assert [gone(int((tmp_path / name).read_text())) for name in ("pid", "child")] == [True, True]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_ends_what_another_thread_waits_for(
    tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "GRACE_SECONDS", 1.0)
    begin = time.monotonic()
    stubborn = shell(f"trap '' INT TERM HUP; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done")
    with pytest.raises(Interrupted), handled():
        runner = ShellRunner()
        send(number)
        with ThreadPoolExecutor() as pool:
            pool.submit(runner.capture, stubborn).result()
    assert time.monotonic() - begin < 15
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_second_signal_kills_at_once_and_interrupts_nothing(tmp_path: Path) -> None:
    begin = time.monotonic()
    steps: list[str] = []
    stubborn = shell(f"trap '' INT TERM HUP; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done")
    with pytest.raises(Interrupted) as caught, handled():
        runner = ShellRunner()
        send(signal.SIGTERM, after=0.5)
        for at in range(5):
            send(NUMBERS[at % 3], after=1 + at / 10)
        try:
            with ThreadPoolExecutor() as pool:
                pool.submit(runner.stream, stubborn, lambda _text: None).result()
        except KeyboardInterrupt:
            for at in range(12):
                time.sleep(0.1)
                steps.append(str(at))
        raise Interrupted("interrupted: the running builds were stopped")
    assert time.monotonic() - begin < signals.GRACE_SECONDS
    assert len(steps) == 12
    assert (str(caught.value), caught.value.exit_code) == (
        "interrupted by SIGTERM: the running builds were stopped",
        143,
    )
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_signal_after_the_grace_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "GRACE_SECONDS", 0.2)
    begin = time.monotonic()
    with pytest.raises(Interrupted), handled():
        send(signal.SIGINT, after=0.1)
        send(signal.SIGINT, after=0.6)
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            time.sleep(60)
    assert time.monotonic() - begin < 15


def test_handlers_of_others_and_ignored_signals_stay() -> None:
    seen: list[int] = []
    before = handlers()
    signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ours = handlers()
        with handled():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGHUP)
            assert handlers()[1:] == ours[1:]
        assert handlers() == ours
    finally:
        for number, handler in zip(NUMBERS, before, strict=True):
            signal.signal(number, handler)  # type: ignore[arg-type]
    assert seen == [signal.SIGTERM]


def test_no_handlers_outside_the_main_thread_and_none_twice() -> None:
    before = handlers()
    seen: list[list[object]] = []

    @handled()
    def note() -> None:
        seen.append(handlers())

    thread = threading.Thread(target=note)
    thread.start()
    thread.join()
    assert seen == [before]
    with handled():
        ours = handlers()
        note()
        assert handlers() == ours != before
    assert seen[1] == ours
    assert handlers() == before


def test_whatever_ends_a_run_ends_its_commands(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(CannotStart), handled():
        runner = ShellRunner()
        threading.Thread(target=runner.capture, args=(shell(f"echo $$ > {pid}; exec sleep 60"),)).start()
        while not pid.exists() or not pid.read_text():
            time.sleep(0.02)
        raise CannotStart("no")
    assert gone(int(pid.read_text()))


def test_a_signal_between_fork_and_exec_ends_the_child_alone() -> None:
    """The child still has our handlers then, and must not go on with our work."""
    with handled():
        pid = os.fork()
        if not pid:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 143


def test_a_signal_that_another_thread_got_is_noticed() -> None:
    """As macOS and newer Linux kernels do it; the main thread waits for a lock then."""
    for _ in range(3):
        begin = time.monotonic()
        with pytest.raises(Interrupted), handled():
            sent = threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
            sent.start()
            done = threading.Event()
            done.wait(30)
        assert time.monotonic() - begin < 15


def test_an_event_loop_keeps_its_own_wake_up() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    try:
        with pytest.raises(Interrupted), handled():
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(5)
        assert signal.set_wakeup_fd(before) == writing
        assert os.read(reading, 9)[0] == signal.SIGHUP
    finally:
        os.close(reading)
        os.close(writing)


def test_a_run_leaves_no_descriptor_and_no_thread() -> None:
    def state() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = state()
    for _ in range(20):
        with handled():
            pass
    # What other tests left behind may end meanwhile.
    assert all(now <= then for now, then in zip(state(), before, strict=True))


@pytest.mark.skipif(not hasattr(logging, "_releaseLock"), reason="newer Pythons follow a fork without Python code")
def test_a_signal_in_a_function_whose_exceptions_are_dropped_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lock:
        def release(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)  # the handler has run

    with pytest.raises(Interrupted) as caught, handled():
        with monkeypatch.context() as patch:
            patch.setattr(logging, "_lock", Lock())
            with contextlib.suppress(BaseException):  # as Python does after a fork
                logging._releaseLock()  # type: ignore[attr-defined]
        time.sleep(10)
    assert caught.value.exit_code == 143


class Finalized:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)


def test_a_signal_in_a_finalizer_comes_again_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    hook = sys.unraisablehook
    begin = time.monotonic()
    with pytest.raises(Interrupted) as raised, handled():
        Finalized()
        time.sleep(10)
    assert raised.value.exit_code == 143
    assert time.monotonic() - begin < 5
    assert capsys.readouterr().err == ""
    assert sys.unraisablehook is hook


@pytest.mark.parametrize("error", [None, WorkFailed("a failed")])
def test_it_comes_again_in_the_run_or_not_at_all(error: WorkFailed | None) -> None:
    seen: list[int] = []
    with pytest.raises(Interrupted) as raised, handled():
        Finalized()
        if error:
            raise error
    before = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    try:
        time.sleep(10 * signals.AGAIN_SECONDS)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (raised.value.exit_code, seen) == (143, [])


class Broken:
    def __del__(self) -> None:
        raise ValueError("of somebody else")


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_what_else_python_drops_is_told_as_before() -> None:
    told: list[BaseException | None] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_value))
        with handled():
            Broken()
    assert [str(error) for error in told] == ["of somebody else"]


@pytest.mark.parametrize(
    ("error", "message"),
    [(CannotStart("slow ended with -2"), "interrupted by"), (WorkFailed("a failed"), "a failed\ninterrupted by")],
)
def test_a_signal_whose_exception_is_lost_ends_the_run_all_the_same(error: BuildxTasksError, message: str) -> None:
    with pytest.raises(Interrupted) as raised, handled():
        Finalized()
        raise error
    assert (raised.value.exit_code, raised.value.message) == (143, f"{message} SIGTERM")


@pytest.mark.parametrize("where", ["namespace", "parse_core"])
def test_an_interrupt_before_a_task_has_the_same_status(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from buildx_tasks.tasks import program

    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    if where == "namespace":
        monkeypatch.setattr(program, "namespace", interrupted)
    else:
        monkeypatch.setattr(program.OurProgram, "parse_core", interrupted)
    with pytest.raises(SystemExit) as caught:
        program.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
