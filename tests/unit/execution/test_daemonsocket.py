"""Asking the daemon over its socket, against small daemons of our own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from buildx_tasks.execution.docker import socket as daemonsocket
from buildx_tasks.execution.docker.probe import answers, ask
from buildx_tasks.execution.docker.socket import daemon_info
from buildx_tasks.execution.verdicts import VerdictCache
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Engine

INFO = {"ServerVersion": "26.1.5", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}


@contextmanager
def daemon(path: Path, answer: bytes) -> Iterator[list[bytes]]:
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _address = server.accept()
            with connection:
                asked.append(connection.recv(1000))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        thread.join(5)


def ok(info: object) -> bytes:
    return b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(info).encode()


@pytest.fixture
def sock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("d.sock")


def test_what_the_daemon_says(sock: Path) -> None:
    with daemon(sock, ok(INFO)) as asked:
        assert daemon_info({"DOCKER_HOST": f"unix://{sock}"}, str(sock.parent)) == INFO
    assert asked[0].startswith(b"GET /info HTTP/1.0\r\n")


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.0 404 Not Found\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n{", ok([1]), b"nonsense"],
)
def test_another_answer_is_none(sock: Path, answer: bytes) -> None:
    with daemon(sock, answer):
        assert daemon_info({"DOCKER_HOST": f"unix://{sock}"}, str(sock.parent)) == {}


@pytest.mark.parametrize(
    ("environ", "config", "asked"),
    [
        ({}, {}, True),
        ({}, {"currentContext": "default"}, True),
        ({}, {"currentContext": "far"}, False),
        ({"DOCKER_CONTEXT": "far"}, {}, False),
        ({"DOCKER_CONTEXT": "default"}, {"currentContext": "far"}, True),
        ({"DOCKER_HOST": "tcp://far:2375"}, {}, False),
        ({"DOCKER_HOST": "ssh://far"}, {}, False),
        ({"DOCKER_HOST": "unix://none.sock"}, {}, False),
    ],
)
def test_only_the_daemon_that_docker_would_ask(
    sock: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    config: dict[str, str],
    asked: bool,
) -> None:
    monkeypatch.setattr(daemonsocket, "USUAL_SOCKET", str(sock))
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(config))
    if not asked:
        assert daemon_info(environ, str(tmp_path)) == {}
        return
    with daemon(sock, ok(INFO)):
        assert daemon_info(environ, str(tmp_path)) == INFO


class Docker:
    """A docker CLI that knows its version, and says of its store what it is told to."""

    def __init__(self, status: str = "[]") -> None:
        self.status = status
        self.commands: list[tuple[str, ...]] = []

    def capture(self, command: Command) -> Completed:
        self.commands.append(command.argv[1:2])
        versions = '{"Client":{"Version":"26.1.5"},"Server":{"Version":"26.1.5","Os":"linux","Arch":"arm64"}}'
        text = {"version": versions, "info": self.status}.get(command.argv[1], "")
        return Completed(command=command, code=0 if text else 1, stdout=text)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise NotImplementedError

    def stop(self) -> None:
        """Nothing runs."""


def probe(docker: Docker, sock: Path) -> Engine:
    environ, home = {"DOCKER_HOST": f"unix://{sock}"}, str(sock.parent)
    return answers(ask(docker, environ, home, VerdictCache(None)), docker, environ, home, "off")


@pytest.mark.parametrize(
    ("info", "store"), [(INFO, CONTAINERD), ({**INFO, "DriverStatus": [["Backing Filesystem", "extfs"]]}, CLASSIC)]
)
def test_the_store_is_known_without_a_docker_process(sock: Path, info: dict[str, object], store: str) -> None:
    docker = Docker()
    with daemon(sock, ok(info)):
        engine = probe(docker, sock)
    assert (engine.daemon.store, engine.daemon.platform) == (store, "linux/arm64")
    assert ("info",) not in docker.commands


def test_docker_is_asked_when_the_socket_is_silent(tmp_path: Path) -> None:
    docker = Docker('[["driver-type","io.containerd.snapshotter.v1"]]')
    engine = probe(docker, tmp_path / "none")
    assert engine.daemon.store == CONTAINERD
    assert ("info",) in docker.commands
