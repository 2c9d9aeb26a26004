"""The time that one artifact's build takes: it may be bounded, and what is waited for without a word is said."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.command import TIMED_OUT, Command, Completed, Runner, Write, without_colour
from buildx_tasks.model.imageref import parse_image_ref, registry_of

QUIET_SECONDS = 60.0
LONGEST_SECONDS = 600.0
SHOWN_CHARACTERS = 120
_FROM_REGISTRY = re.compile(r"#\d+ .*?(?:load metadata for|importing cache manifest from|resolve) (\S+)")
_TO_REGISTRY = re.compile(r"#\d+ pushing (?:layers|manifest)")


@dataclass(slots=True)
class Limit:
    """The end of a build's time on the monotonic clock, None for none, and whether a command had to end there."""

    end: float | None = None
    reached: bool = False

    @property
    def left(self) -> float | None:
        """Seconds that are left."""
        return None if self.end is None else max(0.0, self.end - time.monotonic())


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundedRunner:
    """Another runner whose commands all end at one `limit`, and which says when one has been silent for long.

    `whom` is who is waited for then, `tag` the image that is pushed.
    """

    runner: Runner
    limit: Limit
    image: str
    whom: str
    tag: str = ""

    def waiting_for(self, whom: str) -> BoundedRunner:
        """The same for commands of somebody else; they share the time."""
        return replace(self, whom=whom)

    def capture(self, command: Command) -> Completed:
        """Run to the end and keep both streams whole."""
        return self._bounded(command, self.runner.capture)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        """Run, handing output on as it comes. A terminal shows by itself that something goes on."""
        if terminal:
            return self._bounded(command, lambda bounded: self.runner.stream(bounded, write, terminal=True))
        with Silence(self, write) as silence:
            return self._bounded(command, lambda bounded: self.runner.stream(bounded, silence.hear))

    def stream_many(self, command: Command, write: Write) -> Completed:
        """Run a command that builds several artifacts, each of which has a listener of its own."""
        return self._bounded(command, lambda bounded: self.runner.stream(bounded, write))

    def listening(self, write: Write) -> Silence:
        """Passes output on to `write`, and says there when none came for long."""
        return Silence(self, write)

    def stop(self) -> None:
        """End every running command."""
        self.runner.stop()

    def _bounded(self, command: Command, run: Callable[[Command], Completed]) -> Completed:
        left = self.limit.left
        if left is None:
            return run(command)
        if not left:
            self.limit.reached = True
            return Completed(command=command, code=TIMED_OUT)
        done = run(replace(command, timeout=left if command.timeout is None else min(left, command.timeout)))
        self.limit.reached |= done.timed_out and not self.limit.left
        return done


@dataclass(slots=True)
class Silence:
    """Says after a minute without output who is waited for, then after two more, after four, at most after ten."""

    runner: BoundedRunner
    write: Write
    last: str = ""
    since: float = field(default_factory=time.monotonic)
    pause: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Silence:
        self.pause = QUIET_SECONDS
        threading.Thread(target=self._watch, name="buildx-tasks-waiting", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()

    def hear(self, text: str) -> None:
        """Take note of output, and pass it on."""
        self.since, self.pause = time.monotonic(), QUIET_SECONDS
        self.last = text.strip() or self.last
        self.write(text)

    def _watch(self) -> None:
        while not self.over.wait(max(0.01, self.since + self.pause - time.monotonic())):
            silent = time.monotonic() - self.since
            if silent >= self.pause:
                self.pause = silent + min(silent, LONGEST_SECONDS)
                self.write(f"{self._text(silent)}\n")

    def _text(self, seconds: float) -> str:
        last = without_colour(self.last)[:SHOWN_CHARACTERS]
        registry = _registry(last, self.runner.tag)
        whom = f"{self.runner.whom} and registry {registry}" if registry else self.runner.whom
        said = f"; its last line was: {last}" if last else ""
        return f"artifact {self.runner.image}: still waiting for {whom}, {seconds:.0f} s without output{said}"


def _registry(last: str, tag: str) -> str:
    """The registry that BuildKit talks to, by the last line of its log; "" when it is not that."""
    found = _FROM_REGISTRY.match(last)
    reference = found[1] if found else tag if _TO_REGISTRY.match(last) else ""
    try:
        return registry_of(parse_image_ref(reference)) if reference else ""
    except CannotStart:
        return ""
