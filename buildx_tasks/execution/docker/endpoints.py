"""Connects to the endpoints of a builder, to say why it does not answer: nothing listens, or TLS fails.

buildx says "inactive" or lets a build run into a timeout; the cause is found by doing the handshake ourselves, with
the certificates that buildx has on file for the builder.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from buildx_tasks.execution.docker.certificates import valid_until
from buildx_tasks.execution.docker.connection import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    HTTP2,
    MUTE,
    OTHER,
    client_context,
    connected,
    driver_options,
    has_tls,
    protocol_at,
)

NO_TLS = "it does not speak TLS"
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
    options = driver_options(node)
    try:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("tcp", "unix"):
            return ""
        reason = _why_no_tls(parts, options, endpoint) if has_tls(options) else ""
        found = OTHER if reason else protocol_at(parts, options, patience or ANSWER_SECONDS)
        if found == OTHER and has_tls(options) and protocol_at(parts, {}, ANSWER_SECONDS) == HTTP2:
            # How the handshake with a server without TLS ends is a matter of chance.
            return f"TLS with {endpoint} fails: {NO_TLS}"
        if reason:
            return reason
        if found != HTTP2 and not has_tls(options) and _speaks_tls(parts):
            return f"{endpoint} requires TLS, and the builder has no certificates (driver options cacert, cert, key)"
    except OSError as error:
        return f"nothing answers at {endpoint}: {error.strerror or error}"
    except ValueError as error:
        return f"{endpoint} is not a valid address: {error}"
    if found == OTHER:
        return f"{endpoint} responds, but is not a BuildKit endpoint"
    return f"{endpoint} did not answer within {patience:g} s" if found == MUTE and patience else ""


def _why_no_tls(parts: SplitResult, options: Mapping[str, str], endpoint: str) -> str:
    with connected(parts) as plain:
        plain.settimeout(CONNECT_SECONDS)
        return _handshake(plain, options.get("servername") or parts.hostname or "", options, endpoint)


def _handshake(plain: socket.socket, name: str, options: Mapping[str, str], endpoint: str) -> str:
    """Why mutual TLS with these files fails."""
    try:
        context = client_context(options)
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
        with connected(parts) as plain, context.wrap_socket(plain, server_hostname=parts.hostname):
            return True
    except OSError:
        return False
