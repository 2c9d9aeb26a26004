"""The lab's one door to processes: run a command, start a daemon, find and stop what an instance started.

Every daemon carries its instance and part in its environment, and what it starts inherits that, so `stop` needs no
memory of what was started: it works after a crash too, and never meets a process of anybody else.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tasks.lab.errors import LabError
from tasks.lab.layout import Layout

INSTANCE_MARK = "BUILDX_TASKS_LAB_INSTANCE"
PART_MARK = "BUILDX_TASKS_LAB_PART"


def call(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300,
) -> str:
    """The standard output of a command that must succeed; `LabError` with its last lines when it does not."""
    try:
        done = subprocess.run(
            list(argv),
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{argv[0]}: no such command") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(argv)}: no answer in {timeout:.0f} s") from error
    if done.returncode:
        tail = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-5:])
        raise LabError(f"{' '.join(argv)}: exit status {done.returncode}\n{tail}")
    return done.stdout


def spawn(layout: Layout, part: str, name: str, argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Start a daemon of its own session that logs to `<part>/<name>.log`; its process id."""
    marked = {**env, INSTANCE_MARK: str(layout.run), PART_MARK: part}
    with (layout.part(part) / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            list(argv),
            env=marked,
            cwd=layout.part(part),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # The daemon outlives this program on purpose: no warning about a child nobody waited for.
    process.returncode = 0
    return process.pid


def log_tail(layout: Layout, part: str, name: str, lines: int = 5) -> str:
    """The end of a daemon's log, for a message about why it did not start."""
    try:
        text = (layout.part(part) / f"{name}.log").read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    return _state(pid) not in ("", "Z", "X")


def started_at(pid: int) -> int:
    """A process's start in clock ticks since boot, which with its id names it for good; 0 when there is none."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def owned(layout: Layout, part: str | None = None) -> set[int]:
    """The processes of an instance, or of one of its parts."""
    wanted = {f"{INSTANCE_MARK}={layout.run}"}
    if part is not None:
        wanted.add(f"{PART_MARK}={part}")
    found = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # ended meanwhile, or a kernel thread
            continue
        if wanted <= set(environment) and is_alive(int(folder.name)):
            found.add(int(folder.name))
    return found - {os.getpid()}


def programs_in_use(folder: Path) -> list[int]:
    """The processes whose program lies in a folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/exe"):
        with suppress(OSError):  # ended meanwhile, a kernel thread, or somebody else's
            if link.readlink().is_relative_to(folder):
                found.append(int(link.parent.name))
    return sorted(found)


def stop(layout: Layout, part: str | None = None, *, patience: float = 15) -> None:
    """End an instance's processes, or a part's: ask the outermost ones, then kill what is left."""
    pids = owned(layout, part)
    for pid in pids:
        if _parent(pid) not in pids:  # an engine ends its own containerd, in the right order
            _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and owned(layout, part):
        time.sleep(0.05)
    kill_deadline = time.monotonic() + 10
    while (left := owned(layout, part)) and time.monotonic() < kill_deadline:
        for pid in left:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.05)
    if left:
        raise LabError(f"processes that do not end: {', '.join(map(str, sorted(left)))}")


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before them may hold blanks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else ""


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0
