"""TOML as comparable lines: enough to tell whether two buildkitd.toml say the same.

buildx stores a builder's configuration written anew, so its text differs from the file's even when nothing has
changed. (The standard library reads TOML only from Python 3.11 on.)
"""

from __future__ import annotations

import re

_STRING = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'", re.DOTALL)
_NEWLINE = "\0"
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_facts(text: str) -> frozenset[str]:
    """Every value with its whole path, as ``registry.localhost:5000.http = true``; order and comments are gone."""
    facts: set[str] = set()
    table: tuple[str, ...] = ()
    for statement in _statements(text):
        if statement.startswith("["):
            table = _keys(statement.strip("[] \t"))
            if statement.startswith("[["):
                count = sum(fact.startswith(f"{'.'.join(table)}#") for fact in facts)
                table = (*table[:-1], f"{table[-1]}#{count}")
                facts.add(".".join(table))
            continue
        key, _equals, value = _split(statement)
        facts.add(f"{'.'.join((*table, *_keys(key)))} = {_value(value)}")
    return frozenset(facts)


def _statements(text: str) -> list[str]:
    """The statements without comments; an array may go over several lines, and so may a string."""
    statements: list[str] = []
    pending = ""
    for line in _without_comments(text).split("\n"):
        pending = f"{pending} {line.strip()}".strip()
        if pending and _is_closed(pending):
            statements.append(pending)
            pending = ""
    return [*statements, pending] if pending else statements


def _without_comments(text: str) -> str:
    pieces: list[str] = []
    at = 0
    while at < len(text):
        if match := _STRING.match(text, at):
            pieces.append(match[0].replace("\n", _NEWLINE))
            at = match.end()
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            pieces.append(text[at])
            at += 1
    return "".join(pieces)


def _is_closed(statement: str) -> bool:
    bare = _STRING.sub("", statement)
    return bare.count("[") <= bare.count("]") and bare.count("{") <= bare.count("}")


def _split(statement: str) -> tuple[str, str, str]:
    """Key and value, at the first equals sign that is in no quoted key."""
    at = 0
    while at < len(statement) and statement[at] != "=":
        match = _STRING.match(statement, at)
        at = match.end() if match else at + 1
    return statement[:at], "=", statement[at + 1 :]


def _keys(text: str) -> tuple[str, ...]:
    """The parts of a dotted key, quoted or bare."""
    found = re.findall(rf"{_STRING.pattern}|{_BARE.pattern}", text, re.DOTALL)
    return tuple(_unquoted(part) for part in found)


def _value(text: str) -> str:
    """A value in one spelling: strings in one kind of quotes, no blanks, no comma at the end of an array."""
    pieces: list[str] = []
    at = 0
    for match in _STRING.finditer(text):
        pieces += [_dense(text[at : match.start()]), f'"{_unquoted(match[0])}"']
        at = match.end()
    return re.sub(r",([\]}])", r"\1", "".join([*pieces, _dense(text[at:])]))


def _dense(text: str) -> str:
    return re.sub(r"[\s_]+", "", text)


def _unquoted(text: str) -> str:
    for quote in ('"""', "'''", '"', "'"):
        if text.startswith(quote):
            inner = text[len(quote) : -len(quote)]
            return inner.removeprefix(_NEWLINE) if len(quote) == 3 else inner
    return text
