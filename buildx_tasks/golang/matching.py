"""The patterns that configs match kube-contexts, commands and variables with."""

from __future__ import annotations

from buildx_tasks.errors import CannotStart

SHOWN = 120


def matches(pattern: str, value: str) -> bool:
    """Whether `value` equals `pattern` or holds a match of it as a Go regular expression; a leading ``!`` negates.

    As in Skaffold: the expression is searched anywhere in the value, so an empty pattern matches everything,
    and one that is not a valid expression matches by equality alone. Raises CannotStart when matching takes too long.
    """
    if pattern.startswith("!"):
        return not _matches(pattern[1:], value)
    return _matches(pattern, value)


def _matches(pattern: str, value: str) -> bool:
    if pattern == value:
        return True
    from buildx_tasks.golang.regex import RegexError, TooMuchWorkError, compile_regex

    try:
        return compile_regex(pattern).matches(value)
    except RegexError:
        return False
    except TooMuchWorkError:
        message = f"pattern {pattern[:SHOWN]!r} is too large for a value of {len(value)} characters"
        raise CannotStart(message, "write a smaller pattern") from None
