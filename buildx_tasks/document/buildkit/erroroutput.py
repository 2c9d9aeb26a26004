"""How a failed build's output ends, as a value: docker's own words, the step that failed, its log, its source.

What a program in a RUN step prints must never be taken for docker's own words, so the two are told apart here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from buildx_tasks.model.command import without_colour

LOG_LINES = 20
SOURCE_LINES = 20

_ERROR = "ERROR: "
_VERTEX_NAME = re.compile(r"#(\d+) (\[.*)")
_VERTEX_LOG = re.compile(r"#(\d+) \d+\.\d+ (.*)")
_VERTEX_ERROR = re.compile(r"#(\d+) ERROR: (.*)")
_BLOCK_LOG = re.compile(r"\d+\.\d+ (.*)")
_PLACE = re.compile(r"(\S.*:\d+)$")
_RULE = "-" * 20
_BLOCK_EDGE = "------"
_BLOCK_HEAD = " > "
_CACHE_BLOCKS = (" > importing cache manifest from ", " > exporting cache to ")
_WRAPPERS = ("failed to build: ", "failed to solve: ")
_EXPORTS = ("exporting ", "pushing ")
_ATTEMPT = "error: "
_ADVICE = re.compile(r"(See|Run) '|Usage: ")
_LEGACY_STEP = re.compile(r"Step \d+/\d+ : (.*)")
_LEGACY_NOISE = re.compile(r" ?---> |Removing intermediate container ")


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorOutput:
    """The end of a failed build's output.

    `error` is what docker itself says, maybe in several lines; `step` names the step that failed and `log` is
    the end of what it printed; `place` is ``Dockerfile:3`` and `source` the lines around it as docker shows
    them. `file` is that Dockerfile's absolute path, where somebody knows it. Everything but `error` may be empty.
    """

    error: str
    step: str = ""
    log: tuple[str, ...] = ()
    place: str = ""
    source: tuple[str, ...] = ()
    file: str = ""

    @property
    def message(self) -> str:
        """`error` in one line."""
        return next((line.strip() for line in self.error.splitlines() if line.strip()), "")

    @property
    def words(self) -> str:
        """`error`, and of a push or a cache export what its last attempt was answered.

        BuildKit 0.25 sums a registry's refusal up in a word (``failed to push …: unavailable``); status and address
        are in the log of its attempts.
        """
        answers = [at for at, line in enumerate(self.log) if line.startswith(_ATTEMPT)]
        if not answers or not self.step.startswith(_EXPORTS):
            return self.error
        return "\n".join((self.error, *self.log[answers[-1] :]))


def read_error_output(output: str) -> ErrorOutput:
    """Read the end of the output of docker buildx build, docker build or docker push, plain or from a terminal."""
    lines = [line.rstrip() for line in without_colour(output).split("\n")]
    if _is_legacy(lines):
        return _legacy(lines)
    at = max((at for at, line in enumerate(lines) if line.startswith(_ERROR)), default=-1)
    if at < 0:
        return ErrorOutput(error=_last_words([line for line in lines if line]))
    error = "\n".join(lines[at:]).strip().removeprefix(_ERROR)
    for wrapper in _WRAPPERS:
        error = error.removeprefix(wrapper)
    step, log = _failed_step(lines[:at], error)
    place, source = _source(lines[:at])
    return ErrorOutput(error=error, step=step, log=log, place=place, source=source)


class HoldBack:
    """Passes plain BuildKit output on, but keeps what docker closes with, from the first block of a failed step on.

    So it can be shown once, at the very end, instead of in the middle of other builds.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write
        self.kept: list[str] = []

    def feed(self, line: str) -> None:
        """Take one line with its end."""
        if not self.kept and line.rstrip() != _BLOCK_EDGE:
            self.write(line)
            return
        self.kept.append(line)
        if len(self.kept) == 2 and not line.startswith(_BLOCK_HEAD):
            self.release()

    def release(self) -> None:
        """Pass on what was kept: it was no failure's end."""
        for line in self.kept:
            self.write(line)
        self.kept = []

    def end_well(self) -> None:
        """Pass on what was kept of a build that succeeded, but the blocks of caches, which have words of their own."""
        kept, self.kept = self.kept, []
        edges = [at for at, line in enumerate(kept) if line.rstrip() == _BLOCK_EDGE]
        at = 0
        while at < len(kept):
            if at in edges and "".join(kept[at + 1 : at + 2]).startswith(_CACHE_BLOCKS):
                # Every block has two edges of its own, unless the next one begins at the edge that ends it.
                end = next((edge for edge in edges if edge > at), len(kept))
                at = end if "".join(kept[end + 1 : end + 2]).startswith(_BLOCK_HEAD) else end + 1
            else:
                self.kept.append(kept[at])
                at += 1
        self.release()


