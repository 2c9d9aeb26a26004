"""The patterns that configs match kube-contexts, commands and variables with."""

from __future__ import annotations


def matches(pattern: str, value: str) -> bool:
    """Whether `value` equals `pattern` or holds a match of it as a Go regular expression; a leading ``!`` negates.

    As in Skaffold: the expression is searched anywhere in the value, so an empty pattern matches everything,
    and one that is no valid expression matches by equality alone.
    """
    if pattern.startswith("!"):
        return not _matches(pattern[1:], value)
    return _matches(pattern, value)


def _matches(pattern: str, value: str) -> bool:
    if pattern == value:
        return True
    from buildx_tasks.golang.regex import compile_go

    regex = compile_go(pattern)
    return regex is not None and regex.search(value) is not None
