"""A template's text as tokens: Go's delimiters, trim markers, comments, words and literals."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from buildx_tasks.golang.template.errors import TemplateError

BLANKS = " \t\r\n"
KEYWORDS = frozenset(("if", "else", "end", "with", "range", "break", "continue", "nil", "define", "template", "block"))

_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?)"
    r"(?:[eEpP][+-]?[0-9_]*)?i?"
)
_WORD = re.compile(r"\w*")
_SPACE = re.compile(rf"[{BLANKS}]+")
_LITERALS = {
    '"': (re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'), "string", "unterminated quoted string"),
    "'": (re.compile(r"'(?:[^'\\\n]|\\[^\n])*'"), "char", "unterminated character constant"),
    "`": (re.compile(r"`[^`]*`"), "string", "unterminated raw quoted string"),
}


class Token(NamedTuple):
    """A piece of the template.

    `kind` is text, open, close, space, function, field, variable, dot, number, char, string, bool, end of text (`eof`),
    or the text itself: a keyword, ``:=`` or a single character.
    """

    kind: str
    text: str
    at: int


def tokenize(template: str) -> Iterator[Token]:
    """Give the tokens one by one, so that a parser meets its own mistakes first; the last one is `eof`.

    Raises TemplateError where no token can begin or end.
    """
    at, trim = 0, False
    while (start := template.find("{{", at)) >= 0:
        inner = start + 2
        trim_left = template[inner : inner + 1] == "-" and template[inner + 1 : inner + 2] in tuple(BLANKS)
        inner += 2 if trim_left else 0
        yield from _text(template, at, start, trim, trim_left)
        if template.startswith("/*", inner):
            at, trim = _comment(template, inner)
        else:
            yield Token("open", "{{", start)
            at, trim = yield from _action(template, inner)
    yield from _text(template, at, len(template), trim, False)
    yield Token("eof", "", len(template))


def _text(template: str, at: int, end: int, trim: bool, trim_left: bool) -> Iterator[Token]:
    text = template[at:end]
    if trim:
        text = text.lstrip(BLANKS)
    at = end - len(text)
    text = text.rstrip(BLANKS) if trim_left else text
    if text:
        yield Token("text", text, at)


def _comment(template: str, at: int) -> tuple[int, bool]:
    end = template.find("*/", at + 2)
    if end < 0:
        raise TemplateError(template, at, "unclosed comment")
    closing = _closing(template, end + 2)
    if closing is None:
        raise TemplateError(template, end + 2, "comment ends before closing delimiter")
    return closing


def _closing(template: str, at: int) -> tuple[int, bool] | None:
    """Where the action that closes at `at` ends, and whether it trims what follows."""
    if template.startswith("}}", at):
        return at + 2, False
    if template[at : at + 1] in tuple(BLANKS) and template.startswith("-}}", at + 1):
        return at + 4, True
    return None


def _action(template: str, at: int) -> Generator[Token, None, tuple[int, bool]]:
    """The tokens between the delimiters and the closing one."""
    parens = 0
    while (closing := _closing(template, at)) is None:
        if at >= len(template):
            raise TemplateError(template, at, "unclosed action")
        token = _token(template, at)
        parens += {"(": 1, ")": -1}.get(token.kind, 0)
        if parens < 0:
            raise TemplateError(template, at, "unexpected right paren")
        at += len(token.text)
        yield token
    if parens:
        raise TemplateError(template, at, "unclosed left paren")
    yield Token("close", "}}", at)
    return closing


def _token(template: str, at: int) -> Token:
    char = template[at]
    if char in BLANKS:
        return _space(template, at)
    if char in _LITERALS:
        return _literal(template, at)
    if char == ":":
        if not template.startswith(":=", at):
            raise TemplateError(template, at, "expected :=")
        return Token(":=", ":=", at)
    if char in "+-0123456789" or (char == "." and template[at + 1 : at + 2].isdigit()):
        return _number(template, at)
    if char in ".$" or char == "_" or char.isalnum():
        return _name(template, at)
    if " " < char < "\x7f":
        return Token(char, char, at)
    raise TemplateError(template, at, f"unrecognized character in action: U+{ord(char):04X}")


def _space(template: str, at: int) -> Token:
    end = at + len(_matched(_SPACE, template, at))
    if template.startswith("-}}", end):  # the last blank belongs to the trim marker
        end -= 1
    return Token("space", template[at:end], at)


def _literal(template: str, at: int) -> Token:
    pattern, kind, problem = _LITERALS[template[at]]
    text = _matched(pattern, template, at)
    if not text:
        raise TemplateError(template, at, problem)
    return Token(kind, text, at)


def _number(template: str, at: int) -> Token:
    text = _matched(_NUMBER, template, at)
    rest = template[at + len(text) : at + len(text) + 1]
    if not text or rest == "_" or rest.isalnum():
        raise TemplateError(template, at, f"bad number syntax: {text + rest!a}")
    if rest in ("+", "-") or text.endswith("i"):
        raise TemplateError(template, at, "complex numbers are not supported")
    return Token("number", text, at)


def _name(template: str, at: int) -> Token:
    sigil = template[at] if template[at] in ".$" else ""
    text = sigil + _matched(_WORD, template, at + len(sigil))
    end = at + len(text)
    rest = template[end : end + 1]
    if rest and rest not in BLANKS + ".,|:)(" and not template.startswith("}}", end):
        raise TemplateError(template, end, f"bad character U+{ord(rest):04X} {rest!a}")
    if sigil:
        return Token("variable" if sigil == "$" else "field" if text != "." else "dot", text, at)
    if text in KEYWORDS:
        return Token(text, text, at)
    return Token("bool" if text in ("true", "false") else "function", text, at)


def _matched(pattern: re.Pattern[str], template: str, at: int) -> str:
    found = pattern.match(template, at)
    return found[0] if found else ""
