"""HTTP to hosts of each kind, against servers in this process: TLS, proxies, redirects, silence, junk."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from buildx_tasks.execution.http.client import HttpClient
from buildx_tasks.execution.http.errors import RequestFailed
from buildx_tasks.execution.http.proxies import proxy_for


class Server(ThreadingHTTPServer):
    """Answers every request with what `respond` says; `seen` are request lines and headers."""

    daemon_threads = True

    def __init__(self, respond: Callable[[Handler], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond = respond
        self.seen: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that fails is what some tests are about; its alert must arrive before the connection ends."""
        time.sleep(0.2)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on standard error."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.requestline, {key.lower(): value for key, value in self.headers.items()}))
        self.server.respond(self)

    do_HEAD = do_PUT = do_POST = do_CONNECT = do_GET  # noqa: N815 - the server's own names

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def fine(handler: Handler) -> None:
    handler.answer(200, b"fine")


@contextmanager
def serving(
    respond: Callable[[Handler], None] = fine, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, Server]]:
    """The address (``127.0.0.1:PORT``) of a server, and the server."""
    server = Server(respond)
    if tls is not None:
        # The handshake takes place in the request's thread, so that a silent client holds nobody up.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def speaking(words: bytes, *, hold: bool = False) -> Iterator[str]:
    """The address of a server that reads a little, says these bytes and closes, or waits when it is to `hold`."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = threading.Event()

        def speak() -> None:
            while not done.is_set():
                try:
                    client, _address = listening.accept()
                except OSError:
                    return
                with client:
                    client.recv(1 << 12)
                    client.sendall(words)
                    if hold:
                        done.wait(10)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        done.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@contextmanager
def client(environ: dict[str, str] | None = None, **options: Any) -> Iterator[HttpClient]:
    with HttpClient(environ or {}, **{"connect_seconds": 2.0, "answer_seconds": 2.0, **options}) as made:
        yield made


def failure(url: str, environ: dict[str, str] | None = None, **options: Any) -> str:
    with client(environ, **options) as http, pytest.raises(RequestFailed) as caught:
        http.send("GET", url)
    return caught.value.reason


class TestWithoutAnAnswer:
    def test_a_port_that_nobody_listens_at(self) -> None:
        with client() as http, pytest.raises(RequestFailed) as caught:
            http.send("GET", "http://me:secret@127.0.0.1:1/v2/")
        assert str(caught.value) == "request to 127.0.0.1:1 failed: connection refused"

    def test_a_name_that_nobody_has(self) -> None:
        assert failure("http://name.invalid/") == "its name cannot be resolved"

    def test_silence(self) -> None:
        with speaking(b"", hold=True) as host:
            assert failure(f"http://{host}/", answer_seconds=0.2) == "no answer within 0.2 s"

    def test_silence_instead_of_a_handshake(self) -> None:
        with speaking(b"", hold=True) as host:
            assert "0.2 s" in failure(f"https://{host}/", connect_seconds=0.2, answer_seconds=0.2)

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (b"", "it closed the connection without an answer"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "its answer is not HTTP"),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                "it closed the connection in the middle of the answer",
            ),
        ],
    )
    def test_junk(self, words: bytes, reason: str) -> None:
        with speaking(words) as host:
            assert failure(f"http://{host}/") == reason

    def test_an_answer_that_is_too_large(self) -> None:
        with serving(lambda handler: handler.answer(200, b"x" * 11)) as (host, _server), client() as http:
            assert http.send("GET", f"http://{host}/", limit=11).body == b"x" * 11
            with pytest.raises(RequestFailed, match="the answer has more than 10 bytes"):
                http.send("GET", f"http://{host}/", limit=10)

    @pytest.mark.parametrize("url", ["http://[bad/", "http://127.0.0.1:99999/", "http://h:x/", "http:///path"])
    def test_an_address_that_is_none(self, url: str) -> None:
        with client() as http, pytest.raises(RequestFailed, match="it is not a valid address"):
            http.send("GET", url)


class TestRedirects:
    def test_are_followed_without_the_credentials_to_another_host(self) -> None:
        with (
            serving() as (there, target),
            serving(lambda handler: handler.answer(307, Location=f"http://{there}/x")) as (host, first),
            client() as http,
        ):
            answer = http.send("PUT", f"http://{host}/", {"Authorization": "Basic x", "Accept": "a"}, b"body")
        assert (answer.body, answer.url) == (b"fine", f"http://{there}/x")
        assert first.seen[0][1]["authorization"] == "Basic x"
        line, headers = target.seen[0]
        assert (line, headers["accept"], headers["content-length"]) == ("PUT /x HTTP/1.1", "a", "4")
        assert "authorization" not in headers
        assert headers["user-agent"].startswith("buildx-tasks/")

    def test_keep_the_credentials_on_the_same_host(self) -> None:
        def respond(handler: Handler) -> None:
            handler.answer(303, Location="/there") if handler.path == "/" else handler.answer(200)

        with serving(respond) as (host, server), client() as http:
            http.send("POST", f"http://{host}/", {"Authorization": "Basic x"}, b"body")
        line, headers = server.seen[1]
        assert (line, headers["authorization"]) == ("GET /there HTTP/1.1", "Basic x")

    def test_without_end_are_ended(self) -> None:
        with serving(lambda handler: handler.answer(302, Location="/")) as (host, server):
            assert failure(f"http://{host}/") == "redirected too many times"
        assert len(server.seen) == 6

    def test_to_files_are_refused(self) -> None:
        with serving(lambda handler: handler.answer(302, Location="file:///etc/passwd")) as (host, _server):
            assert failure(f"http://{host}/") == "redirected to file:, which is not supported"


class TestBusy:
    def test_is_waited_for_briefly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        monkeypatch.setattr("time.sleep", waits.append)
        with serving(lambda handler: handler.answer(503, Retry_After="600")) as (host, server), client() as http:
            assert http.send("GET", f"http://{host}/").status == 503
            assert http.send("GET", f"http://{host}/", retries=0).status == 503
        assert (len(server.seen), waits) == (3, [2.0])

    @pytest.mark.parametrize("after", ["soon", ""])
    def test_is_waited_for_also_when_it_does_not_say_how_long(
        self, after: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr("time.sleep", waits.append)
        with serving(lambda handler: handler.answer(429, Retry_After=after)) as (host, _server), client() as http:
            assert http.send("GET", f"http://{host}/").status == 429
        assert waits == [0.2]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`server.pem` is for 127.0.0.1, `client.pem` is a client's; each signed itself, and has a `.key`."""
    folder = tmp_path_factory.mktemp("certificates")
    openssl = shutil.which("openssl")
    assert openssl is not None
    for name, more in (("server", ["-addext", "subjectAltName=IP:127.0.0.1"]), ("client", [])):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
        subprocess.run([*request, *files, *more], cwd=folder, check=True, capture_output=True)
    return folder


