"""The functions that Go's templates have by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote_plus

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.functions import Function, fn
from buildx_tasks.golang.template.printf import sprint, sprintf, sprintln
from buildx_tasks.golang.template.values import StringMap, Value, bounded, is_true, to_bytes, to_text, type_name

_HTML = str.maketrans({"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"'} | {char: f"\\u{ord(char):04X}" for char in "<>&="}


def _and(first: Value, *others: Value) -> Value:
    """Only reached through a pipe; the evaluator itself stops at the first false operand."""
    for value in (first, *others):
        first = value
        if not is_true(value):
            break
    return first


def _or(first: Value, *others: Value) -> Value:
    for value in (first, *others):
        first = value
        if is_true(value):
            break
    return first


def _equal(first: Value, *others: Value) -> bool:
    if not others:
        raise GoError("missing argument for comparison")
    return any(_same(first, other) for other in others)


def _same(left: Value, right: Value) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, (list, dict)) or isinstance(right, (list, dict)):
        raise GoError("lists and maps can't be compared")
    if type(left) is not type(right):
        raise GoError(f"incompatible types for comparison: {type_name(left)} and {type_name(right)}")
    return left == right


def _less(left: Value, right: Value) -> bool:
    if type(left) is type(right):
        if isinstance(left, str) and isinstance(right, str):
            return to_bytes(left) < to_bytes(right)
        if isinstance(left, (int, float)) and isinstance(right, (int, float)) and not isinstance(left, bool):
            return left < right
    raise GoError(f"can't order {type_name(left)} and {type_name(right)}")


def _less_or_equal(left: Value, right: Value) -> bool:
    return _less(left, right) or _same(left, right)


def _len(value: Value) -> int:
    if isinstance(value, str):
        return len(to_bytes(value))
    if isinstance(value, (list, dict)):
        return len(value)
    raise GoError(f"{type_name(value)} has no length")


def _index(value: Value, *keys: Value) -> Value:
    for key in keys:
        if isinstance(value, dict):
            if not isinstance(key, str):
                raise GoError(f"a map's key is text, not {type_name(key)}")
            value = value.get(key, "" if isinstance(value, StringMap) else None)
        elif isinstance(value, (list, str)):
            items = to_bytes(value) if isinstance(value, str) else value
            value = items[_position(key, len(items) - 1)]
        else:
            raise GoError(f"can't index {type_name(value)}")
    return value


def _slice(value: Value, *ends: Value) -> Value:
    """``x[i:j]``; of text the bytes. A third end, a capacity in Go, is checked and otherwise of no effect."""
    if not isinstance(value, (list, str)):
        raise GoError(f"can't slice {type_name(value)}")
    if len(ends) > (2 if isinstance(value, str) else 3):
        raise GoError("too many ends for a slice")
    items = to_bytes(value) if isinstance(value, str) else value
    places = [_position(end, len(items)) for end in ends]
    if places != sorted(places):
        raise GoError(f"wrong order of ends: {' '.join(map(str, places))}")
    start, stop = (*places, *(0, len(items))[len(places) :])[:2]
    part = items[start:stop]
    return to_text(part) if isinstance(part, bytes) else part


def _position(key: Value, most: int) -> int:
    if not isinstance(key, int) or isinstance(key, bool):
        raise GoError(f"an index is an int, not {type_name(key)}")
    if not 0 <= key <= most:
        raise GoError(f"index out of range: {key}")
    return key


def _html(*values: Value) -> str:
    return bounded([sprint(values).translate(_HTML)])


def _js(*values: Value) -> str:
    def escaped(char: str) -> str:
        return _JS.get(char) or (char if char.isprintable() else f"\\u{ord(char):04X}")

    return bounded(escaped(char) for char in sprint(values))


def _urlquery(*values: Value) -> str:
    return bounded([quote_plus(to_bytes(sprint(values)), safe="")])


BUILTINS: Mapping[str, Function] = MappingProxyType(
    {
        "and": fn(_and, "any", rest="any"),
        "or": fn(_or, "any", rest="any"),
        "not": fn(lambda value: not is_true(value), "any"),
        "eq": fn(_equal, "any", rest="any"),
        "ne": fn(lambda left, right: not _same(left, right), "any", "any"),
        "lt": fn(_less, "any", "any"),
        "le": fn(_less_or_equal, "any", "any"),
        "gt": fn(lambda left, right: not _less_or_equal(left, right), "any", "any"),
        "ge": fn(lambda left, right: not _less(left, right), "any", "any"),
        "len": fn(_len, "any"),
        "index": fn(_index, "any", rest="any"),
        "slice": fn(_slice, "any", rest="any"),
        "print": fn(lambda *values: sprint(values), rest="any"),
        "println": fn(lambda *values: sprintln(values), rest="any"),
        "printf": fn(lambda layout, *values: sprintf(layout, values), "string", rest="any"),
        "html": fn(_html, rest="any"),
        "js": fn(_js, rest="any"),
        "urlquery": fn(_urlquery, rest="any"),
    }
)
