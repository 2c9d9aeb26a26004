"""Looking a builder up: what is remembered of one that speaks_http2, against small servers of our own."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from buildx_tasks.execution.docker.builder_inspect import look_at_builder
from buildx_tasks.execution.docker.endpoints import check_endpoints, diagnose_endpoint, speaks_http2
from buildx_tasks.execution.verdicts import VerdictCache
from buildx_tasks.model.command import TIMED_OUT, Command, Completed, Write

SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUfnrUrArzj6BKj6htjSxecodXXVowCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjQxNDQzMzFaGA8yMTI2MTAzMTE0NDMz
MVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFxb
6Ey/Lc1I0NphHN1lM+2zPVi5qZi0RX2H5f6SVH41QXCvAR+6bEdxyPl4QKABULLJ
iiEhfUXDPDIn+vFmp/mjUzBRMB0GA1UdDgQWBBQXcMMiabacl6KKvnOtOVsCuMEu
FDAfBgNVHSMEGDAWgBQXcMMiabacl6KKvnOtOVsCuMEuFDAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIC/1Ol7h7eCssJ3po66dc2fNuW805V1FWvCz
WJazZTVZAiEApPekA88XoM9+6Y8PPG7KQq/s94SdStaVsNAOQwO51QY=
-----END CERTIFICATE-----
"""
INSPECTED = """\
Name:   far
Driver: remote

Nodes:
Name:      far0
Endpoint:  {endpoint}
Status:    running
BuildKit:  v0.20.0
Platforms: linux/arm64*, linux/amd64
"""


class Docker:
    """Answers `inspect`, and counts how often it was asked."""

    def __init__(self, endpoint: str) -> None:
        self.text = INSPECTED.format(endpoint=endpoint)
        self.asked = 0

    def capture(self, command: Command) -> Completed:
        assert command.argv[:3] == ("docker", "buildx", "inspect")
        self.asked += 1
        return Completed(command=command, code=0, stdout=self.text)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise AssertionError(command)

    def stop(self) -> None:
        raise AssertionError


