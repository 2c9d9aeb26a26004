"""Go's regular expressions (RE2 syntax), matched in time linear in the text, whatever the pattern.

`compile_regex` is the way in. Parsing follows `regexp/syntax` and matching is leftmost-first as in `regexp`; a
question of yes or no is answered by a lazily built DFA, positions and groups by a Pike VM.
"""

from __future__ import annotations

from buildx_tasks.golang.regex.errors import RegexError, TooMuchWorkError
from buildx_tasks.golang.regex.regex import PathRegexes, Regex, compile_regex

__all__ = ["PathRegexes", "Regex", "RegexError", "TooMuchWorkError", "compile_regex"]
