"""Go's regular expressions (RE2 syntax), matched in time linear in the text, whatever the pattern.

`compile_regex` is the way in. Parsing follows `regexp/syntax` and matching is leftmost-first as in `regexp`; a
question of yes or no is answered by a lazily built DFA, positions and groups by a Pike VM. The engine is imported when
it is first used, since most runs have no pattern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buildx_tasks.golang.regex.errors import RegexError, TooMuchWorkError

if TYPE_CHECKING:
    from buildx_tasks.golang.regex.regex import PathRegexes, Regex, compile_regex

__all__ = ["PathRegexes", "Regex", "RegexError", "TooMuchWorkError", "compile_regex"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from buildx_tasks.golang.regex import regex as engine

    return getattr(engine, name)
