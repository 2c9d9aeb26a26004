"""What a backslash and a bracket expression mean: single characters and classes, as in Go's `regexp/syntax`."""

from __future__ import annotations

import re
import sys

from buildx_tasks.golang.regex.errors import RegexError
from buildx_tasks.golang.regex.ranges import Ranges, complement, folded, union
from buildx_tasks.golang.regex.unicode import unicode_table

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
_CODE = re.compile(r"x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|(0[0-7]{0,2}|[1-7][0-7]{1,2})")


def read_character(text: str, at: int) -> tuple[int, int]:
    """The code point of one character, escaped or plain, and where the text goes on. RegexError."""
    if at >= len(text):
        raise RegexError(f"missing closing ]: {text}")
    if text[at] != "\\":
        return ord(text[at]), at + 1
    if at + 1 >= len(text):
        raise RegexError("trailing backslash at end of expression")
    char = text[at + 1]
    if char in _CONTROLS:
        return ord(_CONTROLS[char]), at + 2
    if found := _CODE.match(text, at + 1):
        digits = (found[1] or found[2] or found[3]).lstrip("0")
        code = int(digits or "0", 8 if found[3] else 16) if len(digits) <= 8 else sys.maxunicode + 1
        if code <= sys.maxunicode:
            return code, found.end()
    elif char.isascii() and not char.isalnum():
        return ord(char), at + 2
    raise RegexError(f"invalid escape sequence: \\{char}")


def read_class_escape(text: str, at: int, *, fold: bool) -> tuple[Ranges, int] | None:
    r"""The class that an escape such as ``\d`` or ``\pL`` stands for and its end; None for others. RegexError."""
    name = text[at + 1 : at + 2]
    if text[at] != "\\" or not name:
        return None
    if name in "dswDSW":
        return _signed(_PERL[name.lower()], fold, negated=name.isupper()), at + 2
    return _read_property(text, at, fold) if name in "pP" else None


def _read_property(text: str, at: int, fold: bool) -> tuple[Ranges, int]:
    end = at + 3
    name = text[at + 2 : end]
    if name == "{":
        end = text.find("}", at) + 1
        name = text[at + 3 : end - 1] if end else ""
    inverted = name.startswith("^")
    table = unicode_table(name[inverted:])
    if table is None:
        raise RegexError(f"invalid character class range: {text[at : end or len(text)]}")
    return _signed(table, fold, negated=(text[at + 1] == "P") != inverted), end


def read_class(text: str, at: int, *, fold: bool) -> tuple[Ranges, int]:
    """The bracket expression whose ``[`` is at `at`, and where the text goes on. RegexError."""
    start = at
    at += 1
    negated = text.startswith("^", at)
    at += negated
    found: list[Ranges] = []
    while not found or not text.startswith("]", at):
        if at >= len(text):
            raise RegexError(f"missing closing ]: {text[start:]}")
        ranges, at = _read_item(text, at, fold)
        found.append(ranges)
    together = union(*found)
    return complement(together) if negated else together, at + 1


def _read_item(text: str, at: int, fold: bool) -> tuple[Ranges, int]:
    if text.startswith("[:", at) and (end := text.find(":]", at + 2)) >= 0:
        name = text[at + 2 : end]
        negated = name.startswith("^")
        if name[negated:] not in _POSIX:
            raise RegexError(f"invalid character class range: {text[at : end + 2]}")
        return _signed(_POSIX[name[negated:]], fold, negated=negated), end + 2
    if found := read_class_escape(text, at, fold=fold):
        return found
    start = at
    low, at = read_character(text, at)
    high = low
    if text.startswith("-", at) and at + 1 < len(text) and text[at + 1] != "]":
        high, at = read_character(text, at + 1)
    if high < low:
        raise RegexError(f"invalid character class range: {text[start:at]}")
    return _signed(((low, high),), fold, negated=False), at


def _signed(ranges: Ranges, fold: bool, *, negated: bool) -> Ranges:
    ranges = folded(ranges) if fold else ranges
    return complement(ranges) if negated else ranges
