"""`python -m soak [INSTRUMENT …]`: run the instruments, print the table, end with 1 when anything was found."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Row, load_average, table
from soak.builds import builds
from soak.findings import Findings
from soak.fuzz import fuzz
from soak.inputs import seed_texts
from soak.interrupts import interrupts
from soak.kills import kills
from soak.writers import writers

Instrument = Callable[[argparse.Namespace, Findings], list[Row]]


def _fuzz(wanted: argparse.Namespace, findings: Findings) -> list[Row]:
    return fuzz(wanted.inputs, wanted.seed, seed_texts(), findings, first=wanted.first)


def _kills(wanted: argparse.Namespace, findings: Findings) -> list[Row]:
    with _folder() as folder:
        return kills(wanted.kills, folder, findings)


def _writers(_wanted: argparse.Namespace, findings: Findings) -> list[Row]:
    with _folder() as folder:
        return writers(folder, findings)


def _builds(wanted: argparse.Namespace, findings: Findings) -> list[Row]:
    with _folder() as folder:
        return builds(wanted.builds, folder, findings)


def _interrupts(wanted: argparse.Namespace, findings: Findings) -> list[Row]:
    with _folder() as folder:
        return interrupts(wanted.signals, folder, findings)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="buildx-tasks-soak-") as folder:
        yield Path(folder)


INSTRUMENTS: dict[str, Instrument] = {
    "fuzz": _fuzz,
    "kills": _kills,
    "writers": _writers,
    "builds": _builds,
    "interrupts": _interrupts,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the instruments that are named, all of them without any."""
    wanted = _parser().parse_args(argv)
    findings = Findings(wanted.findings)
    rows = []
    for name in wanted.instruments or INSTRUMENTS:
        print(f"soak: {name}", file=sys.stderr, flush=True)
        rows += INSTRUMENTS[name](wanted, findings)
    print(table(rows))
    print(f"load average at the end: {load_average()}")
    if findings:
        print(findings.text())
    return 0 if not findings and all(row.ok for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("instruments", nargs="*", choices=[*INSTRUMENTS, []], help="default: all")
    parser.add_argument("--inputs", type=int, default=20_000, help="fuzzed configs")
    parser.add_argument("--first", type=int, default=0, help="number of the first fuzzed config")
    parser.add_argument("--kills", type=int, default=200, help="kill -9 of each task that writes a file")
    parser.add_argument("--builds", type=int, default=200, help="builds in one process")
    parser.add_argument("--signals", type=int, default=120, help="signals during a build")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other configs")
    parser.add_argument("--findings", type=Path, default=Path("soak-findings"), help="folder for what is found")
    return parser


if __name__ == "__main__":
    sys.exit(main())
