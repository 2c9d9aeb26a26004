"""How the output of several builds is written to a log: as blocks, or line by line (`board` is for terminals).

Every method may be called from any of the threads that build.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from buildx_tasks.model import ciservice


def put(stream: TextIO, text: str) -> None:
    """Write at once. What a full disk refuses is lost, as no build is to end for that; the task says so at its end.

    Raises `BrokenPipeError` when nobody reads any more.
    """
    if not text:
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError:
        return


class LogLayout(Protocol):
    """What a reporter writes through. A build is called by its image."""

    def begin(self, image: str, heading: Sequence[str]) -> None:
        """A build starts; its heading, a name first of all, is shown with its output."""

    def write(self, image: str, text: str) -> None:
        """Output of a build: whole lines, or raw pieces of one that has a terminal for itself."""

    def end(self, image: str, line: str) -> None:
        """A build is over; a line says how, "" for one that never began."""

    def message(self, text: str) -> None:
        """Text that belongs to no build."""

    def close(self) -> None:
        """Nothing more comes from any build."""


class Lines:
    """Everything as it comes, every line of a build with its image in front."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.lock = threading.Lock()

    def begin(self, image: str, heading: Sequence[str]) -> None:
        """The heading, at once."""
        del image
        self.message("".join(f"{line}\n" for line in heading))

    def write(self, image: str, text: str) -> None:
        """Lines with the image in front."""
        self.message("".join(f"[{image}] {line}\n" for line in text.splitlines() if line.strip()))

    def end(self, image: str, line: str) -> None:
        """The line, at once."""
        del image
        if line:
            self.message(f"{line}\n")

    def message(self, text: str) -> None:
        """As it is."""
        with self.lock:
            put(self.stream, text)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Marks:
    """How a block begins and ends where its name is shown, which a CI service folds away the rest under.

    Both take the name and the time, in seconds.
    """

    begin: Callable[[str, int], str] = lambda name, _at: f"{name}\n"
    end: Callable[[str, int], str] = lambda _name, _at: ""


GITHUB = Marks(lambda name, _at: f"::group::{name}\n", lambda _name, _at: "::endgroup::\n")
GITLAB = Marks(
    lambda name, at: f"\x1b[0Ksection_start:{at}:{_plain(name)}[collapsed=true]\r\x1b[0K{name}\n",
    lambda name, at: f"\x1b[0Ksection_end:{at}:{_plain(name)}\r\x1b[0K",
)


def marks_for(service: str) -> Marks:
    """The marks of a CI service (see `model.ciservice`), none for ""."""
    return {ciservice.GITHUB: GITHUB, ciservice.GITLAB: GITLAB}.get(service, Marks())


def _plain(name: str) -> str:
    """A name as GitLab takes it."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in name)


@dataclass(slots=True)
class _Block:
    heading: Sequence[str]
    pieces: list[str] = field(default_factory=list)
    line: str | None = None


class Blocks:
    """One build after another, each with all of its output together.

    The build that began first is shown live; what runs beside it is held back until it is its turn.
    """

    def __init__(self, stream: TextIO, marks: Marks = Marks()) -> None:
        self.stream = stream
        self.marks = marks
        self.blocks: dict[str, _Block] = {}
        self.live = ""
        self.lock = threading.Lock()

    def begin(self, image: str, heading: Sequence[str]) -> None:
        """A new block, shown at once when there is no other."""
        with self.lock:
            self.blocks[image] = _Block(heading)
            self._go_on()

    def write(self, image: str, text: str) -> None:
        """Shown or held back."""
        with self.lock:
            block = self.blocks.get(image)
            if block is None or image == self.live:
                self._put(text)
            else:
                block.pieces.append(text)

    def end(self, image: str, line: str) -> None:
        """The block is closed when it is shown, and the next ones get their turn."""
        with self.lock:
            if image in self.blocks:
                self.blocks[image].line = line
                self._go_on()

    def message(self, text: str) -> None:
        """As it is, between what else is shown."""
        with self.lock:
            self._put(text)

    def close(self) -> None:
        """Show what was held back of builds that were stopped."""
        with self.lock:
            for block in self.blocks.values():
                block.line = block.line or ""
            self._go_on()

    def _go_on(self) -> None:
        """Close the live block when its build is over; show whole what is over too; the next one is live."""
        while self.blocks:
            if not self.live:
                over = (image for image, block in self.blocks.items() if block.line is not None)
                self._open(next(over, next(iter(self.blocks))))
            if self.blocks[self.live].line is None:
                return
            self._close()

    def _open(self, image: str) -> None:
        self.live = image
        block = self.blocks[image]
        name, *more = block.heading
        begin = self.marks.begin(name, int(time.time()))
        self._put(begin + "".join(f"{line}\n" for line in more) + "".join(block.pieces))

    def _close(self) -> None:
        block = self.blocks.pop(self.live)
        self.live = ""
        end = self.marks.end(block.heading[0], int(time.time()))
        self._put(end + (f"{block.line}\n" if block.line else ""))

    def _put(self, text: str) -> None:
        put(self.stream, text)