def tls_of(certificates: Path, *, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "client.pem")
    return context


def docker_files(folder: Path, host: str, **files: Path) -> Path:
    """A folder like docker's ``certs.d``: `ca`, `cert` and `key` are copied into the host's folder."""
    (folder / host).mkdir(parents=True)
    names = {"ca": "ca.crt", "cert": "client.cert", "key": "client.key"}
    for kind, file in files.items():
        (folder / host / names[kind]).write_bytes(file.read_bytes())
    return folder


class TestTls:
    def test_a_certificate_that_nobody_signed_is_refused_unless_the_host_is_insecure(self, certificates: Path) -> None:
        with serving(tls=tls_of(certificates)) as (host, _server):
            assert failure(f"https://{host}/").startswith("its certificate is not trusted: self")
            with client(insecure=lambda name: name == host) as http:  # without a warning of urllib3
                assert http.send("GET", f"https://{host}/").body == b"fine"

    def test_what_is_signed_by_an_authority_of_docker_is_trusted(self, certificates: Path, tmp_path: Path) -> None:
        with serving(tls=tls_of(certificates)) as (host, _server):
            folder = docker_files(tmp_path, host, ca=certificates / "server.pem")
            with client(certificates=folder) as http:
                assert http.send("GET", f"https://{host}/").body == b"fine"
            other = host.replace("127.0.0.1", "localhost")
            folder = docker_files(tmp_path, other, ca=certificates / "server.pem")
            assert "'localhost'" in failure(f"https://{other}/", certificates=folder)

    def test_a_client_certificate(self, certificates: Path, tmp_path: Path) -> None:
        server, mine = certificates / "server.pem", certificates / "client.pem"
        with serving(tls=tls_of(certificates, wants_client=True)) as (host, _server):
            without = docker_files(tmp_path / "without", host, ca=server)
            assert failure(f"https://{host}/", certificates=without) == "it requires a client certificate"
            wrong = docker_files(tmp_path / "wrong", host, ca=server, cert=server, key=server.with_suffix(".key"))
            assert "it requires a client certificate that it trusts" in failure(f"https://{host}/", certificates=wrong)
            right = docker_files(tmp_path / "right", host, ca=server, cert=mine, key=mine.with_suffix(".key"))
            with client(certificates=right) as http:
                assert http.send("GET", f"https://{host}/").body == b"fine"

    def test_files_that_cannot_be_used_are_named(self, certificates: Path, tmp_path: Path) -> None:
        mine = certificates / "client.pem"
        keyless = docker_files(tmp_path / "keyless", "h:1", cert=mine)
        assert failure("https://h:1/", certificates=keyless) == (
            f"client certificate {keyless}/h:1/client.cert has no key client.key"
        )
        junk = docker_files(tmp_path / "junk", "h:1", ca=mine.with_suffix(".key"))
        assert f"certificate file {junk}/h:1/ca.crt cannot be used: it is not PEM" in (
            failure("https://h:1/", certificates=junk)
        )

    def test_a_server_without_tls(self) -> None:
        with serving() as (host, _server):
            assert failure(f"https://{host}/").startswith("it does not speak TLS")

    def test_a_redirect_is_checked_like_any_request(self, certificates: Path) -> None:
        with (
            serving(tls=tls_of(certificates)) as (there, _target),
            serving(lambda handler: handler.answer(307, Location=f"https://{there}/")) as (host, _first),
        ):
            assert "not trusted" in failure(f"http://{host}/", insecure=lambda name: name == host)


