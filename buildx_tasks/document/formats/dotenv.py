"""The dotenv syntax of ``skaffold.env``: names, quotes, comments, and references to earlier names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*")
_SINGLE = re.compile(r"'([^']*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_REST = re.compile(r"[ \t]*(#[^\n]*)?(?=\n|\Z)")
_SKIPPED = re.compile(r"[ \t]*(#[^\n]*)?(\n|\Z)")
_COMMENT = re.compile(r"(?:^|[ \t])#.*")
_REFERENCE = re.compile(r"\\\$|\$\{([A-Z0-9_]+)\}|\$([A-Z0-9_]+)")
_ESCAPE = re.compile(r"\\([^$])")
_ESCAPES = {"n": "\n", "r": "\r"}


@dataclass(slots=True)
class Dotenv:
    """What a file sets, in its order, and what is wrong with it: a line number and a sentence each."""

    values: dict[str, str] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


def parse_dotenv(text: str) -> Dotenv:
    """Read ``NAME=value`` lines (``NAME: value`` and a leading ``export`` too); lines that are none are problems.

    Single quotes keep everything, double quotes know ``\\n``, ``\\r`` and ``\\"``; both may span lines. ``$NAME`` and
    ``${NAME}`` outside single quotes are values set above, "" when there is none; names there are upper case.
    """
    result = Dotenv()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    at = 0
    while at < len(text):
        if skipped := _SKIPPED.match(text, at):
            at = skipped.end()
            continue
        end = _read(text, at, result)
        if end is None:
            line = text.count("\n", 0, at) + 1
            result.problems.append((line, "expected NAME=value, with its quotes closed"))
            end = text.find("\n", at)
        at = len(text) if end < 0 else end + 1
    return result


def _read(text: str, at: int, result: Dotenv) -> int | None:
    """Read the assignment at `at`; where its line ends, None when it is none."""
    name = _NAME.match(text, at)
    if name is None:
        return None
    begin = name.end()
    if single := _SINGLE.match(text, begin):
        value, end = single[1], single.end()
    elif double := _DOUBLE.match(text, begin):
        value = _expanded(_ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), double[1]), result.values)
        end = double.end()
    elif text[begin : begin + 1] in ("'", '"'):
        return None
    else:
        plain = _PLAIN.match(text, begin)
        assert plain is not None
        value, end = _expanded(_COMMENT.sub("", plain[0]).strip(), result.values), plain.end()
    rest = _REST.match(text, end)
    if rest is None:
        return None
    result.values[name[1]] = value
    return rest.end()


def _expanded(text: str, values: dict[str, str]) -> str:
    def replacement(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return values.get(name, "") if name else "$"

    return _REFERENCE.sub(replacement, text)
