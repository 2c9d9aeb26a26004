"""`.dockerignore` files: which paths of a context docker leaves out, by docker's own rules, fast for many paths.

The rules are those of `github.com/moby/patternmatcher`, which Skaffold, BuildKit and docker use: a pattern becomes a Go
regular expression in which ``|``, ``{``, ``}`` and ``^`` keep the meaning that they have there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.globs import BadPatternError, check_glob
from buildx_tasks.golang.regex import RegexError, TooMuchWorkError

if TYPE_CHECKING:
    from buildx_tasks.golang.regex import PathRegexes

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """Patterns in order, the last match wins.

    `runs` are neighbours of the same kind as one matcher, each with whether it takes paths back in (`!`);
    `exceptions` are the patterns that do, as text.
    """

    runs: tuple[tuple[bool, PathRegexes], ...] = ()
    exceptions: tuple[str, ...] = ()

    def ignores(self, path: str) -> bool:
        """Whether `path`, relative to the context and with `/` between names, is left out, itself or with a parent.

        Takes time linear in the length of the path. Raises CannotStart when the patterns are too large for it.
        """
        ignored = False
        try:
            for takes_back, expressions in self.runs:
                if takes_back == ignored and expressions.matches(path):
                    ignored = not ignored
        except TooMuchWorkError:
            raise CannotStart(f"the ignore patterns are too large to match {path[:120]!r}") from None
        return ignored

    def prunes(self, directory: str) -> bool:
        """Whether an ignored `directory` need not be entered: no exception begins with its path.

        Docker compares the text of the patterns, so `!**/x` protects no directory.
        """
        return not any(f"{pattern}/".startswith(f"{directory}/") for pattern in self.exceptions)


def parse_dockerignore(text: str, file: str = ".dockerignore") -> IgnoreRules:
    """Read the lines of an ignore file; raises CannotStart with file and line for every pattern that is rejected."""
    lines = enumerate(text.removeprefix("\ufeff").split("\n"), start=1)
    return _rules((f"{file}:{number}: ", _from_line(line)) for number, line in lines if not line.startswith("#"))


def ignore_rules(patterns: Iterable[str]) -> IgnoreRules:
    """The rules of patterns that are part of a config; raises CannotStart."""
    return _rules((f"ignore pattern {pattern!r}: ", pattern) for pattern in patterns)


def clean(path: str) -> str:
    """The shortest spelling of a path, as Go's filepath.Clean gives it."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _from_line(line: str) -> str:
    """The pattern of one line: a leading slash means the context, as nothing does."""
    pattern = line.strip()
    takes_back = "!" if pattern.startswith("!") else ""
    pattern = pattern[len(takes_back) :].strip()
    if pattern:
        pattern = clean(pattern)
        pattern = pattern[1:] if len(pattern) > 1 and pattern.startswith("/") else pattern
    return takes_back + pattern


def _rules(patterns: Iterable[tuple[str, str]]) -> IgnoreRules:
    """The rules of patterns, each with the words that a complaint about it begins with."""
    found: list[tuple[bool, str, str]] = []
    problems: list[str] = []
    for where, text in patterns:
        if not (pattern := text.strip()):
            continue
        pattern = clean(pattern)
        takes_back = pattern.startswith("!")
        pattern = pattern[takes_back:]
        try:
            found.append((takes_back, pattern, _expression(pattern)))
        except (BadPatternError, RegexError) as error:
            problems.append(f"{where}{error}")
    if problems:
        raise CannotStart("\n".join(problems), "docker rejects the pattern as well")
    if not found:
        return IgnoreRules()
    from buildx_tasks.golang.regex import PathRegexes

    runs = groupby(found, key=lambda entry: entry[0])
    return IgnoreRules(
        tuple((takes_back, PathRegexes(expression for *_, expression in run)) for takes_back, run in runs),
        tuple(pattern for takes_back, pattern, _ in found if takes_back),
    )


def _expression(pattern: str) -> str:
    """The regular expression for a pattern, which matches whole paths. Raises BadPatternError and RegexError."""
    if not pattern:
        raise BadPatternError("an exception needs a pattern after the !")
    check_glob(pattern)
    pattern = _SURROGATE.sub("\ufffd", pattern)
    plain = not any(char in pattern for char in "?\\[]")
    start, end = pattern.removeprefix("**"), pattern.removesuffix("**")
    if plain and "*" not in pattern:
        return f"^{re.escape(pattern)}$"
    if plain and pattern != start and "*" not in start:
        return f"^(?s:.*/)?{re.escape(start[1:])}$" if start.startswith("/") else f"(?s)^.*{re.escape(start)}$"
    if plain and pattern != end and "*" not in end:
        return f"^{re.escape(end)}"
    from buildx_tasks.golang.regex import compile_regex

    expression = "^" + "".join(_translated(pattern)) + "$"
    compile_regex(expression)
    return expression


def _translated(pattern: str) -> Iterable[str]:
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and pattern.startswith("*", at):
            at += 2 if pattern.startswith("/", at + 1) else 1
            yield "(.*/)?" if at < len(pattern) else ".*"
        elif char == "\\":
            yield char + pattern[at : at + 1]
            at += 1
        else:
            yield {"*": "[^/]*", "?": "[^/]"}.get(char) or (f"\\{char}" if char in ".+()$" else char)
