"""Go's regular expressions as Python ones: what Skaffold matches with, in the dialect we have.

Go's engine has no lookarounds and no backreferences, knows only ASCII for ``\\d``, ``\\w``, ``\\s`` and ``\\b``, lets
``$`` match only at the very end, and takes flags anywhere. Classes become explicit ranges here.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]

_END = sys.maxunicode
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_PERL: dict[str, Ranges] = {"d": ((0x30, 0x39),), "s": ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)), "w": _WORD}
_POSIX: dict[str, Ranges] = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": ((0x30, 0x39),),
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": _WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MAX_REPEAT = 1000
_REPEAT = re.compile(r"[*+?]|\{(\d+)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\(\?(?:P?<(\w+)>|([imsU]*)(-[imsU]+)?([:)]))", re.ASCII)
_CODE = re.compile(r"x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_PROPERTY = re.compile(r"[pP](?:\{(\^?)([A-Za-z]{1,2})\}|([A-Z]))")
_POSIX_NAME = re.compile(r"\[:(\^?)([a-z]+):\]")


@lru_cache(maxsize=256)
def compile_go(pattern: str) -> re.Pattern[str] | None:
    """`pattern` as Go understands it, or None when Go would refuse it."""
    try:
        return re.compile(_Translator(pattern).run())
    except (_RefusedError, re.error, OverflowError, RecursionError):
        return None


class _RefusedError(Exception):
    """The pattern is none for Go, or says something that Python has no words for."""


class _Scope:
    """One open group: its flags, and the flag groups opened inside it, which an alternative must open again."""

    def __init__(self, multiline: bool = False, ungreedy: bool = False) -> None:
        self.multiline = multiline
        self.ungreedy = ungreedy
        self.opened: list[str] = []

    def flags(self) -> tuple[tuple[str, bool], tuple[str, bool]]:
        return ("m", self.multiline), ("U", self.ungreedy)


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.out: list[str] = []
        self.scopes = [_Scope()]
        self.repeatable = False

    def run(self) -> str:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        if len(self.scopes) > 1:
            raise _RefusedError
        return "".join(self.out) + self._closers()

    def _step(self, char: str) -> None:
        if repeat := _REPEAT.match(self.text, self.at):
            self._repeat(repeat)
        elif char == "(":
            self._open()
        elif char == ")":
            if len(self.scopes) == 1:
                raise _RefusedError
            self._emit(self._closers() + ")", 1)
            self.scopes.pop()
        elif char == "|":
            opened = self.scopes[-1].opened
            self._emit(self._closers() + "|" + "".join(opened), 1, repeatable=False)
        elif char == "[":
            self._emit(_class_text(self._class()), 0)
        elif char == "\\":
            self._escape()
        elif char in "^$":
            multiline = self.scopes[-1].multiline
            self._emit(char if multiline else {"^": r"\A", "$": r"\Z"}[char], 1)
        elif char == ".":
            self._emit(".", 1)
        else:
            self._emit(re.escape(char), 1)

    def _emit(self, text: str, length: int, *, repeatable: bool = True) -> None:
        self.out.append(text)
        self.at += length
        self.repeatable = repeatable

    def _closers(self) -> str:
        return ")" * len(self.scopes[-1].opened)

    def _repeat(self, found: re.Match[str]) -> None:
        low, _, high = found.groups()
        counts = [int(count) for count in (low, high) if count]
        if not self.repeatable or any(count > _MAX_REPEAT for count in counts) or counts != sorted(counts):
            raise _RefusedError
        text, length = found[0], len(found[0])
        lazy = self.text.startswith("?", self.at + length)
        if lazy != self.scopes[-1].ungreedy:
            text += "?"
        self._emit(text, length + lazy, repeatable=False)

    def _open(self) -> None:
        outer = self.scopes[-1]
        if not self.text.startswith("(?", self.at):
            self.scopes.append(_Scope(outer.multiline, outer.ungreedy))
            self._emit("(", 1, repeatable=False)
            return
        found = _GROUP.match(self.text, self.at)
        if found is None:
            raise _RefusedError
        name, on, off, end = found.groups()
        if name:
            self.scopes.append(_Scope(outer.multiline, outer.ungreedy))
            self._emit(f"(?P<{name}>", len(found[0]), repeatable=False)
            return
        on, off = on or "", (off or "").lstrip("-")
        multiline, ungreedy = ((flag in on or was) and flag not in off for flag, was in outer.flags())
        inner = _Scope(multiline, ungreedy)
        opening = _flag_group(on.replace("U", ""), off.replace("U", ""))
        if end == ")":
            if not on and not off:
                raise _RefusedError
            outer.multiline, outer.ungreedy = inner.multiline, inner.ungreedy
            outer.opened.append(opening)
        else:
            self.scopes.append(inner)
        self._emit(opening, len(found[0]), repeatable=False)

    def _escape(self) -> None:
        rest = self.text[self.at + 1 :]
        if rest.startswith("Q"):
            literal, _, _ = rest[1:].partition(r"\E")
            ended = rest[1:].startswith(literal + r"\E")
            self._emit(re.escape(literal), len(literal) + 2 + 2 * ended, repeatable=bool(literal) or self.repeatable)
        elif rest[:1] in ("A", "z"):
            self._emit({"A": r"\A", "z": r"\Z"}[rest[0]], 2)
        elif rest[:1] in ("b", "B"):
            self._emit(rf"(?a:\{rest[0]})", 2)
        elif (ranges := self._class_escape()) is not None:
            self._emit(_class_text(ranges), 0)
        else:
            self._emit(re.escape(chr(self._character())), 0)

    def _class_escape(self) -> Ranges | None:
        """The class that a backslash escape at hand stands for, None when it is no class."""
        rest = self.text[self.at + 1 :]
        if rest[:1].lower() in _PERL and rest[:1]:
            self.at += 2
            ranges = _PERL[rest[0].lower()]
            return _complement(ranges) if rest[0].isupper() else ranges
        if found := _PROPERTY.match(rest):
            self.at += 1 + len(found[0])
            ranges = _category(found[2] or found[3])
            return _complement(ranges) if (found[0][0] == "P") != bool(found[1]) else ranges
        return None

    def _character(self) -> int:
        """One character, escaped or plain."""
        char = self.text[self.at : self.at + 1]
        if char != "\\":
            self.at += 1
            return ord(char)
        rest = self.text[self.at + 1 :]
        if rest[:1] in _CONTROLS and rest[:1]:
            self.at += 2
            return ord(_CONTROLS[rest[0]])
        if found := _CODE.match(rest):
            self.at += 1 + len(found[0])
            code = int(found[1] or found[2] or found[3], 8 if found[3] else 16)
            if code > _END:
                raise _RefusedError
            return code
        if not rest or rest[0].isalnum() or not rest[0].isascii():
            raise _RefusedError
        self.at += 2
        return ord(rest[0])

    def _class(self) -> Ranges:
        """A bracket expression; `at` stands behind it afterwards."""
        self.at += 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                raise _RefusedError
            first = False
            ranges.extend(self._class_item())
        self.at += 1
        return _complement(tuple(ranges)) if negated else tuple(ranges)

    def _class_item(self) -> Ranges:
        if found := _POSIX_NAME.match(self.text, self.at):
            if found[2] not in _POSIX:
                raise _RefusedError
            self.at += len(found[0])
            return _complement(_POSIX[found[2]]) if found[1] else _POSIX[found[2]]
        if self.text.startswith("\\", self.at) and (ranges := self._class_escape()) is not None:
            return ranges
        low = high = self._character()
        if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
            self.at += 1
            if self.at >= len(self.text):
                raise _RefusedError
            high = self._character()
        if high < low:
            raise _RefusedError
        return ((low, high),)


def _flag_group(on: str, off: str) -> str:
    flags = "".join(sorted(set(on) - set(off))) + ("-" + "".join(sorted(set(off))) if off else "")
    return f"(?{flags}:"


def _complement(ranges: Ranges) -> Ranges:
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _END:
        gaps.append((start, _END))
    return tuple(gaps)


def _class_text(ranges: Ranges) -> str:
    if not ranges:
        return r"[^\s\S]"
    return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"


@lru_cache(maxsize=16)
def _category(name: str) -> Ranges:
    """A general category such as L or Nd; Go's script names have no table in Python."""
    codes = [code for code in range(_END + 1) if unicodedata.category(chr(code)).startswith(name)]
    if not codes:
        raise _RefusedError
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return tuple(ranges)
