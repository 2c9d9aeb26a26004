"""Small values as YAML text: plain where that is safe, quoted where it is not."""

from __future__ import annotations

import json
import re
from typing import Any

from buildx_tasks.document.yaml.scalars import BOOL_WORDS, as_text, plain_value

_PLAIN = re.compile(r"([A-Za-z_/][A-Za-z0-9_./@+=:-]*(?<!:)|[0-9][A-Za-z0-9_.@/-]*)$")
_NEEDS_ESCAPES = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


def scalar(value: object, style: str = "") -> str:
    """One scalar; `style` is the quote (``'`` or ``"``) to keep when a value is replaced."""
    if not isinstance(value, str):
        return as_text(value)
    if style == '"' or _NEEDS_ESCAPES.search(value):
        return _NEEDS_ESCAPES.sub(_escape, json.dumps(value, ensure_ascii=False))
    if style == "'" or not _is_plain(value):
        return "'" + value.replace("'", "''") + "'"
    return value


def flow(data: Any) -> str:
    """Data in one line: ``{a: b, c: [d]}``."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(flow(item) for item in data) + "]"
    return scalar(data)


def block_lines(data: Any, indent: int) -> list[str]:
    """A mapping or list in lines without line breaks, `indent` spaces deep."""
    space = " " * indent
    lines: list[str] = []
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, dict | list) and value:
                lines += [f"{space}{scalar(key)}:", *block_lines(value, indent + 2)]
            else:
                lines.append(f"{space}{scalar(key)}: {flow(value)}")
        return lines
    for item in data:
        if isinstance(item, dict) and item:
            first, *rest = block_lines(item, indent + 2)
            lines += [f"{space}- {first.lstrip()}", *rest]
        else:
            lines.append(f"{space}- {flow(item)}")
    return lines


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.match(text)) and text not in BOOL_WORDS and plain_value(text) == text


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
