"""Judge many inputs in child processes, with a limit of time and memory for each input."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext
from pathlib import Path

from benchmarks.measure import Row
from soak.findings import Finding, Findings
from soak.inputs import Inputs
from soak.judge import TooLong, Verdict, judge
from soak.stands import Stand

SECONDS = 2.0
"""CPU time that one input may take for everything that is done with it, its invariants included."""
MEGABYTES = 200
"""How much memory one input may take on top of what the process has."""
HANGS = 30
"""Seconds after which an input is given up."""
GUARD = 2_000_000_000
"""Bytes of address space on top of the process: protects the machine; `MEGABYTES` is measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One judged input: CPU seconds and megabytes it took, how far it came, and what it violated."""

    number: int
    seconds: float
    megabytes: float
    reached: tuple[str, ...]
    violations: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Totals:
    """What a soak adds up, with the number of the input in question."""

    judged: int = 0
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[float, int] = (0.0, -1)
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Take one outcome in."""
        self.judged += 1
        self.slowest = max(self.slowest, (outcome.seconds, outcome.number))
        self.largest = max(self.largest, (outcome.megabytes, outcome.number))
        self.reached.update(outcome.reached)


def fuzz(count: int, seed: int, seeds: Sequence[str], findings: Findings, *, first: int = 0) -> list[Row]:
    """Judge the inputs `first` to `count`; a row for each promise."""
    totals = Totals()
    inputs = Inputs(seeds, seed)
    for outcome in outcomes(inputs, range(first, count)):
        totals.add(outcome)
        for rule, detail in outcome.violations:
            data = inputs[outcome.number].encode("utf-8", "surrogatepass")
            findings.add(Finding(instrument="fuzz", rule=rule, detail=f"input {outcome.number}\n{detail}", data=data))
    how = ", ".join(f"{number} {name}" for name, number in sorted(totals.reached.items()))
    (slow, slow_at), (large, large_at) = totals.slowest, totals.largest
    note = f"seed {seed}, {len(seeds)} seed files; {how}"
    return [
        Row(what="fuzzed configs", value=totals.judged, limit=count - first, least=True, note=note),
        Row(what="slowest config", value=slow, limit=SECONDS, unit="s", note=f"input {slow_at}"),
        Row(what="largest config", value=large, limit=MEGABYTES, unit="MB", note=f"input {large_at}"),
        Row(what="violated rules", value=findings.of("fuzz"), limit=0, note="validate, upgrade, plan, bake"),
    ]


def outcomes(inputs: Inputs, numbers: range) -> Iterator[Outcome]:
    """Judge inputs in as many children as there are processors; a child that dies or hangs is a violation."""
    context = multiprocessing.get_context("fork")
    jobs = os.cpu_count() or 1
    shares = [numbers[at::jobs] for at in range(jobs)]
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-soak-") as folder:
        workers = [_Worker(context, inputs, share, Path(folder, str(at))) for at, share in enumerate(shares) if share]
        try:
            while active := [worker for worker in workers if not worker.done]:
                ready = wait([worker.results for worker in active], timeout=1)
                for worker in active:
                    yield from worker.receive() if worker.results in ready else worker.late()
        finally:
            for worker in workers:
                worker.end()


class _Worker:
    """A child that judges a share of the inputs, replaced when it dies."""

    def __init__(self, context: ForkContext, inputs: Inputs, share: range, folder: Path) -> None:
        self.context, self.inputs, self.share, self.folder = context, inputs, share, folder
        self.done = False
        self._start()

    def _start(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.results, sender = self.context.Pipe(duplex=False)
        self.process = self.context.Process(target=_work, args=(self.inputs, self.share, self.folder, sender))
        self.process.start()
        sender.close()
        self.heard = time.monotonic()

    def receive(self) -> Iterator[Outcome]:
        """The next input that the child has judged."""
        try:
            outcome: Outcome = self.results.recv()
        except EOFError:
            yield self._lost()
            return
        self.heard = time.monotonic()
        self._past(outcome.number)
        yield outcome

    def late(self) -> Iterator[Outcome]:
        """The outcome of an input at which the child hangs."""
        if time.monotonic() - self.heard > 4 * HANGS:
            yield self._lost()

    def _past(self, number: int) -> None:
        self.share = self.share[self.share.index(number) + 1 :]
        self.done = not self.share

    def _lost(self) -> Outcome:
        """The outcome of the input at which the child died or hung; the next child goes on behind it."""
        self.process.join(timeout=1)
        self.end()
        number, code = self.share[0], self.process.exitcode
        self._past(number)
        if not self.done:
            self._start()
        violation = ("ends in time", f"the process hung or died (exit code {code})")
        return Outcome(number=number, seconds=0, megabytes=0, reached=(), violations=(violation,))

    def end(self) -> None:
        """End the child."""
        self.process.kill()
        self.process.join()


def _work(inputs: Inputs, share: range, folder: Path, results: Connection) -> None:
    """Judge a share of the inputs; in a child."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _raise_too_long)
    os.environ["TMPDIR"] = str(folder)
    stand = Stand(folder)
    for text in ("apiVersion: skaffold/v1\nkind: Config\n", *inputs.seeds[:3]):
        judge(text, stand)  # loads what is loaded once
    limit = _status("VmSize") * 1000 + GUARD
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in share:
        results.send(judged(inputs, number, stand))


def judged(inputs: Inputs, number: int, stand: Stand) -> Outcome:
    """Judge an input; one that was too slow is judged twice more, since something else may have slowed it down."""
    text = inputs[number]
    verdict, seconds, megabytes = _measured(text, stand)
    for _ in range(2):
        if SECONDS < seconds < HANGS:
            seconds = min(seconds, _measured(text, stand)[1])
    if seconds > SECONDS:
        verdict.add(f"takes at most {SECONDS:g} s", f"{seconds:.2f} s")
    if megabytes > MEGABYTES:
        verdict.add(f"takes at most {MEGABYTES} MB", f"{megabytes:.0f} MB")
    return Outcome(
        number=number,
        seconds=seconds,
        megabytes=megabytes,
        reached=tuple(sorted(verdict.reached)),
        violations=tuple(verdict.violations),
    )


def _measured(text: str, stand: Stand) -> tuple[Verdict, float, float]:
    """The verdict, the CPU seconds and the megabytes at the peak."""
    gc.collect()
    before = _reset_peak()
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    try:
        verdict = judge(text, stand)
    except TooLong:  # in the last moment
        verdict = Verdict([("ends in time", f"more than {HANGS} s")])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return verdict, time.process_time() - begin - verdict.checking, max(0.0, (_peak() - before) / 1000)


def _raise_too_long(_number: int, _frame: object) -> None:
    raise TooLong


def _reset_peak() -> int:
    """Let the peak of the resident memory begin anew where the system can; the kilobytes it begins with."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    """The peak of the resident memory in kilobytes."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident_megabytes() -> float:
    """The memory of this process; where the system does not tell, its peak."""
    return (_status("VmRSS") or _peak()) / 1000


def _status(name: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