@contextmanager
def server(first: bytes, to_tls: bytes | None = None) -> Iterator[str]:
    """Says `first` to whoever speaks to it, or `to_tls` to who speaks TLS, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _address = listening.accept()
                except OSError:
                    return
                heard = connection.recv(1000)
                connection.sendall(first if to_tls is None or not heard.startswith(b"\x16") else to_tls)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


class Here:
    def __init__(self, folder: Path, endpoint: str) -> None:
        self.environ = {"BUILDX_CONFIG": str(folder)}
        self.folder = folder
        self.verdicts = folder / "memory"
        self.docker = Docker(endpoint)
        self.create(endpoint)

    def create(self, endpoint: str) -> None:
        (self.folder / "instances").mkdir(exist_ok=True)
        nodes = [{"Name": "far0", "Endpoint": endpoint, "DriverOpts": None}]
        (self.folder / "instances" / "far").write_text(json.dumps({"Name": "far", "Driver": "remote", "Nodes": nodes}))

    def look(self) -> tuple[str, ...]:
        """The platforms of the builder, as a new run sees it."""
        builder = look_at_builder(
            self.docker, "far", self.environ, str(self.folder), verdicts=VerdictCache(self.verdicts)
        )
        assert (builder.name, builder.driver, builder.nodes[0].running) == ("far", "remote", True)
        assert builder.nodes[0].claimed == ("linux/arm64",)
        return builder.platforms


def test_a_builder_that_greets_is_inspected_once(tmp_path: Path) -> None:
    with server(SETTINGS) as endpoint:
        here = Here(tmp_path, endpoint)
        assert [here.look() for _ in range(3)] == [("linux/arm64", "linux/amd64")] * 3
        assert here.docker.asked == 1


def test_it_is_inspected_again_when_it_was_changed_or_is_silent(tmp_path: Path) -> None:
    with server(SETTINGS) as endpoint, server(SETTINGS) as other:
        here = Here(tmp_path, endpoint)
        here.look()
        here.create(other)
        here.look()
        assert here.docker.asked == 2
        here.create(endpoint)
        here.look()
        assert here.docker.asked == 2
    here.look()
    assert here.docker.asked == 3


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", SETTINGS[:5]])
def test_what_does_not_greet_is_always_inspected(tmp_path: Path, first: bytes) -> None:
    with server(first) as endpoint:
        here = Here(tmp_path, endpoint)
        for _ in range(3):
            here.look()
        assert here.docker.asked == 3
        assert "[]" in here.verdicts.read_text()


def test_a_note_that_can_not_be_read_is_none(tmp_path: Path) -> None:
    with server(SETTINGS) as endpoint:
        here = Here(tmp_path, endpoint)
        here.look()
        here.verdicts.write_text(here.verdicts.read_text()[:90] + "\n")
        assert [here.look(), here.look()] == [("linux/arm64", "linux/amd64")] * 2
        assert here.docker.asked == 2


@pytest.mark.parametrize("endpoint", ["", "unix://{folder}/none", "ssh://host", "tcp://127.0.0.1", "tcp://[:1"])
def test_nobody_greets_where_nobody_is(endpoint: str, tmp_path: Path) -> None:
    assert not speaks_http2({"Endpoint": endpoint.replace("{folder}", str(tmp_path))})


def test_every_node_that_is_not_reached_is_told_of_also_before_they_have_names(tmp_path: Path) -> None:
    one, two = (f"unix://{tmp_path}/{name}" for name in ("one", "two"))
    nodes = [{"Endpoint": endpoint} for endpoint in (one, "ssh://host", two, "ssh://other")]
    said = [reason for reason in check_endpoints(nodes) if reason]
    assert [reason.split(": ")[0] for reason in said] == [f"nothing answers at {name}" for name in (one, two)]


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("tcp://[:1", "tcp://[:1 is not a valid address"),
        ("tcp://h:x", "tcp://h:x is not a valid address"),
        ("unix://{folder}/none", "nothing answers at unix://{folder}/none: No such file"),
        ("tcp://127.0.0.1", "tcp://127.0.0.1 is not a valid address: it has no port"),
        ("tcp://:1", "tcp://:1 is not a valid address: it has no host"),
    ],
)
def test_why_an_endpoint_is_not_reached(endpoint: str, said: str, tmp_path: Path) -> None:
    endpoint, said = (text.replace("{folder}", str(tmp_path)) for text in (endpoint, said))
    assert diagnose_endpoint({"Endpoint": endpoint}).startswith(said)


def test_what_is_no_endpoint_of_ours_to_try_is_not_tried() -> None:
    assert diagnose_endpoint({"Endpoint": "ssh://host"}, 1) == ""


def test_what_answers_is_told_from_what_says_nothing() -> None:
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as other, server(SETTINGS) as right:
        assert diagnose_endpoint({"Endpoint": other}) == f"{other} responds, but is not a BuildKit endpoint"
        assert diagnose_endpoint({"Endpoint": right}, 1) == ""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mute = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        assert diagnose_endpoint({"Endpoint": mute}, 0.1) == f"{mute} did not answer within 0.1 s"
        assert diagnose_endpoint({"Endpoint": mute}) == ""


@pytest.mark.parametrize("refusal", [SETTINGS, b"", b"\x15\x03"])
def test_a_server_without_tls_is_told_however_the_handshake_ends(tmp_path: Path, refusal: bytes) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text(AUTHORITY)
    with server(SETTINGS, to_tls=refusal) as endpoint:
        node = {"Endpoint": endpoint, "DriverOpts": {"cacert": str(authority)}}
        assert diagnose_endpoint(node) == f"TLS with {endpoint} fails: it does not speak TLS"


class Busy:
    """Takes `seconds` for every answer, as a machine does that has much else to do."""

    def __init__(self, seconds: float, text: str) -> None:
        self.seconds, self.text = seconds, text
        self.timeouts: list[float | None] = []

    def capture(self, command: Command) -> Completed:
        self.timeouts.append(command.timeout)
        if command.timeout is not None and command.timeout < self.seconds:
            return Completed(command=command, code=TIMED_OUT)
        return Completed(command=command, code=0, stdout=self.text)

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise AssertionError(command)

    def stop(self) -> None:
        raise AssertionError


LOCAL = "Name: {0}\nDriver: {1}\n\nNodes:\nName: n\nStatus: running\nPlatforms: linux/amd64\n"


def on_file(home: Path, name: str, driver: str, *endpoints: str) -> None:
    folder = home / ".docker" / "buildx" / "instances"
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [{"Name": f"{name}{at}", "Endpoint": endpoint} for at, endpoint in enumerate(endpoints)]
    (folder / name).write_text(json.dumps({"Name": name, "Driver": driver, "Nodes": nodes}))


@pytest.mark.parametrize("host", ["", "unix:///run/docker.sock"])
def test_a_local_daemon_on_a_busy_machine_has_time_to_answer(tmp_path: Path, host: str) -> None:
    environ = {"DOCKER_HOST": host} if host else {}
    assert not look_at_builder(Busy(9, LOCAL.format("default", "docker")), "default", environ, str(tmp_path)).error
    for endpoint in ("default", "", "unix:///run/other.sock"):
        on_file(tmp_path, "box", "docker-container", endpoint)
        runner = Busy(9, LOCAL.format("box", "docker-container"))
        assert not look_at_builder(runner, "box", environ, str(tmp_path)).error
        assert runner.timeouts == [20]


def test_a_context_that_leads_to_a_socket_is_local(tmp_path: Path) -> None:
    for name, docker_host in (("desktop", "unix:///run/desktop.sock"), ("away", "ssh://user@away")):
        folder = tmp_path / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": docker_host}}}))
        runner = Busy(9, LOCAL.format(name, "docker"))
        found = look_at_builder(runner, name, {"DOCKER_CONTEXT": name}, str(tmp_path))
        assert (runner.timeouts, bool(found.error)) == (([20], False) if name == "desktop" else ([2], True))


def test_what_is_elsewhere_and_silent_still_fails_fast(tmp_path: Path) -> None:
    away = {"DOCKER_HOST": "tcp://10.0.0.1:2375"}
    runner = Busy(9, LOCAL.format("default", "docker"))
    assert "within 2 s" in look_at_builder(runner, "default", away, str(tmp_path)).error
    on_file(tmp_path, "box", "docker-container", "ssh://host")
    assert "within 2 s" in look_at_builder(runner, "box", {}, str(tmp_path)).error
    assert "within 5 s" in look_at_builder(runner, "default", {}, str(tmp_path), 5).error
    assert runner.timeouts == [2, 2, 5]


def test_a_remote_builder_that_does_answer_has_time_too(tmp_path: Path) -> None:
    with server(SETTINGS) as endpoint:
        on_file(tmp_path, "far", "remote", endpoint)
        runner = Busy(9, INSPECTED.format(endpoint=endpoint))
        assert not look_at_builder(runner, "far", {}, str(tmp_path)).error
        assert runner.timeouts == [2, 20]
