"""Asks a remote BuildKit for its workers, as ``docker buildx inspect`` does, without the time that takes to start.

One call of gRPC without arguments: HTTP/2 (RFC 9113) with headers that need no table (RFC 7541, section 6.2.2), whose
answer fits into the window that a connection begins with. Whatever does not answer like that is left to buildx.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from buildx_tasks.execution.docker.connection import (
    FRAME_HEAD,
    PREFACE,
    SETTINGS,
    connected,
    driver_options,
    secured,
)

if TYPE_CHECKING:
    from buildx_tasks.document.buildkit.workers import Workers

DATA, HEADERS, RESET, PING, GO_AWAY = 0, 1, 3, 6, 7
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
LARGEST = 16_384
"""The longest frame on a connection on which nothing else was agreed, in bytes."""
LIST_WORKERS = "/moby.buildkit.v1.Control/ListWorkers"
MESSAGE_HEAD = 5
"""Of gRPC: whether the message is compressed, and its length in four bytes."""


def list_workers(node: Mapping[str, Any], seconds: float) -> Workers | None:
    """The workers at the endpoint of a node as buildx has it on file; None when they are not told within `seconds`."""
    try:
        parts = urlsplit(str(node.get("Endpoint") or ""))
        with (
            connected(parts, seconds) as plain,
            secured(plain, parts, driver_options(node), seconds) as connection,
            connection.makefile("rb") as stream,
        ):
            connection.sendall(PREFACE + _request(parts.hostname or "localhost"))
            body = b""
            for said, data in _frames(stream, time.monotonic() + seconds):
                connection.sendall(said)
                body += data
        from buildx_tasks.document.buildkit.workers import parse_workers

        return parse_workers(_message(body))
    except (OSError, ValueError):
        return None


def _request(authority: str) -> bytes:
    """The frames of the call; its message, which has no fields, is empty."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": LIST_WORKERS,
        ":authority": authority,
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in headers.items())
    return _frame(HEADERS, END_HEADERS, 1, block) + _frame(DATA, END_STREAM, 1, bytes(MESSAGE_HEAD))


def _text(value: str) -> bytes:
    """A text as it is, without Huffman's code: its length in seven bits or, from 127, more of seven bits each."""
    data = value.encode()
    size = bytearray([min(len(data), 127)])
    rest = len(data) - 127
    while rest >= 0:
        size.append(rest & 127 | (128 if rest > 127 else 0))
        rest = (rest >> 7) or -1
    return bytes(size) + data


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _frames(stream: BinaryIO, until: float) -> Iterator[tuple[bytes, bytes]]:
    """For each frame what to say to it and its data, to the end of the answer.

    Raises `ValueError` when there is none to come, and `TimeoutError` when it takes longer than `until`.
    """
    ended = False
    while not ended:
        if time.monotonic() > until:
            raise TimeoutError
        head = _exactly(stream, FRAME_HEAD)
        kind, flags, number = head[3], head[4], int.from_bytes(head[5:], "big")
        size = int.from_bytes(head[:3], "big")
        if kind in (RESET, GO_AWAY) or size > LARGEST:
            raise ValueError("it does not answer the call")
        payload = _exactly(stream, size)
        said = data = b""
        if kind == SETTINGS and not flags & ACK:
            said = _frame(SETTINGS, ACK, 0, b"")
        elif kind == PING and not flags & ACK:
            said = _frame(PING, ACK, 0, payload)
        elif kind == DATA and number == 1:
            data = payload[1 : len(payload) - payload[0]] if flags & PADDED else payload
        ended = kind in (DATA, HEADERS) and number == 1 and bool(flags & END_STREAM)
        yield said, data


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ValueError("the connection was closed")
    return data


def _message(body: bytes) -> bytes:
    """The one message of an answer. Raises `ValueError` when there is none, or it is compressed or not whole."""
    size = int.from_bytes(body[1:MESSAGE_HEAD], "big")
    if len(body) != MESSAGE_HEAD + size or body[0]:
        raise ValueError("the message is not whole")
    return body[MESSAGE_HEAD:]
