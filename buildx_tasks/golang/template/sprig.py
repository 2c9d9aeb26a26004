"""The functions that Skaffold's templates have beside Go's own: a subset of sprig, with its argument order, and `cmd`.

Differences from sprig, all on the side of caution: `b64dec` fails on bad input instead of returning the error's text,
and `slice` takes text as well as lists.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.golang.template import times
from buildx_tasks.golang.template.builtins import BUILTINS
from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.functions import CallContext, Function, fn
from buildx_tasks.golang.template.regex import find_all, first_match, matched, replaced
from buildx_tasks.golang.template.values import (
    LIMIT,
    SPACE,
    StringMap,
    Value,
    bounded,
    is_true,
    quote,
    show,
    to_bytes,
    to_text,
    type_name,
    wrap64,
)

# Defaults


def _default(fallback: Value, *given: Value) -> Value:
    return given[0] if given and is_true(given[0]) else fallback


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if is_true(value)), None)


def _ternary(yes: Value, no: Value, condition: bool) -> Value:
    return yes if condition else no


# The world


def _cmd(world: CallContext, program: str, *arguments: str) -> str:
    """The program's output without surrounding white space; it runs directly, in no shell."""
    if world.cmd is None:
        raise GoError("commands do not run here; they run when building")
    try:
        return bounded([world.cmd((program, *arguments)).strip(SPACE)])
    except BuildxTasksError as error:
        raise GoError(error.message) from None


_SHELL_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))")


def _expandenv(world: CallContext, text: str) -> str:
    """``$name`` and ``${name}`` from the environment; an unknown one is empty."""

    def pieces() -> Iterable[str]:
        at = 0
        for found in _SHELL_VARIABLE.finditer(text):
            yield text[at : found.start()]
            yield world.environ.get(found[1] or found[2] or found[3] or "", "")
            at = found.end()
        yield text[at:]

    return bounded(pieces())


# Text


def _each(text: str, change: str) -> str:
    """Upper or lower case, one character for one, as Go does."""
    changed = (getattr(char, change)() for char in text)
    return "".join(new if len(new) == 1 else old for old, new in zip(text, changed, strict=True))


def _title(text: str) -> str:
    """The first letter of every word in upper case; words end at anything but letters, digits and ``_``."""
    pieces: list[str] = []
    before = " "
    for char in text:
        inside = before == "_" or before.isalnum() or (before > "\x7f" and before not in SPACE)
        pieces.append(char if inside else _each(char, "upper"))
        before = char
    return "".join(pieces)


def _cut(start: int, end: int, text: str) -> str:
    """``substr``: bytes from `start` up to `end`; a negative `start` is 0, a negative or too large `end` the end."""
    data = to_bytes(text)
    start, end = (0, end) if start < 0 else (start, len(data) if end < 0 or end > len(data) else end)
    if not 0 <= start <= end <= len(data):
        raise GoError(f"substr {start} {end} is out of range of {len(data)} bytes")
    return to_text(data[start:end])


def _truncate(count: int, text: str) -> str:
    """``trunc``: the first bytes, or with a negative count the last ones."""
    data = to_bytes(text)
    if count < 0:
        return to_text(data[count:]) if -count < len(data) else text
    return to_text(data[:count]) if count < len(data) else text


def _repeat(count: int, text: str) -> str:
    if count < 0 or count * len(text) > LIMIT:
        raise GoError(f"can't repeat the text {count} times")
    return text * count


def _replace(old: str, new: str, text: str) -> str:
    if text.count(old) * len(new) > LIMIT:
        raise GoError(f"the text grows beyond {LIMIT} characters")
    return text.replace(old, new)


def _indent(spaces: int, text: str) -> str:
    padding = _repeat(spaces, " ")
    return padding + _replace("\n", f"\n{padding}", text)


def _quote(*values: Value) -> str:
    return bounded((quote(show(value)) for value in values if value is not None), " ")


