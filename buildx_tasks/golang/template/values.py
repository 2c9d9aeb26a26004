"""Go's view of a template's values: what is true, what it is called, how it prints.

A value is None (nil), bool, int, float, str, list, dict with text keys, or an aware datetime.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import TypeAlias

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.timelayout import format_go_time

Value: TypeAlias = object
LIMIT = 1 << 20
"""The longest text, in characters, that a template or a function in it may make."""

NO_VALUE = "<no value>"
SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""What Go takes for white space; Python's own idea includes a few control characters."""
_TIME_LAYOUT = "2006-01-02 15:04:05.999999999 -0700 MST"
_ESCAPES = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\"}


class StringMap(dict[str, str]):
    """A map whose values are all text, so that a missing entry is the empty string and not nil."""


def is_true(value: Value) -> bool:
    """Go's truth: zero, nil and whatever is empty are false."""
    return True if isinstance(value, datetime) else bool(value)


def type_name(value: Value) -> str:
    """What Go calls the type."""
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return "<nil>"


_TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float64"),
    (str, "string"),
    (list, "[]interface {}"),
    (StringMap, "map[string]string"),
    (dict, "map[string]interface {}"),
    (datetime, "time.Time"),
)


def show(value: Value) -> str:
    """``%v``: true, <nil>, [a b], map[k:v]."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, list):
        return f"[{bounded((show(item) for item in value), ' ')}]"
    if isinstance(value, dict):
        return f"map[{bounded((f'{key}:{show(value[key])}' for key in sorted(value)), ' ')}]"
    if isinstance(value, datetime):
        return format_go_time(_TIME_LAYOUT, value, zone_of(value))
    return "<nil>" if value is None else str(value)


def show_float(value: float) -> str:
    """``%v`` of a float: the shortest digits, with an exponent from 1e+06 on and below 1e-04."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    exact = Decimal(repr(value)).as_tuple()
    sign, digits = "-" * exact.sign, "".join(map(str, exact.digits)).lstrip("0")
    if not digits:
        return f"{sign}0"
    point = len(digits) + int(exact.exponent)
    digits = digits.rstrip("0")
    if not -4 < point <= 6:
        rest = f".{digits[1:]}" if digits[1:] else ""
        return f"{sign}{digits[0]}{rest}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole, rest = digits[:point].ljust(point, "0"), digits[point:]
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def zone_of(value: datetime) -> tzinfo:
    """The zone of an aware datetime."""
    return value.tzinfo or UTC


def quote(text: str, mark: str = '"') -> str:
    """A Go literal of `text`."""
    return f"{mark}{''.join(_escaped(char, mark) for char in text)}{mark}"


def _escaped(char: str, mark: str) -> str:
    if char == mark or char in _ESCAPES:
        return "\\" + _ESCAPES.get(char, mark)
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def to_bytes(text: str) -> bytes:
    """The bytes that Go counts and cuts; undecodable bytes of the environment come back as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Text again; a character cut in half becomes U+FFFD."""
    return data.decode("utf-8", "replace")


def bounded(pieces: Iterable[str], separator: str = "") -> str:
    """The pieces as one text; GoError when it would be longer than `LIMIT`."""
    found: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece) + len(separator)
        if size > LIMIT:
            raise GoError(f"the text grows beyond {LIMIT} characters")
        found.append(piece)
    return separator.join(found)


def wrap64(number: int) -> int:
    """The number as Go's int holds it, modulo 2**64."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)
