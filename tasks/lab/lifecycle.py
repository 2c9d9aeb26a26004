"""Start and stop an instance. `up` is idempotent and undoes its own work on failure and on Ctrl-C.

Stopping looks at what is there, not at what was noted: it also cleans up after a crash, and twice does no harm.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from tasks.lab import process
from tasks.lab.context import Facts, Lab
from tasks.lab.distribution import find_distribution, read_os_release
from tasks.lab.errors import LabError, LabUnavailable
from tasks.lab.layout import Layout
from tasks.lab.packages import Store
from tasks.lab.parts import PARTS, Part, select_parts
from tasks.lab.preflight import find_problems
from tasks.lab.state import State, processes_live, read_state, write_state

Say = Callable[[str], None]


def up(layout: Layout, names: Iterable[str], say: Say, *, refresh: bool = False) -> State:
    """Start the parts of these names and what they need; those that run already stay as they are.

    Raises `LabUnavailable` with every reason at once when this machine can't run the lab.
    """
    wanted = select_parts(names)
    if problems := find_problems(part.name for part in wanted):
        raise LabUnavailable(problems)
    store = _store(layout)
    with _locked(layout), _interruptible():
        with _cache_locked(layout):
            files = store.ensure(say, refresh=refresh)
        before = read_state(layout)
        lab = Lab(layout=layout, distribution=store.distribution, trees=store.trees, say=say, facts=dict(before.parts))
        started: list[Part] = []
        try:
            for part in PARTS:
                if _is_due(part, wanted, started, lab.facts):
                    started.append(part)
                    _start(lab, part)
                    write_state(layout, State(parts=lab.facts, packages=files))
        except BaseException:
            with _uninterruptible():
                say("taking down what was started")
                _stop_parts(layout, started if before.parts else PARTS)
            raise
        return State(parts=lab.facts, packages=files)


def down(layout: Layout, say: Say) -> None:
    """Stop everything of an instance and remove every trace of it but the cache."""
    if not layout.run.is_dir() and not process.owned(layout):
        return
    with _locked(layout), _uninterruptible():
        _stop_parts(layout, PARTS)
    say("down")


def is_up(part: Part, facts: dict[str, Facts]) -> bool:
    """Whether a part was started and still works as far as one can see from outside."""
    if part.name not in facts:
        return False
    return processes_live(facts[part.name]) and part.is_up(facts[part.name])


def _is_due(part: Part, wanted: Iterable[Part], started: Iterable[Part], facts: dict[str, Facts]) -> bool:
    """Whether a part must start now: it is wanted and down, or it is there and what it needs was started anew."""
    if part in wanted and not is_up(part, facts):
        return True
    return part.name in facts and any(other.name in part.needs for other in started)


def _start(lab: Lab, part: Part) -> None:
    lab.facts.pop(part.name, None)
    _stop_part(lab.layout, part)  # what a crash may have left
    begin = time.monotonic()
    lab.layout.part(part.name).mkdir(parents=True)
    lab.facts[part.name] = part.start(lab, part.name)
    lab.say(f"{part.name}: up in {time.monotonic() - begin:.1f} s ({part.about})")


def _stop_parts(layout: Layout, parts: Iterable[Part]) -> None:
    stopped = list(parts)
    if len(stopped) == len(PARTS):
        process.stop(layout)  # all at once is quicker than one after another
    for part in reversed(stopped):
        _stop_part(layout, part)
    facts = {name: facts for name, facts in read_state(layout).parts.items() if layout.part(name).is_dir()}
    if facts:
        write_state(layout, State(parts=facts, packages=read_state(layout).packages))
    else:
        shutil.rmtree(layout.run, ignore_errors=True)


def _stop_part(layout: Layout, part: Part) -> None:
    process.stop(layout, part.name)
    if os.geteuid() == 0:  # nobody else could make what outlives its processes
        part.stop(layout, part.name)
    shutil.rmtree(layout.part(part.name), ignore_errors=True)


def _store(layout: Layout) -> Store:
    architecture = process.call(["dpkg", "--print-architecture"]).strip()
    distribution = find_distribution(read_os_release(), architecture)
    folder = layout.cache / f"{distribution.name}-{distribution.codename}-{architecture}"
    return Store(folder=folder, distribution=distribution)


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    """Hold an instance alone. Its run folder belongs to this user only; somebody else's is refused."""
    while True:
        layout.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        if layout.run.is_symlink() or layout.run.stat().st_uid != os.getuid():
            raise LabError(f"{layout.run}: belongs to somebody else; set $BUILDX_TASKS_LAB to another folder")
        descriptor = os.open(layout.run, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if layout.run.exists() and os.fstat(descriptor).st_ino == layout.run.stat().st_ino:
            break
        os.close(descriptor)  # a `down` removed it meanwhile
    try:
        yield
    finally:
        if not any(layout.run.iterdir() if layout.run.exists() else ()):
            shutil.rmtree(layout.run, ignore_errors=True)
        os.close(descriptor)


@contextmanager
def _cache_locked(layout: Layout) -> Iterator[None]:
    layout.cache.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(layout.cache, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _interruptible() -> Iterator[None]:
    """A plain `kill` of the start undoes it just as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _uninterruptible() -> Iterator[None]:
    """A second Ctrl-C does not stop the clean-up half way."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
