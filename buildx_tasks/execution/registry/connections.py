"""HTTP over a few kept connections, for use from several threads: what asking a registry a hundred times needs."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from buildx_tasks.errors import WorkFailed

CERTIFICATES = Path("/etc/docker/certs.d")
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
MOVES = 3


class NoAnswerError(WorkFailed):
    """A host did not answer, or not in HTTP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Connections to any hosts, each used by one thread at a time and kept for the next.

    TLS certificates of `insecure` hosts (``host[:port]``) and of the local machine are not checked. A proxy of
    `environ` is used for HTTPS.
    """

    def __init__(
        self,
        insecure: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.insecure = frozenset(insecure)
        self.connect_seconds = connect_seconds
        self.answer_seconds = answer_seconds
        self.environ = environ or {}
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = defaultdict(list)
        self._lock = threading.Lock()

    def is_insecure(self, host: str) -> bool:
        """Whether a host may be spoken to without checked TLS, by the user's word or because it is this machine."""
        name = urlsplit(f"//{host}").hostname or ""
        return host in self.insecure or name in ("localhost", "::1") or name.startswith("127.")

    def is_proxied(self, host: str) -> bool:
        """Whether the way to a host leads through a proxy."""
        return bool(_proxy(host, self.environ))

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """One request; moves are followed, without the authorisation when they lead to another host.

        Raises `NoAnswerError`.
        """
        for _ in range(MOVES):
            answer = self._exchange(method, url, headers, body)
            location = answer.headers.get("location", "")
            if answer.status not in (301, 302, 307, 308) or not location:
                return answer
            before, url = url, urljoin(url, location)
            if urlsplit(url).netloc != urlsplit(before).netloc:
                headers = {name: value for name, value in headers.items() if name != "Authorization"}
        raise NoAnswerError(f"{urlsplit(url).netloc} sends us from place to place")

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            kept = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in kept:
            connection.close()

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send and receive over an idle connection, or a new one; an idle one may have been closed meanwhile."""
        parts = urlsplit(url)
        place = (parts.scheme, parts.netloc)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        while True:
            with self._lock:
                idle = self._idle[place].pop() if self._idle[place] else None
            connection = idle or self._connect(*place)
            try:
                connection.request(method, target, body or None, dict(headers))
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if idle is None:
                    raise _no_answer(parts.netloc, error) from error
                continue
            if response.will_close:
                connection.close()
            else:
                with self._lock:
                    self._idle[place].append(connection)
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=found, body=content)

    def _connect(self, scheme: str, host: str) -> http.client.HTTPConnection:
        try:
            connection = self._tls(host) if scheme == "https" else http.client.HTTPConnection(host)
            connection.timeout = self.connect_seconds
            connection.connect()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise _no_answer(host, error) from error
        assert connection.sock is not None
        connection.sock.settimeout(self.answer_seconds)
        with contextlib.suppress(OSError):
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _tls(self, host: str) -> http.client.HTTPConnection:
        context = self._tls_context(host)
        proxy = urlsplit(_proxy(host, self.environ))
        if not proxy.hostname:
            return http.client.HTTPSConnection(host, context=context)
        connection = http.client.HTTPSConnection(proxy.hostname, proxy.port or 3128, context=context)
        said = {"Proxy-Authorization": basic(proxy.username, proxy.password or "")} if proxy.username else {}
        real = urlsplit(f"//{host}")
        connection.set_tunnel(real.hostname or host, real.port or 443, said)
        return connection

    def _tls_context(self, host: str) -> ssl.SSLContext:
        """What docker trusts: the system's authorities, and the files that a folder of the host's name holds."""
        context = ssl.create_default_context()
        if self.is_insecure(host):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        folder = CERTIFICATES / host
        if folder.is_dir():
            for authority in sorted(folder.glob("*.crt")):
                context.load_verify_locations(authority)
            for certificate in sorted(folder.glob("*.cert")):
                context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        return context


def basic(user: str, password: str) -> str:
    """The value of an ``Authorization`` header for user name and password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _proxy(host: str, environ: Mapping[str, str]) -> str:
    """The proxy for HTTPS to `host`, "" for none; names in lower case win, as everywhere."""
    proxy = environ.get("https_proxy") or environ.get("HTTPS_PROXY") or ""
    if not proxy or _goes_direct(host, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _goes_direct(host: str, no_proxy: str) -> bool:
    """Whether a list of names and domains, with or without ports, spares `host` the proxy."""
    name = urlsplit(f"//{host}").hostname or host
    said = [item.strip().lower().lstrip("*").lstrip(".") for item in no_proxy.split(",") if item.strip()]
    return any(item in ("", name, host) or name.endswith(f".{item}") for item in said)


def _no_answer(host: str, error: Exception) -> NoAnswerError:
    why = "it took too long" if isinstance(error, TimeoutError) else getattr(error, "strerror", "") or str(error)
    return NoAnswerError(f"{host} does not answer: {why or type(error).__name__}")
