"""Why there is no HTTP answer, in plain words, from urllib3's exceptions."""

from __future__ import annotations

import http.client
import re
import ssl
from urllib.parse import urlsplit

from urllib3 import Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    IncompleteRead,
    LocationParseError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ProxySchemeUnknown,
    ProxySchemeUnsupported,
    ReadTimeoutError,
    SSLError,
)

PLAIN_SERVER = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNEXPECTED_MESSAGE")
"""How OpenSSL calls an answer that is not TLS."""
NO_CLIENT_CERTIFICATE = "it requires a client certificate"
_TUNNEL = re.compile(r"Tunnel connection failed: (.*)")


def failure_reason(error: BaseException, proxy: str, timeout: Timeout) -> str:
    """A clause that follows "request to HOST failed:"; `proxy` is the URL of the proxy in between, "" for none."""
    if isinstance(error, MaxRetryError) and error.reason is not None:
        error = error.reason
    if tunnel := _TUNNEL.search(str(error)):
        return f"{_proxy_name(proxy)} rejected the connection: {tunnel[1].rstrip(')').strip(chr(39))}"
    if isinstance(error, ProxyError):
        return f"{_proxy_name(proxy)}: {failure_reason(error.original_error, '', timeout)}"
    if isinstance(error, (ProxySchemeUnknown, ProxySchemeUnsupported)):
        return f"{_proxy_name(proxy)} is of a kind that is not supported; HTTP and HTTPS proxies are"
    if isinstance(error, NameResolutionError):
        return "its name cannot be resolved"
    if isinstance(error, NewConnectionError):
        return _system_reason(error.__cause__ or error)
    if isinstance(error, ConnectTimeoutError):
        return f"connecting timed out after {timeout.connect_timeout:g} s"
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        return f"no answer within {timeout.read_timeout:g} s"
    if isinstance(error, (SSLError, ssl.SSLError)):
        return _tls_reason(error)
    if isinstance(error, (ProtocolError, http.client.HTTPException)):
        return _protocol_reason(error)
    if isinstance(error, LocationParseError):
        return "its address is not valid"
    return _system_reason(error)


def _proxy_name(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _system_reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def _tls_reason(error: BaseException) -> str:
    inner = next((arg for arg in error.args if isinstance(arg, BaseException)), error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {inner.verify_message or inner.reason}"
    code = str(getattr(inner, "reason", None) or "")
    words = code.replace("_", " ").lower()
    if code in PLAIN_SERVER:
        return f"it does not speak TLS ({words})"
    if code.endswith("CERTIFICATE_REQUIRED"):
        return NO_CLIENT_CERTIFICATE
    if "ALERT" in code and any(part in code for part in ("CERTIFICATE", "UNKNOWN_CA")):
        return f"{NO_CLIENT_CERTIFICATE} that it trusts ({words})"
    if isinstance(inner, ssl.SSLEOFError):
        # Only a failed write has no code: with TLS 1.3, clients learn after their handshake that they are rejected.
        after = f"after the TLS handshake; perhaps {NO_CLIENT_CERTIFICATE}"
        return f"it closed the connection {'during the TLS handshake' if code else after}"
    return f"TLS failed ({words or inner})"


def _protocol_reason(error: BaseException) -> str:
    inner = next((arg for arg in error.args if isinstance(arg, BaseException)), error)
    if isinstance(inner, (IncompleteRead, http.client.IncompleteRead)):
        return "it closed the connection in the middle of the answer"
    if isinstance(inner, http.client.RemoteDisconnected):
        return "it closed the connection without an answer"
    if isinstance(inner, http.client.HTTPException):
        return "its answer is not HTTP"
    return _system_reason(inner)
