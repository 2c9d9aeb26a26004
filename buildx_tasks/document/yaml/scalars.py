"""Plain scalars to values the way Skaffold's YAML library reads them: YAML 1.2 booleans, old octals, dates.

Skaffold decodes a file to a generic map and writes it again before it reads it into its types, so a string
field sees ``1.10`` as "1.1", ``010`` as "8" and ``2020-01-02`` as a full timestamp; `as_text` gives that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUES = frozenset(("true", "True", "TRUE"))
FALSES = frozenset(("false", "False", "FALSE"))
BOOL_WORDS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
"""YAML 1.1 words: text for a generic value, yet accepted (quoted or not) where a boolean is wanted."""

_INT = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = {".inf": "+Inf", "+.inf": "+Inf", "-.inf": "-Inf", ".nan": "NaN"}
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}$")
_STAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?"
    r"[ \t]*(Z|[-+]\d{1,2}(?::?\d{2})?)?$"
)


def plain_value(text: str, style: str = "", tag: str | None = None) -> str | int | float | bool | None:
    """The value of one scalar: `text` as written (already unquoted), its `style` and explicit `tag`."""
    if tag is not None:
        return _tagged(text, tag)
    if style:
        return text
    if text in NULLS:
        return None
    if text in TRUES:
        return True
    if text in FALSES:
        return False
    first = text[0]
    if first.isdigit() or first in "+-.":
        return _number_or_date(text)
    return text


def _tagged(text: str, tag: str) -> str | int | float | bool | None:
    kind = tag.removeprefix("tag:yaml.org,2002:").removeprefix("!!")
    if kind in ("int", "float", "bool", "null"):
        return plain_value(text)
    return text


def _number_or_date(text: str) -> str | int | float:
    if _INT.match(text):
        try:
            return _integer(text)
        except ValueError:
            return text
    if _FLOAT.match(text) and any(char.isdigit() for char in text):
        value = float(text.replace("_", ""))
        return value if abs(value) != float("inf") else text
    if text.lower() in _SPECIAL:
        return float(_SPECIAL[text.lower()])
    if text[0].isdigit() and (stamp := _timestamp(text)) is not None:
        return stamp
    return text


def _integer(text: str) -> int:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").replace("_", "")
    if digits[:2] in ("0x", "0b", "0o"):
        return sign * _bounded(int(digits, 0))
    if digits[0] == "0" and len(digits) > 1:
        return sign * _bounded(int(digits, 8))
    return sign * int(digits)


def _bounded(value: int) -> int:
    """A number that is not written in tens and has more than 64 bits is text; one in tens would be a fraction."""
    if value >= 2**64:
        raise ValueError("more than 64 bits")
    return value


def _timestamp(text: str) -> str | None:
    try:
        if _DATE.match(text):
            year, month, day = (int(part) for part in text.split("-"))
            return datetime(year, month, day).strftime("%Y-%m-%dT00:00:00Z")
        if (match := _STAMP.match(text)) is None:
            return None
        *numbers, fraction, zone = match.groups()
        moment = datetime(*(int(part) for part in numbers), tzinfo=_zone(zone))  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    digits = (fraction or "").rstrip("0").rstrip(".")
    offset = moment.strftime("%z")
    suffix = "Z" if offset in ("+0000", "") else f"{offset[:3]}:{offset[3:]}"
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}{digits}{suffix}"


def _zone(text: str | None) -> timezone:
    if text in (None, "Z", ""):
        return UTC
    assert text is not None
    hours, minutes = int(text[1:3].rstrip(":")), int(text[-2:]) if len(text) > 3 else 0
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)


def as_text(value: object) -> str:
    """A scalar value as a string field sees it: Go's spelling of booleans and numbers, "" for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    return str(value)


def _float_text(value: float) -> str:
    """Shortest form with an exponent below 1e-4 and from 1e21 on, as Go's %v prints a float64."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[repr(value)]
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)