def _squote(*values: Value) -> str:
    return bounded((f"'{show(value)}'" for value in values if value is not None), " ")


def _cat(*values: Value) -> str:
    return bounded((show(value) for value in values if value is not None), " ")


def _b64dec(text: str) -> str:
    try:
        return to_text(base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True))
    except (binascii.Error, ValueError):
        raise GoError("the text is not base64") from None


# Lists


def _split(separator: str, text: str) -> list[Value]:
    return list(text.split(separator) if separator else text)


def _split_map(separator: str, text: str) -> StringMap:
    return StringMap({f"_{at}": str(part) for at, part in enumerate(_split(separator, text))})


def _texts(value: Value) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [show(item) for item in items if item is not None]


def _join(separator: str, value: Value) -> str:
    return bounded(_texts(value), separator)


def _list(*values: Value) -> list[Value]:
    """Flat, so that no list can hold itself a million times over."""
    if any(isinstance(value, (list, dict)) for value in values):
        raise GoError("a list in a list is not supported")
    return list(values)


def _items(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise GoError(f"a list is needed, not {type_name(value)}")
    return value


def _until(count: int) -> list[Value]:
    if abs(count) > LIMIT // 16:
        raise GoError(f"a list of {count} numbers is too long")
    return list(range(0, count, 1 if count >= 0 else -1))


# Numbers


def _int(value: Value) -> int:
    """``int``: text as decimal digits, floats cut, true as 1, anything else as 0."""
    if isinstance(value, str):
        number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,19}", value) else 0
        return number if wrap64(number) == number else 0
    if isinstance(value, float):
        return wrap64(int(value)) if abs(value) < 2.0**63 else -(1 << 63)
    return int(value) if isinstance(value, int) else 0


def _add(*values: Value) -> int:
    return wrap64(sum(_int(value) for value in values))


def _multiply(first: Value, *others: Value) -> int:
    product = _int(first)
    for other in others:
        product = wrap64(product * _int(other))
    return product


def _divide(left: Value, right: Value) -> tuple[int, int]:
    """Quotient cut toward zero, and the remainder with the sign of `left`."""
    dividend, divisor = _int(left), _int(right)
    if not divisor:
        raise GoError("division by zero")
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    return wrap64(quotient), dividend - quotient * divisor


def _digest(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm, to_bytes(text), usedforsecurity=False).hexdigest()


def _extension(path: str) -> str:
    name = posixpath.basename(path)
    return name[name.rindex(".") :] if "." in name else ""


def _fail(message: str) -> str:
    raise GoError(message)


def _limited(found: Iterable[str], count: int) -> list[Value]:
    return list(found if count < 0 else islice(found, count))


