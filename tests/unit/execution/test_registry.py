"""Asking a registry, against a small one in this process: digests, access, plain HTTP, moves, busy answers, tags."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import pytest

from buildx_tasks.execution.http.client import HttpClient, insecure_hosts
from buildx_tasks.execution.registry.client import Manifest, RegistryClient
from buildx_tasks.execution.registry.dockerauth import Login, Logins
from buildx_tasks.execution.registry.errors import NotInRegistry, RegistryDenied, RegistryError, RegistryUnreachable
from buildx_tasks.model.command import NOT_FOUND, Command, Completed, Write

INDEX = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
OTHER = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}'
PASSWORD = {"me": "secret"}


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class FakeRegistry(ThreadingHTTPServer):
    """Holds manifests by repository and name; how it wants to be asked is set by the test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.access = ""
        self.says_digest = True
        self.busy = 0
        self.bad = False
        self.moves_to = ""
        self.seen: list[tuple[str, str]] = []
        self.scopes: list[str] = []
        self.connections = 0
        self.sockets: list[socket.socket] = []
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.uploads_to = ""
        self.page = 100
        self.authorised: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def put(self, repository: str, tag: str, body: bytes) -> str:
        self.manifests[repository, tag] = self.manifests[repository, digest_of(body)] = body
        return digest_of(body)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        self.sockets.append(request)
        super().finish_request(request, client_address)

    def hang_up(self) -> None:
        """Close all connections, as servers do with idle ones."""
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    server: FakeRegistry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on standard error."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        registry = self.server
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        registry.seen.append((self.command, self.path))
        parts = urlsplit(self.path)
        if parts.path == "/token":
            return self.token(parse_qs(parts.query or body.decode()))
        if self.in_trouble():
            return None
        if (refused := self.refuses()) is not None:
            return self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED"}]}', WWW_Authenticate=refused)
        if parts.path == "/v2/":
            return self.answer(200, b"{}")
        if self.headers.get("Authorization"):
            registry.authorised.append(self.path)
        if "/blobs/" in parts.path:
            return self.blob(parts, body)
        if parts.path.endswith("/tags/list"):
            return self.tags(parts)
        repository, _, name = parts.path.removeprefix("/v2/").partition("/manifests/")
        if self.command == "DELETE":
            found = registry.manifests.pop((repository, name), None)
            return self.answer(202 if found else 404)
        if self.command == "PUT":
            assert self.headers["Content-Type"]
            registry.manifests[repository, name] = body
            return self.answer(201)
        found = registry.manifests.get((repository, name.replace("%3A", ":")))
        if found is None or "oci.image.index" not in self.headers["Accept"]:
            return self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
        said = {"Docker_Content_Digest": digest_of(found)} if registry.says_digest else {}
        return self.answer(200, found, Content_Type=json.loads(found)["mediaType"], **said)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the server's own names

    def in_trouble(self) -> bool:
        """Whether the request was answered as a registry in trouble does."""
        registry = self.server
        if registry.busy:
            registry.busy -= 1
            self.answer(503, b'{"errors":[{"message":"busy"}]}')
        elif registry.bad:
            self.answer(400, b'{"errors":[{"code":"MANIFEST_INVALID"}]}')
        elif registry.moves_to:
            self.answer(307, Location=f"{registry.moves_to}{self.path}")
        else:
            return False
        return True

    def blob(self, parts: SplitResult, body: bytes) -> None:
        registry = self.server
        repository, _, name = parts.path.removeprefix("/v2/").partition("/blobs/")
        if self.command == "POST":
            return self.answer(202, Location=f"{registry.uploads_to}/v2/{repository}/blobs/uploads/1?state=x")
        if self.command == "PUT":
            asked = parse_qs(parts.query)
            assert asked["state"] == ["x"]
            registry.blobs[repository, asked["digest"][0]] = body
            return self.answer(201)
        found = registry.blobs.get((repository, name))
        return self.answer(404 if found is None else 200, found or b"")

    def tags(self, parts: SplitResult) -> None:
        """One page of the tags, with a link to the next that is relative, as registries send it."""
        registry = self.server
        repository = parts.path.removeprefix("/v2/").removesuffix("/tags/list")
        names = sorted(name for where, name in registry.manifests if where == repository and ":" not in name)
        if not names:
            return self.answer(404)
        last = parse_qs(parts.query).get("last", [""])[0]
        names = [name for name in names if name > last]
        page, more = names[: registry.page], names[registry.page :]
        link = {"Link": f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'} if more else {}
        return self.answer(200, json.dumps({"name": repository, "tags": page}).encode(), **link)

    def refuses(self) -> str | None:
        registry, said = self.server, self.headers.get("Authorization", "")
        if registry.access == "basic" and said != f"Basic {base64.b64encode(b'me:secret').decode()}":
            return 'Basic realm="x"'
        if registry.access == "bearer" and said not in ("Bearer from-password", "Bearer from-token"):
            return f'Bearer realm="http://{registry.host}/token",service="reg",scope="repository:wrong:pull"'
        return None

    def token(self, asked: dict[str, list[str]]) -> None:
        self.server.scopes.append(asked.get("scope", [""])[0])
        assert asked["service"] == ["reg"]
        said = self.headers.get("Authorization", "")
        if asked.get("refresh_token") == ["long-lived"]:
            return self.answer(200, b'{"access_token":"from-token"}')
        if said == f"Basic {base64.b64encode(b'me:secret').decode()}":
            return self.answer(200, b'{"token":"from-password"}')
        return self.answer(401, b'{"errors":[{"message":"who are you"}]}')


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    server = FakeRegistry()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class HelperRunner:
    """A runner that knows one credential helper."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[Command] = []

    def capture(self, command: Command) -> Completed:
        self.asked.append(command)
        if command.argv[0].removeprefix("docker-credential-") not in self.answers:
            return Completed(command=command, code=NOT_FOUND, stderr="not found")
        answer = self.answers[command.argv[0].removeprefix("docker-credential-")]
        return Completed(command=command, code=0 if answer.startswith("{") else 1, stdout=answer)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise NotImplementedError

    def stop(self) -> None:
        """Nothing runs."""


_made: list[RegistryClient] = []


def client(config: dict[str, Any] | None = None) -> RegistryClient:
    _made.append(RegistryClient(Logins(config or {}, HelperRunner()), HttpClient({}, insecure=insecure_hosts(()))))
    return _made[-1]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _made:
        _made.pop().close()


def auths(registry: FakeRegistry, password: str = "secret") -> dict[str, Any]:
    return {"auths": {registry.host: {"auth": base64.b64encode(f"me:{password}".encode()).decode()}}}


class TestCheckAccess:
    @pytest.mark.parametrize("access", ["basic", "bearer"])
    @pytest.mark.parametrize(("password", "status"), [("secret", 200), ("wrong", 401), (None, 401)])
    def test_lets_in_whom_the_registry_knows(
        self, registry: FakeRegistry, access: str, password: str | None, status: int
    ) -> None:
        registry.access = access
        assert client(auths(registry, password) if password else None).check_access(registry.host) == status
        assert all(scope == "" for scope in registry.scopes)

    def test_is_open_where_nobody_is_asked_for(self, registry: FakeRegistry) -> None:
        assert client().check_access(registry.host) == 200

    def test_says_why_nobody_answers(self, registry: FakeRegistry) -> None:
        registry.moves_to = f"http://{registry.host}"
        with pytest.raises(RegistryError, match="redirected too many times"):
            client().check_access(registry.host)


class TestDigest:
    def test_of_a_tag_and_of_a_digest(self, registry: FakeRegistry) -> None:
        digest = registry.put("team/app", "v1", INDEX)
        asking = client()
        assert asking.digest(f"{registry.host}/team/app:v1") == digest
        assert asking.digest(f"{registry.host}/team/app@{digest}") == digest
        assert [method for method, _path in registry.seen] == ["HEAD", "HEAD"]

    def test_is_empty_for_what_is_not_there(self, registry: FakeRegistry) -> None:
        assert client().digest(f"{registry.host}/team/app:v1") == ""
        assert client().manifest(f"{registry.host}/team/app:v1").digest == ""

    def test_is_computed_when_the_registry_does_not_say_it(self, registry: FakeRegistry) -> None:
        registry.says_digest = False
        assert client().digest(f"{registry.host}/app:v1") == ""
        digest = registry.put("app", "v1", OTHER)
        assert client().digest(f"{registry.host}/app:v1") == digest

    def test_connections_are_kept(self, registry: FakeRegistry) -> None:
        registry.put("app", "v1", INDEX)
        asking = client()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(asking.digest, [f"{registry.host}/app:v1"] * 40))
        assert set(answers) == {digest_of(INDEX)}
        assert registry.connections <= 5

    def test_a_closed_connection_is_opened_again(self, registry: FakeRegistry) -> None:
        registry.put("app", "v1", INDEX)
        asking = client()
        assert asking.digest(f"{registry.host}/app:v1")
        registry.hang_up()
        assert asking.digest(f"{registry.host}/app:v1")

    def test_one_busy_answer_is_no_problem(self, registry: FakeRegistry) -> None:
        registry.put("app", "v1", INDEX)
        registry.busy = 1
        assert client().digest(f"{registry.host}/app:v1")
        registry.busy = 2
        with pytest.raises(RegistryError, match=r"cannot be asked about app: 503"):
            client().manifest(f"{registry.host}/app:v1")

    def test_a_move_is_followed(self, registry: FakeRegistry) -> None:
        registry.put("app", "v1", INDEX)
        moved = FakeRegistry()
        thread = threading.Thread(target=moved.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        moved.moves_to = f"http://{registry.host}"
        assert client().digest(f"{moved.host}/app:v1")
        moved.moves_to = f"http://{moved.host}"
        with pytest.raises(RegistryError, match="redirected too many times"):
            client().digest(f"{moved.host}/app:v1")
        moved.shutdown()
        moved.server_close()

    def test_a_silent_registry_is_asked_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asking = client()
        with pytest.raises(RegistryError, match=r"request to 127\.0\.0\.1:1 failed: connection refused"):
            asking.digest("127.0.0.1:1/app:v1")

        def forbidden(*_args: object) -> None:
            raise AssertionError("asked again")

        monkeypatch.setattr(asking.http, "send", forbidden)
        with pytest.raises(RegistryError, match="refused"):
            asking.digest("127.0.0.1:1/other:v1")

    def test_only_an_insecure_registry_is_spoken_to_without_tls(self) -> None:
        insecure = insecure_hosts(["reg.example:5000"])
        assert all(map(insecure, ("reg.example:5000", "localhost:5000", "127.0.0.1", "[::1]:5000")))
        assert not any(map(insecure, ("reg.example", "localhost.example")))
        asking = RegistryClient(Logins({}, HelperRunner()), HttpClient({}, insecure=insecure))
        assert asking._possible("reg.example") == ["https"]


class TestAccess:
    @pytest.mark.parametrize("access", ["basic", "bearer"])
    def test_with_a_password(self, registry: FakeRegistry, access: str) -> None:
        digest = registry.put("app", "v1", INDEX)
        registry.access = access
        asking = client(auths(registry))
        for _ in range(3):
            assert asking.digest(f"{registry.host}/app:v1") == digest
        assert registry.scopes == (["repository:app:pull"] if access == "bearer" else [])
        assert len([path for _method, path in registry.seen if path.startswith("/v2/")]) == 4

    @pytest.mark.parametrize(
        ("access", "message"), [("basic", "401 UNAUTHORIZED"), ("bearer", "authentication failed: 401")]
    )
    def test_without_one_or_with_a_wrong_one(self, registry: FakeRegistry, access: str, message: str) -> None:
        registry.access = access
        for config in ({}, auths(registry, "wrong")):
            with pytest.raises(RegistryError, match=message) as caught:
                client(config).manifest(f"{registry.host}/app:v1")
            assert "wrong" not in str(caught.value)

    def test_with_a_refresh_token(self, registry: FakeRegistry) -> None:
        registry.access = "bearer"
        registry.put("app", "v1", INDEX)
        config = {"auths": {f"https://{registry.host}/v1/": {"identitytoken": "long-lived"}}}
        assert client(config).digest(f"{registry.host}/app:v1")

    def test_each_repository_has_a_token_of_its_own(self, registry: FakeRegistry) -> None:
        registry.access = "bearer"
        asking = client(auths(registry))
        registry.put("a", "v1", INDEX)
        registry.put("b", "v1", INDEX)
        assert asking.digest(f"{registry.host}/a:v1") == asking.digest(f"{registry.host}/b:v1") != ""
        assert registry.scopes == ["repository:a:pull", "repository:b:pull"]


class TestLogins:
    ENTRY = {"auth": base64.b64encode(b"u:p:q").decode()}  # noqa: RUF012

    @pytest.mark.parametrize(
        ("config", "host", "login"),
        [
            ({}, "r.io", Login()),
            ({"auths": {"r.io": ENTRY}}, "r.io", Login(user="u", password="p:q")),
            ({"auths": {"https://r.io/v2/": ENTRY}}, "r.io", Login(user="u", password="p:q")),
            ({"auths": {"r.io": ENTRY}}, "r.io:5000", Login()),
            ({"auths": {"r.io": {}}}, "r.io", Login()),
            ({"auths": {"r.io": {"auth": "%"}}}, "r.io", Login()),
            ({"auths": {"r.io": {"username": "u", "password": "p"}}}, "r.io", Login(user="u", password="p")),
            ({"auths": {"https://index.docker.io/v1/": ENTRY}}, "docker.io", Login(user="u", password="p:q")),
            ({"credHelpers": {"r.io": "one"}, "auths": {"r.io": ENTRY}}, "r.io", Login(user="hu", password="hp")),
            ({"credsStore": "one"}, "r.io", Login(user="hu", password="hp")),
            ({"credsStore": "token"}, "r.io", Login(token="t")),
            ({"credsStore": "none"}, "r.io", Login()),
            ({"credsStore": "missing", "auths": {"r.io": ENTRY}}, "r.io", Login(user="u", password="p:q")),
            ({"credHelpers": {"other.io": "one"}}, "r.io", Login()),
        ],
    )
    def test_are_found_as_docker_finds_them(self, config: dict[str, Any], host: str, login: Login) -> None:
        runner = HelperRunner(
            one='{"Username":"hu","Secret":"hp"}',
            token='{"Username":"<token>","Secret":"t"}',
            none="credentials not found in native keychain",
        )
        logins = Logins(config, runner)
        assert (logins.login(host), logins.login(host)) == (login, login)
        assert len(runner.asked) <= 1
        for command in runner.asked:
            assert command.stdin == host
            assert host not in repr(command)

    def test_never_show_themselves(self) -> None:
        assert repr(Login(user="u", password="hidden", token="hidden")) == "Login(user='u')"


class TestRetag:
    def test_puts_the_very_same_bytes(self, registry: FakeRegistry) -> None:
        old, new = registry.put("app", "v1", INDEX), registry.put("app", "v2", OTHER)
        registry.access = "bearer"
        asking = client(auths(registry))
        asking.retag(f"{registry.host}/app:v2", old)
        assert asking.digest(f"{registry.host}/app:v2") == old != new
        assert "repository:app:pull,push" in registry.scopes

    def test_says_when_it_was_refused(self, registry: FakeRegistry) -> None:
        digest = registry.put("app", "v1", INDEX)
        asking = client()
        asking.digest(f"{registry.host}/app:v1")
        registry.access = "basic"
        with pytest.raises(RegistryError, match="401"):
            asking.retag(f"{registry.host}/app:v2", digest)

    def test_needs_the_manifest_in_the_same_repository(self, registry: FakeRegistry) -> None:
        digest = registry.put("other", "v1", INDEX)
        with pytest.raises(NotInRegistry, match=f"has no {registry.host}/app@{digest}"):
            client().retag(f"{registry.host}/app:v2", digest)


class TestManifests:
    def test_are_written_as_they_are(self, registry: FakeRegistry) -> None:
        manifest = Manifest(
            digest=digest_of(OTHER), media_type="application/vnd.oci.image.manifest.v1+json", body=OTHER
        )
        asking = client()
        assert asking.put_manifest(f"{registry.host}/app:v1", manifest) == digest_of(OTHER)
        assert asking.manifest(f"{registry.host}/app:v1") == manifest

    def test_of_another_digest_than_asked_for_are_refused(self, registry: FakeRegistry) -> None:
        digest = registry.put("app", "v1", INDEX)
        registry.manifests["app", digest] = OTHER
        with pytest.raises(RegistryError, match="has another digest: " + digest_of(OTHER)):
            client().manifest(f"{registry.host}/app@{digest}")

    def test_are_deleted_once(self, registry: FakeRegistry) -> None:
        registry.put("app", "v1", INDEX)
        registry.access = "bearer"
        asking = client(auths(registry))
        assert asking.delete_manifest(f"{registry.host}/app:v1")
        assert not asking.delete_manifest(f"{registry.host}/app:v1")
        assert registry.scopes == ["repository:app:delete"]
        assert registry.manifests == {("app", digest_of(INDEX)): INDEX}

    def test_that_are_bad_are_not_taken_for_a_registry_behind_tls(self, registry: FakeRegistry) -> None:
        registry.bad = True
        with pytest.raises(RegistryError, match=r"rejected manifest .*: 400 MANIFEST_INVALID"):
            client().put_manifest(f"{registry.host}/app:v1", Manifest(digest="", media_type="a/b", body=b"{}"))


class TestTags:
    def test_come_from_all_pages(self, registry: FakeRegistry) -> None:
        registry.page = 2
        names = [f"v{number}" for number in range(5)]
        for name in names:
            registry.put("team/app", name, INDEX)
        assert client().tags(f"{registry.host}/team/app") == tuple(names)
        assert len(registry.seen) == 3

    def test_of_an_unknown_repository_are_none(self, registry: FakeRegistry) -> None:
        assert client().tags(f"{registry.host}/team/app:v1") == ()

    def test_cannot_be_listed_by_everybody(self, registry: FakeRegistry) -> None:
        registry.access = "basic"
        with pytest.raises(RegistryDenied, match="cannot list the tags of app: 401 UNAUTHORIZED") as caught:
            client().tags(f"{registry.host}/app")
        assert (caught.value.status, caught.value.hint) == (401, f"log in:  docker login {registry.host}")


class TestBlobs:
    def test_are_written_once_and_read(self, registry: FakeRegistry) -> None:
        registry.access = "bearer"
        asking = client(auths(registry))
        digests = {asking.put_blob(f"{registry.host}/app", b"content") for _ in range(2)}
        assert digests == {digest_of(b"content")}
        assert [method for method, path in registry.seen if "/blobs/" in path].count("POST") == 1
        assert asking.blob(f"{registry.host}/app", digest_of(b"content")) == b"content"
        assert registry.scopes == ["repository:app:pull", "repository:app:pull,push"]

    def test_go_where_the_registry_sends_them_without_the_credentials(self, registry: FakeRegistry) -> None:
        storage = FakeRegistry()
        thread = threading.Thread(target=storage.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        registry.access, registry.uploads_to = "basic", f"http://{storage.host}"
        client(auths(registry)).put_blob(f"{registry.host}/app", b"content")
        storage.shutdown()
        storage.server_close()
        assert storage.blobs == {("app", digest_of(b"content")): b"content"}
        assert registry.authorised != storage.authorised == []

    def test_that_are_missing_changed_or_too_large_are_told_apart(self, registry: FakeRegistry) -> None:
        digest = digest_of(b"content")
        with pytest.raises(NotInRegistry, match=f"has no blob {digest} of app"):
            client().blob(f"{registry.host}/app", digest)
        registry.blobs["app", digest] = b"other"
        with pytest.raises(RegistryError, match="has other content"):
            client().blob(f"{registry.host}/app", digest)
        with pytest.raises(RegistryUnreachable, match="has more than 4 bytes"):
            client().blob(f"{registry.host}/app", digest, limit=4)
