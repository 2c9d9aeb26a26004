"""kill -9 while a file is written, at every point: it holds the old text or the new one, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.measure import Row
from benchmarks.projects import old_config
from buildx_tasks import upgrade_text
from soak.findings import Finding, Findings
from soak.processes import command, environment, forked, run_task, start

WRITERS = ("execution/files.py", "execution/tempfiles.py")
"""The modules whose calls of the system are the points at which a task is killed."""
FROM_OUTSIDE = 4
"""Each how many kills one comes from outside, at any moment of a whole process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Victim:
    """A task that writes a file: `file` may hold one of `texts`, and `others` tells which files may be beside it."""

    name: str
    words: tuple[str, ...]
    file: str
    texts: tuple[bytes, ...]
    others: Callable[[str], bool]


def kills(count: int, folder: Path, findings: Findings, victims: Sequence[Victim] = ()) -> list[Row]:
    """Kill each writing task `count` times."""
    rows = []
    for victim in victims or (setting(), upgrading(), upgrading("--backup")):
        share = count if "upgrade" not in victim.name else count // 2
        kill = _Kills(victim, folder / victim.name.replace(" ", "-"), findings)
        before = len(findings)
        kill.all(share)
        note = f"{kill.points} points; {kill.old} times the old text, {kill.new} times the new one"
        rows.append(Row(what=f"kill -9: {victim.name}", value=kill.done, limit=share, least=True, note=note))
        rows.append(Row(what="torn, missing or left files", value=len(findings) - before, limit=0))
    return rows


def setting() -> Victim:
    """Setting a key of the global config."""
    head = b"# my settings\nglobal:\n"
    old = head + b"  default-repo: old.example # why\n"
    return Victim(
        name="buildx.config.set",
        words=("buildx.config.set", "--global", "default-repo", "new.example"),
        file=".config/buildx-tasks/config.yaml",
        texts=(old, old.replace(b"old.example", b"new.example")),
        others=lambda name: name == ".config.yaml.lock",
    )


def upgrading(*flags: str) -> Victim:
    """Upgrading an old config."""
    old = old_config(3)
    new = upgrade_text(old)
    return Victim(
        name=" ".join(("schema.upgrade", *flags)),
        words=("schema.upgrade", *flags),
        file="skaffold.yaml",
        texts=(old.encode(), new.encode()),
        others=lambda name: bool(flags) and name.startswith("skaffold.yaml.bak"),
    )


@dataclass(slots=True)
class _Kills:
    victim: Victim
    folder: Path
    findings: Findings
    points: int = 0
    done: int = 0
    old: int = 0
    new: int = 0
    env: Mapping[str, str] = field(default_factory=dict)

    def all(self, count: int) -> None:
        self.env = environment(self.folder, os.defpath, "kills")
        self.points = self._count_points()
        seconds = self._whole_seconds()
        for number in range(count):
            self._fresh()
            if number % FROM_OUTSIDE:
                self._kill_at(1 + number * self.points // count)
            else:
                self._kill_after(seconds * (number + 1) / count)
            self._check(f"kill {number} of {count}")
            self.done += 1

    @property
    def _file(self) -> Path:
        return self.folder / self.victim.file

    def _fresh(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        for path in self._file.parent.iterdir():
            if path.is_file():
                path.unlink()
        self._file.write_bytes(self.victim.texts[0])

    def _count_points(self) -> int:
        """How many calls the task makes while it writes: a pipe brings the number from the child."""
        self._fresh()
        reader, writer = os.pipe()
        points = _Points(tell=writer)
        code = forked(partial(run_task, *self.victim.words), self.folder, self.env, points.install)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            told = stream.read()
        assert (code, bool(told)) == (0, True), f"{self.victim.name} ended with {code}"
        return len(told)

    def _whole_seconds(self) -> float:
        self._fresh()
        begin = time.monotonic()
        begun = self.folder / "begun"
        with start(command(begun, *self.victim.words), self.folder, self.env) as process:
            _wait_for(begun, process.poll)
            begin = time.monotonic()
            process.communicate()
        begun.unlink()
        return time.monotonic() - begin

    def _kill_at(self, point: int) -> None:
        forked(partial(run_task, *self.victim.words), self.folder, self.env, _Points(last=point).install)

    def _kill_after(self, seconds: float) -> None:
        begun = self.folder / "begun"
        with start(command(begun, *self.victim.words), self.folder, self.env) as process:
            _wait_for(begun, process.poll)
            time.sleep(seconds)
            process.kill()
            process.communicate()
        begun.unlink(missing_ok=True)

    def _check(self, when: str) -> None:
        """The file is old or new, and a run that nobody kills leaves the new one and nothing else."""
        text = self._content()
        if text not in self.victim.texts:
            self._found("the file holds the old text or the new one", f"{when}: {len(text)} bytes", text)
        elif text == self.victim.texts[0]:
            self.old += 1
        else:
            self.new += 1
        for path in self._file.parent.glob("*.bak*"):
            if path.read_bytes() != self.victim.texts[0]:
                self._found("a backup holds the old text", f"{when}: {path.name}", path.read_bytes())
        code = forked(partial(run_task, *self.victim.words), self.folder, self.env, lambda: None)
        if code or self._content() != self.victim.texts[1]:
            self._found("the next run succeeds", f"{when}: status {code}", self._content())
        for name in self._strangers():
            self._found("the next run cleans up", f"{when}: {name}", b"")

    def _content(self) -> bytes:
        return self._file.read_bytes() if self._file.exists() else b""

    def _strangers(self) -> Iterator[str]:
        for path in self._file.parent.iterdir():
            if path.is_file() and path != self._file and not self.victim.others(path.name):
                yield path.name

    def _found(self, rule: str, detail: str, data: bytes) -> None:
        self.findings.add(Finding(instrument=f"kill -9 {self.victim.name}", rule=rule, detail=detail, data=data))


@dataclass(slots=True)
class _Points:
    """Counts the calls of C functions, those of the system among them, while `WRITERS` are at work.

    Kills this process at call `last`; writes a byte to `tell` for each call.
    """

    last: int = 0
    tell: int = -1
    count: int = 0
    depth: int = 0

    def install(self) -> None:
        """Begin; in a child."""
        sys.setprofile(self._event)

    def _event(self, frame: FrameType, event: str, _argument: Any) -> None:
        ours = frame.f_code.co_filename.endswith(WRITERS)
        if event == "call" and ours:
            self.depth += 1
        elif event == "return" and ours:
            self.depth -= 1
        elif event in ("c_call", "c_return") and self.depth > 0:
            self.count += 1
            if self.tell >= 0:
                os.write(self.tell, b".")
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def _wait_for(begun: Path, poll: Callable[[], int | None]) -> None:
    while not begun.exists() and poll() is None:
        time.sleep(0.002)
