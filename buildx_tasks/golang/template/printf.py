"""Go's fmt: ``print``, ``println`` and ``printf`` with its verbs, flags and messages about misuse."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.values import Value, bounded, quote, show, show_float, to_bytes, type_name

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>[0-9]+|\*)?(?:\.(?P<precision>[0-9]+|\*)?)?(?P<verb>.)?", re.DOTALL)
_TOO_WIDE = 1_000_000


@dataclass(frozen=True, slots=True)
class _Spec:
    verb: str
    flags: str
    width: int
    precision: int | None


def sprint(values: Sequence[Value]) -> str:
    """The values side by side; a space between two of which neither is text."""
    pieces: list[str] = []
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            pieces.append(" ")
        pieces.append(show(value))
    return bounded(pieces)


def sprintln(values: Sequence[Value]) -> str:
    """The values with a space between and a line end after them."""
    return bounded((show(value) for value in values), " ") + "\n"


def sprintf(layout: str, values: Sequence[Value]) -> str:
    """`layout` with its verbs replaced; wrong verbs and counts show up in the text, as in Go."""
    return bounded(_pieces(layout, values))


def _pieces(layout: str, values: Sequence[Value]) -> Iterator[str]:
    at, used = 0, 0
    for found in _VERB.finditer(layout):
        yield layout[at : found.start()]
        at = found.end()
        if found["verb"] == "[" or found["verb"] is None:
            yield _unusable(found)
            continue
        numbers: list[int | None] = []
        for given in (found["width"], found["precision"]):
            numbers.append(_number(given, values, used))
            used += given == "*"
        precision = numbers[1] if numbers[1] is not None or not _has_point(found[0]) else 0
        spec = _spec(found, numbers[0], precision)
        if spec.verb == "%":
            yield "%"
        elif used >= len(values):
            yield f"%!{spec.verb}(MISSING)"
        else:
            yield _formatted(spec, values[used])
            used += 1
    yield layout[at:]
    if used < len(values):
        yield f"%!(EXTRA {', '.join(f'{type_name(value)}={show(value)}' for value in values[used:])})"


def _unusable(found: re.Match[str]) -> str:
    if found["verb"] is None:
        return "%!(NOVERB)"
    raise GoError("argument indexes in a format are not supported")


def _has_point(text: str) -> bool:
    return "." in text[:-1]


def _number(given: str | None, values: Sequence[Value], used: int) -> int | None:
    """A width or precision, from the text or from the arguments."""
    if given is None:
        return None
    number: Value = int(given) if given != "*" and len(given) < 8 else None
    if given == "*" and used < len(values):
        number = values[used]
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) > _TOO_WIDE:
        raise GoError("the width or precision of a format is not a number, or too large")
    return number


def _spec(found: re.Match[str], width: int | None, precision: int | None) -> _Spec:
    flags = found["flags"]
    if width is not None and width < 0:
        flags, width = flags + "-", -width
    return _Spec(found["verb"], flags, width or 0, precision if precision is None or precision >= 0 else None)


def _formatted(spec: _Spec, value: Value) -> str:
    if spec.verb == "T":
        return _padded(spec, type_name(value))
    if isinstance(value, list):
        return f"[{bounded((_formatted(spec, item) for item in value), ' ')}]"
    if isinstance(value, dict):
        pairs = (f"{_formatted(spec, key)}:{_formatted(spec, value[key])}" for key in sorted(value))
        return f"map[{bounded(pairs, ' ')}]"
    text = _text(spec, value)
    if text is None:
        shown = "<nil>" if value is None else f"{type_name(value)}={show(value)}"
        return f"%!{spec.verb}({shown})"
    return text


def _text(spec: _Spec, value: Value) -> str | None:
    """The value under its verb, padded; None when they do not go together."""
    if value is None:
        return _padded(spec, "<nil>") if spec.verb == "v" else None
    if isinstance(value, bool):
        return _padded(spec, show(value)) if spec.verb in "vt" else None
    if isinstance(value, int):
        return _integer(spec, value)
    if isinstance(value, float):
        return _float(spec, value)
    if isinstance(value, datetime):
        return _string(spec, show(value)) if spec.verb in "vs" else None
    return _string(spec, str(value))


def _string(spec: _Spec, text: str) -> str | None:
    if spec.precision is not None and spec.verb in "vsq":
        text = text[: spec.precision]
    if spec.verb == "q" or (spec.verb == "v" and "#" in spec.flags):
        return _padded(spec, quote(text))
    if spec.verb in "xX":
        data = to_bytes(text)[: spec.precision]
        digits = data.hex(" ") if " " in spec.flags else data.hex()
        return _padded(spec, digits.upper() if spec.verb == "X" else digits)
    return _padded(spec, text) if spec.verb in "vs" else None


def _integer(spec: _Spec, value: int) -> str | None:
    if spec.verb in "cqU":
        return _padded(spec, _rune(spec, value))
    code = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}.get(spec.verb)
    if code is None:
        return None
    digits = format(abs(value), code)
    if spec.precision is not None:
        digits = "" if value == spec.precision == 0 else digits.rjust(spec.precision, "0")
    prefix = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(spec.verb, "") if "#" in spec.flags else ""
    prefix = "0o" if spec.verb == "O" else prefix
    return _signed(spec, value < 0, prefix, digits, zeros=spec.precision is None)


def _rune(spec: _Spec, value: int) -> str:
    char = chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value < 0xE000 else "\ufffd"
    return {"c": char, "q": quote(char, "'"), "U": f"U+{value & 0xFFFFFFFF:04X}"}[spec.verb]


def _float(spec: _Spec, value: float) -> str | None:
    size = abs(value)
    if spec.verb not in "veEfFgG":
        return None
    if not math.isfinite(value):
        digits = "NaN" if math.isnan(value) else "Inf"
    elif spec.verb in "vgG":
        digits = show_float(size) if spec.precision is None else format(size, f".{spec.precision}g")
    else:
        digits = format(size, f".{6 if spec.precision is None else spec.precision}{spec.verb.lower()}")
    digits = digits.upper() if spec.verb in "EG" else digits
    negative = math.copysign(1, value) < 0 and not math.isnan(value)
    plus = "+" if digits == "Inf" and not negative and "+" not in spec.flags and " " not in spec.flags else ""
    return _signed(spec, negative, plus, digits, zeros=math.isfinite(value))


def _signed(spec: _Spec, negative: bool, prefix: str, digits: str, *, zeros: bool) -> str:
    sign = "-" if negative else "+" if "+" in spec.flags else " " if " " in spec.flags else ""
    if "0" in spec.flags and "-" not in spec.flags and zeros:
        digits = digits.rjust(spec.width - len(sign) - len(prefix), "0")
    return _padded(spec, sign + prefix + digits, fill=" ")


def _padded(spec: _Spec, text: str, fill: str = "") -> str:
    if "-" in spec.flags:
        return text.ljust(spec.width)
    return text.rjust(spec.width, fill or ("0" if "0" in spec.flags else " "))
