"""Connects to the endpoints of a builder, to say why it does not answer: nothing listens, or TLS fails.

buildx says "inactive" or lets a build run into a timeout; the cause is found by doing the handshake ourselves, with
the certificates that buildx has on file for the builder.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from buildx_tasks.execution.docker.certificates import valid_until

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 0.5
FRAME_HEAD = 9
SETTINGS_FRAME = 4
"""RFC 9113: the first frame from a server, and how long the head of any frame is."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, SETTINGS_FRAME, 0, 0, 0, 0, 0))
"""What a client of HTTP/2 says first; a server of something else answers it in its own way."""
NO_TLS = "it does not speak TLS"
HTTP2, MUTE, OTHER = "http2", "mute", "other"
"""What may be at an endpoint: BuildKit, or what could be it; what says nothing in time; something else."""
REFUSALS = ("certificate", "unknown ca", "handshake failure")
"""Alerts of a server that does not like the client's certificate. Go, and so BuildKit, calls all of it "bad"."""


def check_endpoints(nodes: Sequence[Mapping[str, Any]], patience: float | None = None) -> tuple[str, ...]:
    """Why each of these nodes, as buildx has them on file, can't be reached; "" for one that can.

    One that accepts the connection and sends nothing counts as reached, unless `patience` says how many seconds it
    has for an answer.
    """
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        return tuple(pool.map(lambda node: diagnose_endpoint(node, patience), nodes))


def diagnose_endpoint(node: Mapping[str, Any], patience: float | None = None) -> str:
    """Why one node can't be reached; "" when it can, or can't be tried this way. `patience` as in `check_endpoints`."""
    endpoint = str(node.get("Endpoint") or "")
    options = _options(node)
    try:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("tcp", "unix"):
            return ""
        reason = _why_no_tls(parts, options, endpoint) if _has_tls(options) else ""
        found = OTHER if reason else _protocol_at(parts, options, patience or ANSWER_SECONDS)
        if found == OTHER and _has_tls(options) and _protocol_at(parts, {}, ANSWER_SECONDS) == HTTP2:
            # How the handshake with a server without TLS ends is a matter of chance.
            return f"TLS with {endpoint} fails: {NO_TLS}"
        if reason:
            return reason
        if found != HTTP2 and not _has_tls(options) and _speaks_tls(parts):
            return f"{endpoint} requires TLS, and the builder has no certificates (driver options cacert, cert, key)"
    except OSError as error:
        return f"nothing answers at {endpoint}: {error.strerror or error}"
    except ValueError as error:
        return f"{endpoint} is not a valid address: {error}"
    if found == OTHER:
        return f"{endpoint} responds, but is not a BuildKit endpoint"
    return f"{endpoint} did not answer within {patience:g} s" if found == MUTE and patience else ""


def speaks_http2(node: Mapping[str, Any]) -> bool:
    """Whether a node's endpoint answers as BuildKit does: with its HTTP/2 settings, once TLS is through."""
    try:
        return _protocol_at(urlsplit(str(node.get("Endpoint") or "")), _options(node), ANSWER_SECONDS) == HTTP2
    except (OSError, ValueError):
        return False


def _protocol_at(parts: SplitResult, options: Mapping[str, str], seconds: float) -> str:
    """HTTP2, MUTE or OTHER. Raises `OSError` when nothing listens there, `ValueError` for an invalid address."""
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(_connected(parts))
        connection.settimeout(seconds)
        try:
            if _has_tls(options):
                context = _client_context(options)
                context.set_alpn_protocols(["h2"])
                name = options.get("servername") or parts.hostname
                connection = stack.enter_context(context.wrap_socket(connection, server_hostname=name))
            connection.sendall(PREFACE)
            frame = stack.enter_context(connection.makefile("rb")).read(FRAME_HEAD)
        except TimeoutError:
            return MUTE
        except OSError:
            return OTHER
    return HTTP2 if len(frame) == FRAME_HEAD and frame[3] == SETTINGS_FRAME else OTHER


def _options(node: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in (node.get("DriverOpts") or {}).items()}


