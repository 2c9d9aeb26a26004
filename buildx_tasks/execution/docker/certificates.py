"""Until when a certificate is valid, read from its file: the one thing about it that the doctor needs to know."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

from buildx_tasks.execution.paths import read_regular

UTC_TIME, GENERAL_TIME = 0x17, 0x18
VERSION = 0xA0


def valid_until(file: str) -> datetime | None:
    """The end of validity of the first certificate in a PEM file; None when there is none to be read."""
    try:
        text = read_regular(file).decode("ascii")
        begin, end = text.index("-----BEGIN CERTIFICATE"), text.index("-----END CERTIFICATE-----")
        return _not_after(ssl.PEM_cert_to_DER_cert(text[begin:end] + "-----END CERTIFICATE-----"))
    except (OSError, ValueError, IndexError):
        return None


def _not_after(der: bytes) -> datetime:
    """X.509: the second time in the validity, which follows version, serial number, algorithm and issuer."""
    body = _content(_content(der)[1])[1]
    fields = list(_fields(body))
    validity = fields[4 if fields[0][0] == VERSION else 3][1]
    kind, value = list(_fields(validity))[1]
    layout = {UTC_TIME: "%y%m%d%H%M%SZ", GENERAL_TIME: "%Y%m%d%H%M%SZ"}[kind]
    return datetime.strptime(value.decode("ascii"), layout).replace(tzinfo=UTC)


def _fields(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while data:
        kind, value, data = _read(data)
        found.append((kind, value))
    return found


def _content(data: bytes) -> tuple[int, bytes]:
    kind, value, _rest = _read(data)
    return kind, value


def _read(data: bytes) -> tuple[int, bytes, bytes]:
    """One DER element: its tag, its content, and what follows it."""
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    return data[0], data[start : start + length], data[start + length :]
