"""Rows of the table, and ways to take times that a busy machine does not spoil."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One budget: what was measured, what is allowed, and how it came about."""

    what: str
    value: float
    limit: float
    unit: str = ""
    least: bool = False
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether the budget is kept; `least` is for rates, which must not be below the limit."""
        return self.value >= self.limit if self.least else self.value <= self.limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Where measures happen: a folder to fill, the environment of commands, a registry, a package index."""

    folder: Path
    env: Mapping[str, str]
    registry: str
    remote: str
    packages: str = ""

    def run(self, *argv: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, status: int = 0) -> str:
        """Run a command that must end with `status`; its standard output."""
        done = subprocess.run(
            argv, cwd=cwd or self.folder, env={**self.env, **(env or {})}, capture_output=True, text=True, check=False
        )
        if done.returncode != status:
            raise SystemExit(
                f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.stdout

    def peak(self, *argv: str, cwd: Path) -> float:
        """Run a command; the most memory that it and its descendants had at once, in MB, seen twenty times a second."""
        most = 0
        with (
            (cwd / "output.log").open("wb") as log,
            subprocess.Popen(argv, cwd=cwd, env=self.env, stdout=log, stderr=log) as process,
        ):
            while process.poll() is None:
                most = max(most, _resident(process.pid))
                time.sleep(0.05)
        if process.returncode:
            raise SystemExit(f"{' '.join(argv)} ended with {process.returncode}, see {cwd}/output.log")
        return most / 1e6


def _resident(root: int) -> int:
    """The bytes in memory of a process and its descendants; each has its part of what several of them share."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0
    for pid in family:
        with contextlib.suppress(OSError):
            rollup = Path("/proc", str(pid), "smaps_rollup").read_text()
            total += next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def seconds(action: Callable[[], object]) -> float:
    """How long `action` takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def alternate(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The times of several actions, taken by turns so that what slows the machine down slows all of them."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            times[name].append(seconds(action))
    return times


def median(times: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(times)


def paired(first: Sequence[float], second: Sequence[float]) -> float:
    """By how much the second is slower than the first: the middle one of the differences within each round."""
    return statistics.median(two - one for one, two in zip(first, second, strict=True))


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """How many times as long the second takes: the middle one of the ratios within each round."""
    return statistics.median(two / one for one, two in zip(first, second, strict=True))


def table(rows: Sequence[Row]) -> str:
    """The rows for people, with a mark at those over budget."""
    cells = [("", "measured", "budget", "what", "how")]
    for row in rows:
        sign = ">=" if row.least else "<="
        numbers = f"{row.value:.3g} {row.unit}".strip(), f"{sign} {row.limit:g} {row.unit}".strip()
        cells.append(("ok" if row.ok else "OVER", *numbers, row.what, row.note))
    widths = [max(len(line[at]) for line in cells) for at in range(4)]
    return "\n".join(
        "  ".join((*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[4])).rstrip()
        for line in cells
    )


def load_average() -> str:
    """How busy the machine is with other things, for the reader of the table."""
    return " ".join(f"{load:.1f}" for load in os.getloadavg())