class TestProxies:
    def test_get_their_own_credentials_and_the_host_gets_none(self) -> None:
        with serving() as (host, proxy), client({"http_proxy": f"http://me:p%40ss@{host}"}) as http:
            assert http.send("GET", "http://reg.example/v2/").body == b"fine"
        line, headers = proxy.seen[0]
        assert line == "GET http://reg.example/v2/ HTTP/1.1"
        assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'me:p@ss').decode()}"

    def test_are_asked_for_a_tunnel(self) -> None:
        with serving(lambda handler: handler.answer(407)) as (host, proxy):
            reason = failure("https://reg.example/v2/", {"https_proxy": f"http://me:secret@{host}"})
        assert reason == f"proxy http://{host} rejected the connection: 407 Proxy Authentication Required"
        line, headers = proxy.seen[0]
        assert line.startswith("CONNECT reg.example:443 ")
        assert "proxy-authorization" in headers

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_that_are_not_there_are_named(self, scheme: str) -> None:
        reason = failure(f"{scheme}://reg.example/", {f"{scheme}_proxy": "http://me:secret@127.0.0.1:1"})
        assert reason == "proxy http://127.0.0.1:1: connection refused"

    def test_of_another_kind_are_named(self) -> None:
        reason = failure("https://reg.example/", {"https_proxy": "socks5://127.0.0.1:1"})
        assert reason == "proxy socks5://127.0.0.1:1 is of a kind that is not supported; HTTP and HTTPS proxies are"

    @pytest.mark.parametrize(
        ("environ", "url", "proxy"),
        [
            ({}, "https://reg.example", ""),
            ({"HTTPS_PROXY": "http://p:1"}, "https://reg.example", "http://p:1"),
            ({"HTTPS_PROXY": "http://p:1", "https_proxy": "q:2"}, "https://reg.example", "http://q:2"),
            ({"HTTPS_PROXY": "http://p:1"}, "http://reg.example", ""),
            ({"HTTP_PROXY": "http://p:1"}, "https://reg.example", ""),
            ({"HTTP_PROXY": "http://p:1"}, "http://reg.example", "http://p:1"),
            ({"HTTPS_PROXY": "http://p:1"}, "https://localhost:5000", ""),
            ({"HTTPS_PROXY": "http://p:1"}, "https://127.1.2.3", ""),
            ({"HTTPS_PROXY": "http://p:1"}, "https://[::1]:5000", ""),
        ],
    )
    def test_are_the_environments(self, environ: dict[str, str], url: str, proxy: str) -> None:
        assert proxy_for(url, environ) == proxy

    @pytest.mark.parametrize(
        ("no_proxy", "url", "spared"),
        [
            ("other.io, .example", "https://reg.example", True),
            ("reg.example", "https://reg.example", True),
            ("reg.example", "https://eu.reg.example:5000", True),
            ("*.example", "https://reg.example", True),
            ("reg.example:443", "https://reg.example", True),
            ("reg.example:5000", "https://reg.example", False),
            ("*", "https://reg.example", True),
            ("eg.example", "https://reg.example", False),
            (".reg.example", "https://reg.example", False),
            ("10.0.0.0/8", "https://10.1.2.3:5000", True),
            ("10.0.0.0/8", "https://11.1.2.3:5000", False),
            ("10.0.0.0/8", "https://reg.example", False),
            ("10.1.2.3:5000", "https://10.1.2.3:5000", True),
            ("fd00::/8", "https://[fd00::1]:5000", True),
            ("REG.example", "https://reg.example", True),
            ("", "https://reg.example", False),
        ],
    )
    def test_spare_what_no_proxy_lists(self, no_proxy: str, url: str, spared: bool) -> None:
        for name in ("no_proxy", "NO_PROXY"):
            assert (proxy_for(url, {"https_proxy": "http://p:1", name: no_proxy}) == "") is spared


def test_urllib3_is_imported_when_it_is_needed(tmp_path: Path) -> None:
    """Neither for the list of tasks nor by what a build imports before a registry is asked."""

    modules = (
        "tasks",
        "api",
        "execution.pipeline",
        "execution.run.schedule",
        "execution.config.load",
        "execution.doctor",
    )
    lines = [f"import buildx_tasks.{name}" for name in modules]
    script = "; ".join([*lines, "import sys", "print([name for name in sys.modules if 'urllib3' in name])"])
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
