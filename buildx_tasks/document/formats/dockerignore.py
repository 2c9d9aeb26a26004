"""`.dockerignore` files: which paths of a context docker leaves out, by docker's own rules, fast for many paths."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.globs import BadPatternError, glob_parts, has_magic

_ANYTHING = "(?s:.*)"


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """Patterns in order, the last match wins.

    `runs` are neighbours of the same kind as one expression, each with whether it takes paths back in (`!`);
    `exceptions` are the patterns that do, as text.
    """

    runs: tuple[tuple[bool, re.Pattern[str]], ...] = ()
    exceptions: tuple[str, ...] = ()

    def ignores(self, path: str) -> bool:
        """Whether `path`, relative to the context and with `/` between names, is left out, itself or with a parent."""
        ignored = False
        for takes_back, expression in self.runs:
            if takes_back == ignored and expression.match(path):
                ignored = not ignored
        return ignored

    def prunes(self, directory: str) -> bool:
        """Whether an ignored `directory` need not be entered: no exception begins with its path.

        Docker compares the text of the patterns, so `!**/x` protects no directory.
        """
        return not any(f"{pattern}/".startswith(f"{directory}/") for pattern in self.exceptions)


def parse_dockerignore(text: str, file: str = ".dockerignore") -> IgnoreRules:
    """Read the lines of an ignore file; raises CannotStart with file and line for a pattern that is none."""
    patterns: list[tuple[bool, str]] = []
    problems: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        pattern = line.strip()
        if line.startswith("#") or not pattern:
            continue
        takes_back = pattern.startswith("!")
        pattern = clean(pattern[takes_back:].strip()) if pattern[takes_back:].strip() else ""
        pattern = pattern[1:] if len(pattern) > 1 and pattern.startswith("/") else pattern
        try:
            _expression(pattern)
        except BadPatternError as error:
            problems.append(f"{file}:{number}: {error}")
        patterns.append((takes_back, pattern))
    if problems:
        raise CannotStart("\n".join(problems), "docker refuses the file as well")
    return _rules(patterns)


def ignore_rules(patterns: Iterable[str]) -> IgnoreRules:
    """The rules of patterns that stand in a config."""
    return parse_dockerignore("\n".join(pattern.replace("\n", "") for pattern in patterns), "ignore")


def clean(path: str) -> str:
    """The shortest spelling of a path, as Go's filepath.Clean gives it."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _rules(patterns: list[tuple[bool, str]]) -> IgnoreRules:
    runs = tuple(
        (takes_back, re.compile(f"(?:{'|'.join(_expression(pattern) for _, pattern in group)})(?:/|\\Z)", re.ASCII))
        for takes_back, group in groupby(patterns, key=lambda entry: entry[0])
    )
    return IgnoreRules(runs, tuple(pattern for takes_back, pattern in patterns if takes_back))


def _expression(pattern: str) -> str:
    """What the pattern matches from the beginning of a path to the end of one of its names.

    A doubled star crosses names: `**/` is any number of folders, `**` at the end is everything, and a pattern of
    `**` and plain text is about how the path ends.
    """
    if not pattern:
        raise BadPatternError("an exception needs a pattern after the !")
    parts = list(glob_parts(pattern))
    found: list[str] = []
    at = 0
    while at < len(parts):
        text, expression = parts[at]
        at += 1
        if text == "*" and at < len(parts) and parts[at][0] == "*":
            rest = parts[at + 1 :]
            slash = bool(rest) and rest[0][0] == "/"
            at += 1 + slash
            plain = not any(has_magic(part) or part == "]" for part, _ in rest)
            ending = not found and plain and not slash
            expression = _ANYTHING if not rest[slash:] or ending else f"(?:{_ANYTHING}/)?"
        found.append(expression)
    return "".join(found)
