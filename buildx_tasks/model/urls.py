"""Web addresses in messages."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


def without_passwords(text: str) -> str:
    """`text` with the passwords of the addresses in it taken out."""
    return _PASSWORD.sub(r"\1***@", text)
