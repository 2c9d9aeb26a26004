"""The regular expressions of template functions, with their failures as those of the function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from buildx_tasks.golang import regex
from buildx_tasks.golang.template.errors import GoError

MAX_PATTERN = 1000


def matched(pattern: str, text: str) -> bool:
    """Whether `text` holds a match. Raises GoError, as all functions here."""
    with _failures(pattern):
        return _compiled(pattern).matches(text)


def first_match(pattern: str, text: str) -> str:
    """The leftmost match, "" when there is none."""
    with _failures(pattern):
        start, end = _compiled(pattern).find(text) or (0, 0)
    return text[start:end]


def find_all(pattern: str, text: str) -> Iterator[str]:
    """The matches one after another, without an empty one right behind another."""
    with _failures(pattern):
        yield from _compiled(pattern).find_all(text)


def replaced(pattern: str, text: str, replacement: str, *, literal: bool) -> Iterator[str]:
    """The pieces of `text` with every match replaced; `$1`, `${name}` and `$$` count unless `literal`."""
    with _failures(pattern):
        yield from _compiled(pattern).replaced(text, replacement, literal=literal)


def _compiled(pattern: str) -> regex.Regex:
    if len(pattern) > MAX_PATTERN:
        raise regex.RegexError(f"longer than {MAX_PATTERN} characters")
    return regex.compile_regex(pattern)


@contextmanager
def _failures(pattern: str) -> Iterator[None]:
    try:
        yield
    except regex.RegexError as error:
        raise GoError(f"wrong regular expression {pattern[:MAX_PATTERN]!a}: {error}") from None
    except regex.TooMuchWorkError:
        raise GoError(f"regular expression {pattern!a} takes too long on a text of this length") from None
