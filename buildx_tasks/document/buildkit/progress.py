"""BuildKit's plain progress output as facts: steps and how many were cached, caches that were not there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from buildx_tasks.model.finding import Finding
from buildx_tasks.model.result import StepTime

_STEP = re.compile(r"#(\d+) \[(?!internal\])(?:[^\]]*\s)?\d+/\d+\] (?!FROM )")
_CACHED = re.compile(r"#(\d+) CACHED\b")
_EXPORT = re.compile(r"#(\d+) exporting cache\b")
_IMPORT = re.compile(r"#(\d+) importing cache manifest from (\S+)")
_VERTEX = re.compile(r"#(\d+) (\S.*)")
_DONE = re.compile(r"#(\d+) DONE (\d+(?:\.\d+)?)s$")
_CHECK = re.compile(r"(?:\x1b\[[0-9;]*m)? - (?:([A-Z]\w+): )?(.+) \(line (\d+)\)$")
_ERROR = re.compile(r"#(\d+) ERROR: (.*)")


@dataclass(slots=True)
class BuildLog:
    """What a build's output says, fed with output lines.

    FROM is no step, as nothing is run for it. `imports` are the caches that were asked for, and the errors are
    those of cache exports and imports, which do not fail a build. `names` and `times` are those of everything that
    BuildKit numbers, steps or not, and `checks` what its checks say at the end: rule, text and line.
    """

    seen: set[str] = field(default_factory=set)
    cached: set[str] = field(default_factory=set)
    exports: set[str] = field(default_factory=set)
    imports: dict[str, str] = field(default_factory=dict)
    export_error: str = ""
    import_errors: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    checks: list[tuple[str, str, int]] = field(default_factory=list)

    def feed(self, text: str) -> None:
        """Read one or more lines of output."""
        for line in text.splitlines():
            if line.startswith("#"):
                self._line(line)
            elif match := _CHECK.match(line):
                self.checks.append((match[1] or "", match[2], int(match[3])))

    def _line(self, line: str) -> None:
        if match := _VERTEX.match(line):
            self.names.setdefault(match[1], match[2])
        if match := _DONE.match(line):
            self.times[match[1]] = max(float(match[2]), self.times.get(match[1], 0.0))
        if match := _STEP.match(line):
            self.seen.add(match[1])
        elif match := _CACHED.match(line):
            self.cached.add(match[1])
        elif match := _EXPORT.match(line):
            self.exports.add(match[1])
        elif match := _IMPORT.match(line):
            self.imports[match[1]] = match[2]
        elif match := _ERROR.match(line):
            if match[1] in self.exports:
                self.export_error = match[2]
            elif match[1] in self.imports:
                self.import_errors[self.imports[match[1]]] = match[2]

    def readable(self, line: str) -> str:
        """A line that was fed, or what it means when it only looks like a fault: a cache that is not there yet.

        That is how the first build of a branch begins; it costs nothing, and nothing is wrong.
        """
        match = _ERROR.match(line)
        if match and match[1] in self.imports and is_missing(match[2]):
            return f"#{match[1]} this cache does not exist yet\n"
        return line

    @property
    def steps(self) -> int:
        """How many Dockerfile steps were reported."""
        return len(self.seen)

    @property
    def cached_steps(self) -> int:
        """How many of them came from a cache."""
        return len(self.seen & self.cached)

    @property
    def step_times(self) -> tuple[StepTime, ...]:
        """Everything that took a measurable time, in the order in which it began."""
        return tuple(StepTime(name=self.names[number], seconds=took) for number, took in self.times.items() if took)

    @property
    def imported(self) -> tuple[str, ...]:
        """The caches that were read."""
        return tuple(item for item in self.imports.values() if item not in self.import_errors)

    @property
    def has_exported(self) -> bool:
        """Whether every cache export was written to the end."""
        return bool(self.exports) and not self.export_error and self.exports <= self.times.keys()

    def findings(self, file: str, image: str) -> tuple[Finding, ...]:
        """The checks as findings in the Dockerfile that is called `file`."""
        return tuple(
            Finding(message=text, file=file, line=line, path=image, code=rule, severity="warning")
            for rule, text, line in dict.fromkeys(self.checks)
        )


def is_missing(error: str) -> bool:
    """Whether the error of a cache import says that there is no such cache."""
    return error.rstrip().endswith("not found")
