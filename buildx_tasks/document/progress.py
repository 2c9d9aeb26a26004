"""BuildKit's plain progress output as counts: how many steps there were and how many came from a cache."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_STEP = re.compile(r"#(\d+) \[(?!internal\])(?:[^\]]*\s)?\d+/\d+\] (?!FROM )")
_CACHED = re.compile(r"#(\d+) CACHED\b")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(slots=True)
class StepCounter:
    """Counts Dockerfile steps, fed with output lines; FROM is no step, as nothing is run for it."""

    seen: set[str] = field(default_factory=set)
    cached: set[str] = field(default_factory=set)

    def feed(self, text: str) -> None:
        """Read one or more lines of output."""
        for line in text.splitlines():
            if match := _STEP.match(line):
                self.seen.add(match[1])
            elif match := _CACHED.match(line):
                self.cached.add(match[1])

    @property
    def steps(self) -> int:
        """How many Dockerfile steps were reported."""
        return len(self.seen)

    @property
    def cached_steps(self) -> int:
        """How many of them came from a cache."""
        return len(self.seen & self.cached)


def without_colour(text: str) -> str:
    """Output without terminal control sequences."""
    return _ANSI.sub("", text)
