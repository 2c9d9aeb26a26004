"""Searching and replacing with Go's regular expressions, in the order and with the references of Go."""

from __future__ import annotations

import re
from collections.abc import Iterator

from buildx_tasks.golang.regex import compile_go
from buildx_tasks.golang.template.errors import GoError

MAX_PATTERN = 1000
_REFERENCE = re.compile(r"\$(?:(\$)|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")


def compile_regex(pattern: str) -> re.Pattern[str]:
    """The expression, compiled; GoError when Go would refuse it."""
    compiled = compile_go(pattern) if len(pattern) <= MAX_PATTERN else None
    if compiled is None:
        raise GoError(f"wrong regular expression {pattern[:MAX_PATTERN]!a}")
    return compiled


def find_all(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """The matches one after another, leaving out an empty one right behind another, as Go does."""
    end = -1
    for found in compile_regex(pattern).finditer(text):
        if found.end() > found.start() or found.start() != end:
            yield found
        end = found.end()


def replaced(pattern: str, text: str, replacement: str, *, literal: bool) -> Iterator[str]:
    """The pieces of `text` with every match replaced; `$1`, `${name}` and `$$` count unless `literal`."""
    at = 0
    for found in find_all(pattern, text):
        yield text[at : found.start()]
        yield replacement if literal else _expanded(replacement, found)
        at = found.end()
    yield text[at:]


def _expanded(replacement: str, found: re.Match[str]) -> str:
    def group(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        if not name.isdigit():
            return found.groupdict().get(name) or ""
        return (found[int(name)] or "") if len(name) < 5 and int(name) <= len(found.groups()) else ""

    return _REFERENCE.sub(group, replacement)
