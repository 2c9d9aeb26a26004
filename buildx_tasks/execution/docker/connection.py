"""Connects to the endpoint of a builder's node as buildx does: TCP or a Unix socket, with the TLS files on file."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 0.5
FRAME_HEAD = 9
SETTINGS = 4
"""RFC 9113: how long the head of any frame is, and the kind of the first frame from a server."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, SETTINGS, 0, 0, 0, 0, 0))
"""What a client of HTTP/2 says first; a server of something else answers it in its own way."""
HTTP2, MUTE, OTHER = "http2", "mute", "other"
"""What may be at an endpoint: BuildKit, or what could be it; what says nothing in time; something else."""


def driver_options(node: Mapping[str, Any]) -> dict[str, str]:
    """The driver options of a node as buildx has it on file."""
    return {str(key): str(value) for key, value in (node.get("DriverOpts") or {}).items()}


def has_tls(options: Mapping[str, str]) -> bool:
    """Whether buildx speaks TLS to a node with these driver options."""
    return bool(options.get("cacert") or options.get("cert"))


def connected(parts: SplitResult, seconds: float = CONNECT_SECONDS) -> socket.socket:
    """A connection without TLS, made within `seconds`.

    Raises `OSError` when nothing listens there, `ValueError` for an invalid address.
    """
    if parts.scheme == "tcp":
        if not parts.hostname or not parts.port:
            raise ValueError("it has no port" if parts.hostname else "it has no host")
        return socket.create_connection((parts.hostname, parts.port), seconds)
    if parts.scheme != "unix":
        raise ValueError(f"{parts.scheme or 'an address without a scheme'} is not supported")
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(parts.path)
    except OSError:
        connection.close()
        raise
    return connection


def client_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """TLS with the files of a builder. Raises `OSError` for one that can't be used."""
    import ssl

    context = ssl.create_default_context(cafile=options.get("cacert") or None)
    if options.get("cert"):
        context.load_cert_chain(options["cert"], options.get("key") or None)
    return context


@contextlib.contextmanager
def secured(
    plain: socket.socket, parts: SplitResult, options: Mapping[str, str], seconds: float
) -> Iterator[socket.socket]:
    """A connection on which HTTP/2 is to be spoken: `plain`, or TLS over it where the options ask for that.

    Each answer may take `seconds`. Raises `OSError`, `TimeoutError` among them, when the handshake fails.
    """
    plain.settimeout(seconds)
    if not has_tls(options):
        yield plain
        return
    context = client_context(options)
    context.set_alpn_protocols(["h2"])
    with context.wrap_socket(plain, server_hostname=options.get("servername") or parts.hostname) as safe:
        yield safe


def speaks_http2(node: Mapping[str, Any]) -> bool:
    """Whether a node's endpoint answers as BuildKit does: with its HTTP/2 settings, once TLS is through."""
    try:
        return protocol_at(urlsplit(str(node.get("Endpoint") or "")), driver_options(node), ANSWER_SECONDS) == HTTP2
    except (OSError, ValueError):
        return False


def protocol_at(parts: SplitResult, options: Mapping[str, str], seconds: float) -> str:
    """HTTP2, MUTE or OTHER. Raises `OSError` when nothing listens there, `ValueError` for an invalid address."""
    with connected(parts) as plain:
        try:
            with secured(plain, parts, options, seconds) as connection, connection.makefile("rb") as stream:
                connection.sendall(PREFACE)
                frame = stream.read(FRAME_HEAD)
        except TimeoutError:
            return MUTE
        except OSError:
            return OTHER
    return HTTP2 if len(frame) == FRAME_HEAD and frame[3] == SETTINGS else OTHER
