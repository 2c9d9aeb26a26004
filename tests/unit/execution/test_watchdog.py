"""The watchdog, tried on real processes that are really killed."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from recording import gone

from buildx_tasks.execution import watchdog
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.command import Command

PARENT = """\
import sys, threading
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.command import Command
runner = ShellRunner()
def run(script):
    runner.{method}(Command(argv=("sh", "-c", script)){more})
threads = [threading.Thread(target=run, args=(script,)) for script in sys.argv[1:]]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
METHODS = {"capture": "", "stream": ", print"}


def start(method: str, *scripts: str) -> subprocess.Popen[bytes]:
    text = PARENT.format(method=method, more=METHODS[method])
    return subprocess.Popen([sys.executable, "-c", text, *scripts], start_new_session=True)


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def pids(*files: Path) -> list[int]:
    wait_for(lambda: all(file.exists() and file.read_text().endswith("\n") for file in files))
    return [int(file.read_text()) for file in files]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGSEGV])
@pytest.mark.parametrize("method", METHODS)
def test_commands_and_their_children_end_with_a_killed_process(
    tmp_path: Path, method: str, number: signal.Signals
) -> None:
    files = [tmp_path / name for name in ("one", "child", "two")]
    one, child, two = files
    with start(
        method, f"sleep 60 & echo $! > {child}; echo $$ > {one}; wait", f"echo $$ > {two}; exec sleep 60"
    ) as run:
        running = pids(*files)
        run.send_signal(number)
        assert run.wait(timeout=20) == -number
    assert [gone(pid) for pid in running] == [True] * 3


def test_what_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    stubborn = f"trap '' TERM INT HUP; echo $$ > {tmp_path}/pid; while :; do sleep 0.2; done"
    with start("stream", stubborn) as run:
        (pid,) = pids(tmp_path / "pid")
        run.kill()
    time.sleep(0.5)
    os.kill(pid, 0)
    wait_for(lambda: gone(pid))


def test_a_command_is_told_politely_first(tmp_path: Path) -> None:
    trap = f"exec 2>{os.devnull}; trap 'echo cleaned > {tmp_path}/end; exit' TERM"
    script = f"{trap}; echo $$ > {tmp_path}/pid; while :; do sleep 0.1; done"
    with start("capture", script) as run:
        (pid,) = pids(tmp_path / "pid")
        run.kill()
    assert gone(pid)
    assert (tmp_path / "end").read_text() == "cleaned\n"


def test_two_hundred_kills_at_any_moment_leave_nothing(tmp_path: Path) -> None:
    """Also between fork and exec, and while a command ends."""
    marker = str(tmp_path)
    rounds = int(os.environ.get("BUILDX_TASKS_KILLS", "12"))
    for at in range(rounds):
        with start("capture", *[f": {marker}; sleep 60"] * 3, f": {marker}; sleep 0.0{at % 10}") as run:
            time.sleep(0.05 + 0.3 * at / rounds)
            run.kill()
    wait_for(lambda: not with_words(marker))


def with_words(words: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line and folder.name != str(os.getpid()):
            found.append(line)
    return found


def companions() -> list[Path]:
    """The companions of this process, also those that ended and were not waited for."""
    own = Path("/proc").glob("[0-9]*/stat")
    found = []
    for file in own:
        try:
            text = file.read_text()
            name = file.with_name("cmdline").read_text()
        except OSError:
            continue
        if text.rpartition(")")[2].split()[1] == str(os.getpid()) and (not name or watchdog.NAME in name):
            found.append(file)
    return found


def test_a_runner_that_is_done_with_leaves_no_companion() -> None:
    gc.collect()
    before = companions()
    runner = ShellRunner()
    assert companions() == before
    runner.capture(Command(argv=("true",)))
    runner.capture(Command(argv=("true",)))
    assert len(companions()) == len(before) + 1
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    del runner
    gc.collect()
    assert companions() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors - 1


def test_what_ended_is_forgotten(tmp_path: Path) -> None:
    """Or the number of its group could be another's, by the time we are killed."""
    log = tmp_path / "log"
    script = watchdog.SCRIPT.replace("signal TERM", f'echo "$running" > {log}')
    text = "begin 1 11\nbegin 2 12\nbegin 3 13\nend 2\nend 9\nend 1\nend 1\nbegin 4 14\n"
    subprocess.run(["/bin/sh", "-c", script], input=text, text=True, check=False, timeout=20)
    assert log.read_text().split() == ["3:13", "4:14"]


@pytest.mark.parametrize("what", ["killed", "missing"])
def test_commands_run_without_a_companion(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    runner = ShellRunner()
    if what == "missing":
        monkeypatch.setattr(watchdog, "SHELL", "/no/such/sh")
    assert runner.capture(Command(argv=("true",))).ok
    for file in companions():
        os.kill(int(file.parent.name), signal.SIGKILL)
    assert runner.capture(Command(argv=("echo", "x"))).stdout == "x\n"
    assert runner.stream(Command(argv=("false",)), print).code == 1


def test_a_program_that_cannot_be_executed_is_not_remembered(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    runner = ShellRunner()
    done = runner.capture(Command(argv=(str(broken),)))
    assert (done.code, done.stderr) == (126, f"{broken} can't be started: Exec format error")
    assert not runner._tokens