def _has_tls(options: Mapping[str, str]) -> bool:
    return bool(options.get("cacert") or options.get("cert"))


def _connected(parts: SplitResult) -> socket.socket:
    if parts.scheme == "tcp":
        if not parts.hostname or not parts.port:
            raise ValueError("it has no port" if parts.hostname else "it has no host")
        return socket.create_connection((parts.hostname, parts.port), CONNECT_SECONDS)
    if parts.scheme != "unix":
        raise ValueError(f"{parts.scheme or 'an address without a scheme'} is not supported")
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect(parts.path)
    except OSError:
        connection.close()
        raise
    return connection


def _client_context(options: Mapping[str, str]) -> ssl.SSLContext:
    """TLS with the files of a builder. Raises `OSError` for one that can't be used."""
    context = ssl.create_default_context(cafile=options.get("cacert") or None)
    if options.get("cert"):
        context.load_cert_chain(options["cert"], options.get("key") or None)
    return context


def _why_no_tls(parts: SplitResult, options: Mapping[str, str], endpoint: str) -> str:
    with _connected(parts) as plain:
        plain.settimeout(CONNECT_SECONDS)
        return _handshake(plain, options.get("servername") or parts.hostname or "", options, endpoint)


def _handshake(plain: socket.socket, name: str, options: Mapping[str, str], endpoint: str) -> str:
    """Why mutual TLS with these files fails."""
    try:
        context = _client_context(options)
    except OSError as error:
        files = ", ".join(options[key] for key in ("cacert", "cert", "key") if options.get(key))
        return f"a TLS file of the builder can't be used ({files}): {error.strerror or error}"
    try:
        with context.wrap_socket(plain, server_hostname=name) as safe:
            safe.settimeout(ANSWER_SECONDS)
            # With TLS 1.3 a server judges the client's certificate only after the handshake.
            if not safe.recv(1):
                return f"{endpoint} closes the connection after the TLS handshake: {_refused(options)}"
    except ssl.SSLError as error:
        return f"TLS with {endpoint} fails: {_cause(error, name, options)}"
    except (TimeoutError, OSError):
        return ""
    return ""


def _refused(options: Mapping[str, str]) -> str:
    """Why a server does not want us; what it says itself depends on the library it is made with."""
    certificate = options.get("cert", "")
    return refusal(certificate, valid_until(certificate) if certificate else None)


def refusal(certificate: str, until: datetime | None) -> str:
    """Why a client certificate ("" for none), valid `until` then, is refused."""
    if not certificate:
        return "it requires a client certificate, and the builder has none"
    if until is not None and until < datetime.now(UTC):
        return f"the client certificate {certificate} has expired on {until:%Y-%m-%d}"
    return f"it does not accept the client certificate {certificate}: was it issued by the server's own CA?"


def _cause(error: ssl.SSLError, name: str, options: Mapping[str, str]) -> str:
    plain = str(error).lower().replace("_", " ")
    if "alert" in plain and any(sign in plain for sign in REFUSALS):
        return _refused(options)
    causes = tls_causes(name, options.get("cacert", "the system"))
    return next((cause for sign, cause in causes.items() if sign in plain), str(error))


def tls_causes(name: str, authority: str) -> dict[str, str]:
    """What the words of our TLS library mean, for a server that is called `name` and the CA in a file."""
    foreign = f"its certificate was not issued by the CA in {authority}"
    other = f"its certificate is not for {name} (set servername to the name in it)"
    return {
        "hostname mismatch": other,
        "ip address mismatch": other,
        "certificate has expired": "its certificate has expired",
        "unable to get local issuer": foreign,
        "self-signed certificate": foreign,
        "self signed certificate": foreign,
        "wrong version number": NO_TLS,
        "record layer failure": NO_TLS,
    }


def _speaks_tls(parts: SplitResult) -> bool:
    """Whether an endpoint that is spoken to without TLS wants it; only a TLS server completes a handshake."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with _connected(parts) as plain, context.wrap_socket(plain, server_hostname=parts.hostname):
            return True
    except OSError:
        return False