SPRIG: Mapping[str, Function] = MappingProxyType(
    {
        **BUILTINS,
        "default": fn(_default, "any", rest="any"),
        "empty": fn(lambda value: not is_true(value), "any"),
        "coalesce": fn(_coalesce, rest="any"),
        "ternary": fn(_ternary, "any", "any", "bool"),
        "cmd": fn(_cmd, "string", rest="string", asks=True),
        "env": fn(lambda world, name: world.environ.get(name, ""), "string", asks=True),
        "expandenv": fn(_expandenv, "string", asks=True),
        "now": fn(lambda world: world.now, asks=True),
        "date": fn(times.date, "string", "any", asks=True),
        "dateInZone": fn(times.date_in_zone, "string", "any", "string", asks=True),
        "date_in_zone": fn(times.date_in_zone, "string", "any", "string", asks=True),
        "unixEpoch": fn(times.unix_epoch, "any"),
        "lower": fn(lambda text: _each(text, "lower"), "string"),
        "upper": fn(lambda text: _each(text, "upper"), "string"),
        "title": fn(_title, "string"),
        "trim": fn(lambda text: text.strip(SPACE), "string"),
        "trimAll": fn(lambda chars, text: text.strip(chars) if chars else text, "string", "string"),
        "trimPrefix": fn(lambda prefix, text: text.removeprefix(prefix), "string", "string"),
        "trimSuffix": fn(lambda suffix, text: text.removesuffix(suffix), "string", "string"),
        "replace": fn(_replace, "string", "string", "string"),
        "substr": fn(_cut, "int", "int", "string"),
        "trunc": fn(_truncate, "int", "string"),
        "nospace": fn(lambda text: "".join(char for char in text if char not in SPACE), "string"),
        "quote": fn(_quote, rest="any"),
        "squote": fn(_squote, rest="any"),
        "cat": fn(_cat, rest="any"),
        "indent": fn(_indent, "int", "string"),
        "nindent": fn(lambda spaces, text: "\n" + _indent(spaces, text), "int", "string"),
        "contains": fn(lambda part, text: part in text, "string", "string"),
        "hasPrefix": fn(lambda prefix, text: text.startswith(prefix), "string", "string"),
        "hasSuffix": fn(lambda suffix, text: text.endswith(suffix), "string", "string"),
        "repeat": fn(_repeat, "int", "string"),
        "regexMatch": fn(matched, "string", "string"),
        "regexFind": fn(first_match, "string", "string"),
        "regexFindAll": fn(
            lambda pattern, text, count: _limited(find_all(pattern, text), count),
            "string",
            "string",
            "int",
        ),
        "regexReplaceAll": fn(
            lambda pattern, text, new: bounded(replaced(pattern, text, new, literal=False)),
            "string",
            "string",
            "string",
        ),
        "regexReplaceAllLiteral": fn(
            lambda pattern, text, new: bounded(replaced(pattern, text, new, literal=True)), "string", "string", "string"
        ),
        "split": fn(_split_map, "string", "string"),
        "splitList": fn(_split, "string", "string"),
        "join": fn(_join, "string", "any"),
        "list": fn(_list, rest="any"),
        "first": fn(lambda value: next(iter(_items(value)), None), "any"),
        "last": fn(lambda value: next(reversed(_items(value)), None), "any"),
        "rest": fn(lambda value: _items(value)[1:], "any"),
        "initial": fn(lambda value: _items(value)[:-1], "any"),
        "has": fn(
            lambda item, value: any(type(item) is type(one) and item == one for one in _items(value)), "any", "any"
        ),
        "until": fn(_until, "int"),
        "b64enc": fn(lambda text: base64.b64encode(to_bytes(text)).decode(), "string"),
        "b64dec": fn(_b64dec, "string"),
        "sha1sum": fn(lambda text: _digest(text, "sha1"), "string"),
        "sha256sum": fn(lambda text: _digest(text, "sha256"), "string"),
        "base": fn(lambda path: posixpath.basename(path.rstrip("/")) or ("/" if path else "."), "string"),
        "dir": fn(lambda path: posixpath.normpath(posixpath.dirname(path) or "."), "string"),
        "ext": fn(_extension, "string"),
        "toString": fn(show, "any"),
        "toStrings": fn(_texts, "any"),
        "int": fn(_int, "any"),
        "int64": fn(_int, "any"),
        "atoi": fn(_int, "string"),
        "add": fn(_add, rest="any"),
        "add1": fn(lambda value: wrap64(_int(value) + 1), "any"),
        "sub": fn(lambda left, right: wrap64(_int(left) - _int(right)), "any", "any"),
        "mul": fn(_multiply, "any", rest="any"),
        "div": fn(lambda left, right: _divide(left, right)[0], "any", "any"),
        "mod": fn(lambda left, right: _divide(left, right)[1], "any", "any"),
        "max": fn(lambda first, *others: max(map(_int, (first, *others))), "any", rest="any"),
        "min": fn(lambda first, *others: min(map(_int, (first, *others))), "any", rest="any"),
        "fail": fn(_fail, "string"),
    }
)
