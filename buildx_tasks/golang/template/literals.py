"""Go's literals as values: numbers, characters and quoted text."""

from __future__ import annotations

import math
import re

_INT = re.compile(r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO]?(?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?[0-9])*|0)")
_HEX_FLOAT = re.compile(r"[+-]?0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?[pP][+-]?[0-9]+")
_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"])|(?P<octal>[0-7]{3})|x(?P<hex>[0-9a-fA-F]{2})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))"
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
MAX_INT = (1 << 63) - 1


def parse_number(text: str) -> int | float | None:
    """An int or a float as the spelling says; None when it is neither or too large."""
    try:
        if _INT.fullmatch(text):
            number = _parse_int(text.replace("_", ""))
            return number if -MAX_INT - 1 <= number <= MAX_INT else None
        if _HEX_FLOAT.fullmatch(text):
            return float.fromhex(text.replace("_", ""))
        value = float(text) if re.search("[.eE]", text) else math.nan
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def parse_string(text: str) -> str | None:
    """The content of a quoted or raw literal, delimiters included in `text`; None for a wrong escape."""
    if text[0] == "`":
        return text[1:-1].replace("\r", "")
    return _unescape(text[1:-1], '"')


def parse_char(text: str) -> int | None:
    """The code of a character literal; None when it does not hold exactly one."""
    content = _unescape(text[1:-1], "'")
    return ord(content) if content is not None and len(content) == 1 else None


def _parse_int(text: str) -> int:
    bare = text.lstrip("+-")
    if len(bare) > 1 and bare[0] == "0" and bare[1].isdigit():
        return int(text, 8)
    return int(text, 0)


def _unescape(text: str, mark: str) -> str | None:
    pieces: list[bytes] = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            end = text.find("\\", at)
            end = len(text) if end < 0 else end
            pieces.append(text[at:end].encode("utf-8", "surrogatepass"))
            at = end
            continue
        found = _ESCAPE.match(text, at)
        piece = _escaped(found, mark) if found else None
        if found is None or piece is None:
            return None
        pieces.append(piece)
        at = found.end()
    return b"".join(pieces).decode("utf-8", "replace")


def _escaped(found: re.Match[str], mark: str) -> bytes | None:
    if (simple := found["simple"]) is not None:
        return None if simple in "'\"" and simple != mark else _SIMPLE.get(simple, simple).encode()
    if (byte := found["octal"]) is not None:
        return bytes([int(byte, 8)]) if int(byte, 8) < 256 else None
    if (byte := found["hex"]) is not None:
        return bytes([int(byte, 16)])
    code = int(found["short"] or found["long"], 16)
    return None if code > 0x10FFFF or 0xD800 <= code < 0xE000 else chr(code).encode()
