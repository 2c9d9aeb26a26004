"""HTTP requests through urllib3: pooled connections for several threads, redirects, proxies, and docker's TLS files.

Importing this module imports urllib3, so modules that are imported early import it inside functions.
"""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from urllib3 import BaseHTTPResponse, HTTPSConnectionPool, PoolManager, ProxyManager, Retry, Timeout, make_headers
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader, ReadTimeoutError

from buildx_tasks import __version__
from buildx_tasks.execution.http.errors import RequestFailed
from buildx_tasks.execution.http.failures import failure_reason
from buildx_tasks.execution.http.proxies import proxy_for
from buildx_tasks.model.secrets import masked, split_credentials

CERTIFICATES = Path("/etc/docker/certs.d")
"""Where docker looks for the CA (``HOST/*.crt``) and for client certificates (``HOST/*.cert`` with ``.key``)."""
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
KEPT_CONNECTIONS = 8
REDIRECTS = 5
REDIRECTED = frozenset({301, 302, 303, 307, 308})
BUSY = (429, 500, 502, 503, 504)
PAUSE = 0.2
LONGEST_PAUSE = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpResponse:
    """What came back; header names are in lower case, `url` is where it came from after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str = ""


def check_everywhere(_host: str) -> bool:
    """No host is insecure."""
    return False


def basic(user: str, password: str) -> str:
    """The value of an ``Authorization`` header for user name and password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def insecure_hosts(named: Iterable[str]) -> Callable[[str], bool]:
    """Whether a host may be asked without TLS that can be checked: it is one of `named`, or this machine."""
    hosts = frozenset(named)

    def is_insecure(host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        return host in hosts or name in ("localhost", "::1") or name.startswith("127.")

    return is_insecure


class HttpClient:
    """Requests to any hosts, from any threads; connections are kept for the next request.

    A host (``host[:port]``) for which `insecure` is true is asked without checking its certificate. `environ` names
    the proxies. `certificates` has a folder for each host, as docker's ``certs.d``.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        insecure: Callable[[str], bool] = check_everywhere,
        certificates: Path | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.environ = environ
        self.insecure = insecure
        self.certificates = certificates or CERTIFICATES
        self.timeout = Timeout(connect=connect_seconds, read=answer_seconds)
        self._managers: dict[tuple[str, str], PoolManager] = {}
        self._lock = threading.Lock()

    def is_proxied(self, url: str) -> bool:
        """Whether requests to a URL go through a proxy."""
        return bool(proxy_for(url, self.environ))

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        retries: int = 1,
        limit: int | None = None,
    ) -> HttpResponse:
        """Send a request and follow redirects; credentials are not sent to another host.

        An answer that says "busy" and a connection that breaks before the answer are tried again `retries` times,
        after at most two seconds. Raises `RequestFailed`, also for an answer of more than `limit` bytes.
        """
        said = {"User-Agent": f"buildx-tasks/{__version__}", **(headers or {})}
        for _ in range(REDIRECTS + 1):
            answer = self._exchange(method, url, said, body, retries, limit)
            location = answer.headers.get("location", "")
            if answer.status not in REDIRECTED or not location or method not in ("GET", "HEAD", "PUT", "POST"):
                return answer
            before = _parse(url)
            url = _joined(url, location)
            after = _parse(url)
            if (after.scheme, after.netloc) != (before.scheme, before.netloc):
                said = {name: value for name, value in said.items() if name.lower() not in SECRET_HEADERS}
            if answer.status == 303 and method != "HEAD":
                method, body = "GET", b""
        raise RequestFailed(_parse(url).netloc.rpartition("@")[2], "redirected too many times")

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            managers = list(self._managers.values())
            self._managers.clear()
        for manager in managers:
            manager.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, retries: int, limit: int | None
    ) -> HttpResponse:
        host = _parse(url).netloc.rpartition("@")[2]
        proxy = proxy_for(url, self.environ)
        try:
            response = self._manager(url, proxy).request(
                method,
                url,
                headers=dict(headers),
                body=body or None,
                redirect=False,
                retries=_Retry.times(retries),
                timeout=self.timeout,
                preload_content=False,
            )
            return _answer(response, host, url, limit)
        except (HTTPError, OSError, ValueError) as error:
            raise RequestFailed(host, failure_reason(error, proxy, self.timeout)) from error

    def _manager(self, url: str, proxy: str) -> PoolManager:
        """One for each origin, as each has its own TLS files. Raises `ValueError` for files that cannot be used."""
        parts = urlsplit(url)
        with self._lock:
            origin = (parts.scheme, parts.netloc)
            if origin not in self._managers:
                self._managers[origin] = self._connect(parts.scheme, parts.netloc.rpartition("@")[2], proxy)
            return self._managers[origin]

    def _connect(self, scheme: str, host: str, proxy: str) -> PoolManager:
        context = self._tls_context(host) if scheme == "https" else None
        if proxy:
            address, user, password = split_credentials(proxy)
            login = f"{user}:{password}" if user or password else None
            manager: PoolManager = ProxyManager(
                address,
                maxsize=KEPT_CONNECTIONS,
                ssl_context=context,
                proxy_headers=make_headers(proxy_basic_auth=login) if login else None,
            )
        else:
            manager = PoolManager(maxsize=KEPT_CONNECTIONS, ssl_context=context)
        if context is not None and context.verify_mode == ssl.CERT_NONE:
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": _UncheckedPool}
        return manager

    def _tls_context(self, host: str) -> ssl.SSLContext:
        """What docker trusts: the system's authorities, and the files in the host's folder of `certificates`."""
        context = ssl.create_default_context()
        if self.insecure(host):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        file = self.certificates / host
        try:
            for file in sorted((self.certificates / host).glob("*.crt")):
                context.load_verify_locations(file)
            for file in sorted((self.certificates / host).glob("*.cert")):
                context.load_cert_chain(file, file.with_suffix(".key"))
        except FileNotFoundError:
            raise ValueError(f"client certificate {file} has no key {file.with_suffix('.key').name}") from None
        except OSError as error:
            why = (
                "it is not PEM, or not the certificate of its key"
                if isinstance(error, ssl.SSLError)
                else error.strerror
            )
            raise ValueError(f"certificate file {file} cannot be used: {why}") from None
        return context


SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class _Retry(Retry):
    """Waits for a busy server, but never long, and not for one that was silent for the whole time it had."""

    @classmethod
    def times(cls, count: int) -> _Retry:
        return cls(
            total=None,
            connect=0,
            read=count,
            status=count,
            other=0,
            status_forcelist=BUSY,
            allowed_methods=None,
            raise_on_status=False,
            backoff_factor=PAUSE,
        )

    def get_backoff_time(self) -> float:
        return PAUSE

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            seconds = super().get_retry_after(response)
        except InvalidHeader:
            return None
        return None if seconds is None else min(seconds, LONGEST_PAUSE)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


class _UncheckedConnection(HTTPSConnection):
    """To a host that the user declared insecure: urllib3 need not warn of each request, and its filter is global."""

    def connect(self) -> None:
        super().connect()
        self.is_verified = True


class _UncheckedPool(HTTPSConnectionPool):
    ConnectionCls = _UncheckedConnection


def _parse(url: str) -> SplitResult:
    """The parts of a URL. Raises `RequestFailed`."""
    try:
        parts = urlsplit(url)
        if parts.hostname and (parts.port is None or parts.port):
            return parts
    except ValueError:
        pass
    raise RequestFailed(masked(url), "it is not a valid address")


def _joined(url: str, location: str) -> str:
    """Where a redirect leads to. Raises `RequestFailed`."""
    host = _parse(url).netloc.rpartition("@")[2]
    try:
        joined = urljoin(url, location)
        scheme = urlsplit(joined).scheme
    except ValueError:
        raise RequestFailed(host, "redirected to an address that is not valid") from None
    if scheme not in ("http", "https"):
        raise RequestFailed(host, f"redirected to {scheme}:, which is not supported")
    return joined


def _answer(response: BaseHTTPResponse, host: str, url: str, limit: int | None) -> HttpResponse:
    try:
        body = response.read(None if limit is None else limit + 1, decode_content=True)
        if limit is not None and len(body) > limit:
            response.close()
            raise RequestFailed(host, f"the answer has more than {limit} bytes")
    finally:
        response.release_conn()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(status=response.status, headers=headers, body=body, url=url)
