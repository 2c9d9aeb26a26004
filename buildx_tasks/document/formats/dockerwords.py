"""Words of Dockerfile instructions: splitting them, and expanding their variables and quotes as BuildKit does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from buildx_tasks.golang.regex import RegexError, TooMuchWorkError

MAX_DEPTH = 20
_NAME = re.compile(r"[0-9]+|[@*#?$!0-]|\w+")
_BLANKS = re.compile(r"\s*")


class BadWordError(ValueError):
    """A word whose quotes or braces do not match, or that asks for a variable that is not set."""


def split_words(text: str, escape: str = "\\") -> list[str]:
    """Words apart by white space, quotes and escapes kept in them; an escape at the very end is dropped."""
    words: list[str] = []
    at = _skip_blanks(text, 0)
    while at < len(text):
        end = word_end(text, at, escape)
        word = text[at:end]
        words.append(word[:-1] if end == len(text) and _ends_escaped(word, escape) else word)
        at = _skip_blanks(text, end)
    return [word for word in words if word]


def expand_word(word: str, variables: Mapping[str, str] | None, escape: str = "\\") -> str:
    """The word without its quotes and escapes, `$name` and `${name…}` replaced; an unknown name is empty.

    With `variables` None, dollar signs are left alone. Raises BadWordError.
    """
    try:
        return _Lexer(word, variables, escape).until("", raw=False)
    except (RegexError, TooMuchWorkError):
        raise BadWordError(f"a pattern in {word[:40]!r}... is too large") from None


def _skip_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def word_end(text: str, at: int, escape: str) -> int:
    """Where the word that begins at `at` ends."""
    quote = ""
    while at < len(text):
        char = text[at]
        if not quote and char.isspace():
            return at
        if char == escape and quote != "'":
            at += 1
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        at += 1
    return len(text)


def _ends_escaped(word: str, escape: str) -> bool:
    return (len(word) - len(word.rstrip(escape))) % 2 == 1


class _Lexer:
    def __init__(self, text: str, variables: Mapping[str, str] | None, escape: str) -> None:
        self.text, self.escape = text, escape
        self.variables = variables or {}
        self.dollar = "" if variables is None else "$"
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def next(self) -> str:
        char = self.peek()
        self.at += 1
        return char

    def until(self, stop: str, *, raw: bool) -> str:
        """Expand up to and past the `stop` character, or all of it; `raw` keeps escapes for a pattern to come."""
        pieces: list[str] = []
        while char := self.peek():
            if char == stop:
                self.at += 1
                return "".join(pieces)
            pieces.append(self.piece(raw=raw))
        if stop:
            raise BadWordError(f"missing {stop!r} in {self.text!r}")
        return "".join(pieces)

    def piece(self, *, raw: bool) -> str:
        char = self.next()
        if char == self.dollar:
            return self.variable()
        if char == "'":
            end = self.text.find("'", self.at)
            if end < 0:
                raise BadWordError(f"missing ' in {self.text!r}")
            quoted, self.at = self.text[self.at : end], end + 1
            return quoted
        if char == '"':
            return "".join(self.quoted(raw=raw))
        if char == self.escape:
            return (char if raw else "") + self.next()
        return char

    def quoted(self, *, raw: bool) -> Iterator[str]:
        """Between double quotes a backslash escapes only `"`, `$` and itself."""
        while char := self.next():
            if char == '"':
                return
            if char == self.dollar:
                yield self.variable()
            elif char == self.escape and self.peek() in ('"', "$", self.escape):
                yield (char if raw else "") + self.next()
            elif char != self.escape or self.peek():
                yield char
        raise BadWordError(f'missing " in {self.text!r}')

    def name(self) -> str:
        found = _NAME.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def variable(self) -> str:
        """What stands for `$name` or `${name}`; the dollar sign has been read."""
        if self.peek() != "{":
            name = self.name()
            return self.variables.get(name, "") if name else "$"
        self.at += 1
        if self.peek() in ("", "{", "}", ":"):
            raise BadWordError(f"bad substitution in {self.text!r}")
        name = self.name()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadWordError(f"{self.text[:40]!r}... is nested more than {MAX_DEPTH} deep")
        value = self.modified(name)
        self.depth -= 1
        return value

    def modified(self, name: str) -> str:
        modifier = self.next()
        value = self.variables.get(name)
        if modifier == "}":
            return value or ""
        if modifier == "/":
            return self.substituted(value or "")
        empty_counts = modifier == ":"
        modifier = self.next() if empty_counts else modifier
        if not modifier or modifier not in "+-?#%":
            raise BadWordError(f"unsupported modifier {modifier!r} in {self.text!r}")
        word = self.until("}", raw=modifier in "#%")
        unset = value is None or (empty_counts and not value)
        if modifier in "#%":
            return _trimmed(value or "", word, modifier)
        if modifier == "?" and unset:
            raise BadWordError(f"{name}: {word or 'is not set'}")
        if modifier == "+":
            return "" if unset else word
        return word if unset and modifier == "-" else value or ""

    def substituted(self, value: str) -> str:
        every = self.peek() == "/"
        self.at += every
        pattern = self.until("/", raw=True)
        new = self.until("}", raw=True)
        from buildx_tasks.golang.regex import compile_regex

        regex = compile_regex("".join(_shell_pattern(pattern, longest=True)))
        if every:
            return "".join(regex.replaced(value, new, literal=True))
        found = regex.find(value)
        return value if found is None else value[: found[0]] + new + value[found[1] :]


def _trimmed(value: str, word: str, modifier: str) -> str:
    """`#` cuts the shortest match at the front, `%` at the end, doubled the longest.

    An end is matched as a front read backwards, as in BuildKit.
    """
    from buildx_tasks.golang.regex import compile_regex

    longest = word.startswith(modifier)
    parts = _shell_pattern(word[longest:], longest=longest)
    if modifier == "#":
        found = compile_regex("^" + "".join(parts)).find(value)
        return value[found[1] :] if found else value
    found = compile_regex("^" + "".join(reversed(parts))).find(value[::-1])
    return value[: len(value) - found[1]] if found else value


def _shell_pattern(pattern: str, *, longest: bool) -> list[str]:
    """`*` and `?` as parts of a Go regular expression; a backslash takes their meaning away."""
    found: list[str] = []
    chars = iter(pattern)
    for char in chars:
        if char == "\\":
            escaped = next(chars, "\\")
            if escaped not in "*?\\}/":
                raise BadWordError(f"invalid escape \\{escaped} in a substitution")
            found.append(re.escape(escaped))
        else:
            found.append({"*": ".*" if longest else ".*?", "?": "."}.get(char) or re.escape(char))
    return found
