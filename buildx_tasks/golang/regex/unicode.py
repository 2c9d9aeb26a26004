"""Unicode's general categories, scripts and case folding, as Go's `unicode` package has them.

The tables are in ``unicode.json``, which ``tests/data/golang/unicode.go`` generates from that package (the file names
the versions of Go and of Unicode), so that a pattern means the same on every version of Python. A table is a list of
ranges: the distance of each from the end of the one before it, and its length where it is longer than one, in base 36.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_Ranges = tuple[tuple[int, int], ...]
_ASCII: _Ranges = ((0, 0x7F),)
_ANY: _Ranges = ((0, sys.maxunicode),)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Path(__file__).with_name("unicode.json").read_text(encoding="utf-8"))
    return data


@lru_cache(maxsize=1)
def fold_orbits() -> Mapping[int, tuple[int, ...]]:
    """For each character that has variants in another case, all the others of its orbit."""
    found: dict[int, tuple[int, ...]] = {}
    for word in _data()["orbits"].split():
        first, steps = word.split(":")
        orbit = [int(first, 36)]
        for step in steps.split(","):
            orbit.append(orbit[-1] + int(step, 36))
        for char in orbit:
            found[char] = tuple(other for other in orbit if other != char)
    return found


@lru_cache(maxsize=32)
def unicode_table(name: str) -> _Ranges | None:
    """The characters of ``\\p{name}``: a category, a script, one of their long names, or Any, ASCII, Assigned.

    Case, blanks, ``-`` and ``_`` in the name do not count. None when there is no such name.
    """
    name = _canonical(name)
    if name in ("Any", "Ascii"):
        return _ANY if name == "Any" else _ASCII
    categories = _categories()
    if name == "Assigned":
        return _joined(categories.values())
    category = _category_names().get(name)
    if category == "Cn":
        return _gaps(_joined(categories.values()))
    if category == "LC":
        return _joined(categories[one] for one in ("Lu", "Ll", "Lt"))
    if category is not None:
        members = [table for one, table in categories.items() if one.startswith(category)]
        return _joined([*members, _gaps(_joined(categories.values()))] if category == "C" else members)
    script = _script_names().get(name)
    return None if script is None else _decoded(_data()["scripts"][script])


@lru_cache(maxsize=1)
def _categories() -> dict[str, _Ranges]:
    return {name: _decoded(text) for name, text in _data()["categories"].items()}


@lru_cache(maxsize=1)
def _category_names() -> dict[str, str]:
    short = [*_data()["categories"], "Cn", "LC", *{name[0] for name in _data()["categories"]}]
    return {_canonical(long): name for long, name in _data()["aliases"].items()} | {
        _canonical(name): name for name in short
    }


@lru_cache(maxsize=1)
def _script_names() -> dict[str, str]:
    return {_canonical(name): name for name in _data()["scripts"]}


def _canonical(name: str) -> str:
    plain = "".join(char for char in name if char not in "_- ")
    return "".join(
        (char.upper() if not at else char.lower()) if char.isascii() else char for at, char in enumerate(plain)
    )


def _decoded(text: str) -> _Ranges:
    found: list[tuple[int, int]] = []
    end = 0
    for word in text.split():
        distance, _, length = word.partition("-")
        start = end + int(distance, 36)
        end = start + int(length or "0", 36)
        found.append((start, end))
    return tuple(found)


def _joined(tables: Iterable[_Ranges]) -> _Ranges:
    return tuple(sorted(one for table in tables for one in table))


def _gaps(table: _Ranges) -> _Ranges:
    """What a sorted table without overlaps leaves out."""
    found: list[tuple[int, int]] = []
    start = 0
    for low, high in table:
        if low > start:
            found.append((start, low - 1))
        start = high + 1
    return (*found, (start, sys.maxunicode)) if start <= sys.maxunicode else tuple(found)