def _last_words(said: list[str]) -> str:
    """The last line with what follows it of advice to read the manual: a program without the word ERROR ended so."""
    telling = [at for at, line in enumerate(said) if not _ADVICE.match(line)]
    return "\n".join(said[telling[-1] :] if telling else said[-1:])


def _is_legacy(lines: list[str]) -> bool:
    """Whether this is docker's builder from before BuildKit, whose output has no frame around a step's own."""
    framed = any(line.startswith(("#0 ", "#1 ", "[+] Building")) for line in lines)
    return not framed and any(_LEGACY_STEP.match(line) for line in lines)


def _legacy(lines: list[str]) -> ErrorOutput:
    said = [line for line in lines if line]
    last = max(at for at, line in enumerate(said) if _LEGACY_STEP.match(line))
    step = _LEGACY_STEP.match(said[last])
    log = [line for line in said[last + 1 : -1] if not _LEGACY_NOISE.match(line)]
    return ErrorOutput(error=said[-1], step=step[1] if step else "", log=tuple(log[-LOG_LINES:]))


def _failed_step(lines: list[str], error: str) -> tuple[str, tuple[str, ...]]:
    """The step that ended the build, and the last lines it printed.

    Several steps can have an error, as a cache that was not there is one; the build's is part of its last words.
    """
    names: dict[str, str] = {}
    logs: dict[str, deque[str]] = {}
    failed = ""
    for line in lines:
        if match := _VERTEX_LOG.match(line):
            logs.setdefault(match[1], deque(maxlen=LOG_LINES)).append(_last_written(match[2]))
        elif match := _VERTEX_ERROR.match(line):
            failed = match[1] if match[2] in error or error in match[2] else failed
        elif match := _VERTEX_NAME.match(line):
            names.setdefault(match[1], match[2])
    name, log = _closing_block(lines)
    return names.get(failed, name), tuple(logs.get(failed, log))


def _closing_block(lines: list[str]) -> tuple[str, tuple[str, ...]]:
    """The last of the blocks that docker closes with, one for each step with an error: all a terminal leaves."""
    starts = [
        at + 1
        for at, line in enumerate(lines[:-1])
        if line == _BLOCK_EDGE and lines[at + 1].startswith(_BLOCK_HEAD) and lines[at + 1].endswith(":")
    ]
    if not starts:
        return "", ()
    log: deque[str] = deque(maxlen=LOG_LINES)
    for line in lines[starts[-1] + 1 :]:
        if line == _BLOCK_EDGE:
            break
        match = _BLOCK_LOG.match(line)
        log.append(_last_written(match[1] if match else line))
    return lines[starts[-1]].removeprefix(_BLOCK_HEAD).removesuffix(":"), tuple(log)


def _source(lines: list[str]) -> tuple[str, tuple[str, ...]]:
    """The excerpt of the Dockerfile: after a line ``Dockerfile:3``, between two rules of twenty dashes."""
    rules = [at for at, line in enumerate(lines) if line == _RULE]
    if len(rules) < 2 or rules[-2] == 0:
        return "", ()
    first, last = rules[-2], rules[-1]
    place = _PLACE.match(lines[first - 1])
    return (place[1] if place else ""), tuple(lines[first + 1 : last][:SOURCE_LINES])


def _last_written(text: str) -> str:
    """What a terminal would show of a line that was written over: a progress bar's last state."""
    return text.rsplit("\r", maxsplit=1)[-1]
