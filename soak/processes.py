"""Tasks in processes of their own: as a command, or forked from this process at a fraction of the cost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

MARK = "BUILDX_TASKS_SOAK"
"""A variable by which everything that a task has started is found."""

PROGRAM = """\
import sys
from pathlib import Path
from buildx_tasks.tasks.program import main
Path({begun!r}).touch()
sys.argv[0] = "buildx-tasks"
main()
"""


def command(begun: Path, *words: str) -> list[str]:
    """The command line of a task; `begun` is a file that is there from the moment on at which the program runs."""
    return [sys.executable, "-c", PROGRAM.format(begun=str(begun)), *words]


def environment(home: Path, path: str, mark: str) -> dict[str, str]:
    """The whole environment of a task: nothing of the user's own."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": path,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(temporary),
        "DOCKER_HOST": f"unix://{home}/none",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        MARK: mark,
    }


def start(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command whose output is read from pipes."""
    return subprocess.Popen(argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def forked(action: Callable[[], object], cwd: Path, env: Mapping[str, str], prepare: Callable[[], object]) -> int:
    """Do `action` in a forked child and wait for it: its exit status, or minus the signal that ended it."""
    pid = os.fork()
    if not pid:
        _child(action, cwd, env, prepare)
    _pid, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _child(action: Callable[[], object], cwd: Path, env: Mapping[str, str], prepare: Callable[[], object]) -> None:
    code = 70
    loud = os.dup(2)
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silent, number)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        prepare()
        action()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - this process ends here, and its standard error is silent
        os.write(loud, traceback.format_exc().encode())
    finally:
        os._exit(code)


def run_task(*words: str) -> None:
    """Run a task in this process; ends with `SystemExit`."""
    from buildx_tasks.tasks import namespace
    from buildx_tasks.tasks.program import OurProgram

    OurProgram(namespace=namespace()).run(["buildx-tasks", *words])


def marked(mark: str) -> list[int]:
    """The processes that have `mark` in their environment; empty where the system has no /proc."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def left_behind(mark: str, patience: float = 15) -> list[str]:
    """The command lines of marked processes that are still there after a while; they are ended."""
    end = time.monotonic() + patience
    while pids := marked(mark):
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    return [_end(pid) for pid in pids]


def _end(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return str(pid)
    return line
