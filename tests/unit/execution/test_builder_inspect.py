"""Looking a builder up: what it is asked and when it is inspected, against small servers of our own."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from buildx_tasks.document.buildkit.workers import Workers
from buildx_tasks.execution.docker.builder_inspect import look_at_builder
from buildx_tasks.execution.docker.buildkitapi import list_workers
from buildx_tasks.execution.docker.connection import speaks_http2
from buildx_tasks.execution.docker.endpoints import check_endpoints, diagnose_endpoint
from buildx_tasks.execution.docker.remotebuilders import RemoteBuilders
from buildx_tasks.model.command import TIMED_OUT, Command, Completed, Write
from buildx_tasks.model.engine import Builder

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


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def field(number: int, value: bytes) -> bytes:
    """A field of protobuf that holds bytes, fewer than 2¹⁴."""
    size = (len(value),) if len(value) < 128 else (len(value) & 127 | 128, len(value) >> 7)
    return bytes((number << 3 | 2, *size)) + value


def platform(arch: bytes, variant: bytes = b"") -> bytes:
    return field(1, arch) + field(2, b"linux") + (field(3, variant) if variant else b"")


def workers(*platforms: bytes) -> bytes:
    """A message of gRPC: one worker with a label and a version."""
    record = field(1, b"id") + field(2, field(1, b"key") + field(2, b"value")) + b"\x38\x96\x01\x41" + bytes(8)
    record += b"".join(field(3, one) for one in platforms) + field(5, field(1, b"moby/buildkit") + field(2, b"v0.20.0"))
    message = field(1, record)
    return bytes(1) + len(message).to_bytes(4, "big") + message


@contextmanager
def buildkit(*answers: bytes) -> Iterator[str]:
    """Answers each call with the next of `answers`."""
    told = iter(answers)
    with server(lambda: SETTINGS + frame(1, 4, 1, b"\x88") + frame(0, 1, 1, next(told)), patient=True) as endpoint:
        yield endpoint


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
def server(first: bytes | Callable[[], bytes], to_tls: bytes | None = None, *, patient: bool = False) -> Iterator[str]:
    """Says `first` to whoever speaks to it, or `to_tls` to who speaks TLS, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _address = listening.accept()
                except OSError:
                    return
                heard = connection.recv(1000)
                said = first() if callable(first) else first
                connection.sendall(said if to_tls is None or not heard.startswith(b"\x16") else to_tls)
                # Hanging up with something unread takes back what was said.
                while patient and connection.recv(1000):
                    pass
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


class Here:
    def __init__(self, folder: Path, *endpoints: str, claimed: Sequence[Mapping[str, str]] = ()) -> None:
        self.environ = {"BUILDX_CONFIG": str(folder)}
        self.folder = folder
        self.docker = Docker(endpoints[0])
        (folder / "instances").mkdir()
        nodes = [
            {"Name": f"far{at}", "Endpoint": endpoint, "Platforms": list(claimed), "DriverOpts": None}
            for at, endpoint in enumerate(endpoints)
        ]
        (folder / "instances" / "far").write_text(json.dumps({"Name": "far", "Driver": "remote", "Nodes": nodes}))

    def look(self) -> Builder:
        """The builder as a new run sees it."""
        remote = RemoteBuilders(self.environ, str(self.folder))
        return look_at_builder(self.docker, "far", self.environ, str(self.folder), remote=remote)


AMD64, ARM64 = platform(b"amd64"), platform(b"arm64", b"v8")


def test_a_remote_builder_is_asked_itself_and_not_inspected(tmp_path: Path) -> None:
    with buildkit(workers(AMD64, ARM64)) as endpoint:
        here = Here(tmp_path, endpoint, claimed=[{"os": "linux", "architecture": "arm64", "variant": "v8"}])
        (node,) = here.look().nodes
    assert here.docker.asked == 0
    assert (node.name, node.endpoint, node.running) == ("far0", endpoint, True)
    assert (node.claimed, node.platforms) == (("linux/arm64",), ("linux/arm64", "linux/amd64"))
    assert node.buildkit == "v0.20.0"


def test_what_it_says_now_counts_not_what_it_said_before(tmp_path: Path) -> None:
    answers = [workers(AMD64), workers(ARM64)]
    with buildkit(*answers) as endpoint:
        here = Here(tmp_path, endpoint)
        assert [here.look().platforms for _ in answers] == [("linux/amd64",), ("linux/arm64",)]


def test_it_is_asked_once_in_a_run_also_when_that_began_early(tmp_path: Path) -> None:
    with buildkit(workers(AMD64), workers(ARM64)) as endpoint:
        here = Here(tmp_path, endpoint)
        (tmp_path / "current").write_text(json.dumps({"Name": "far", "Global": True}))
        remote = RemoteBuilders(here.environ, str(tmp_path))
        for name in ("", "far", "other", "off"):
            remote.expect(name)
        look = partial(look_at_builder, here.docker, "far", here.environ, str(tmp_path), remote=remote)
        assert [look().platforms, look().platforms] == [("linux/amd64",)] * 2
    assert here.docker.asked == 0


SILENCE = {
    "nothing": b"",
    "HTTP/1": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "part of a frame": SETTINGS[:5],
    "settings alone": SETTINGS,
    "a reset": SETTINGS + frame(3, 0, 1, bytes(4)),
    "a farewell": SETTINGS + frame(7, 0, 0, bytes(8)),
    "an error of gRPC": SETTINGS + frame(1, 5, 1, b"\x88"),
    "an endless frame": SETTINGS + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(100),
    "half a message": SETTINGS + frame(0, 1, 1, workers(AMD64)[:-3]),
    "a compressed message": SETTINGS + frame(0, 1, 1, b"\x01" + workers(AMD64)[1:]),
    "no worker": SETTINGS + frame(0, 1, 1, bytes(5)),
    "no message of protobuf": SETTINGS + frame(0, 1, 1, bytes(4) + b"\x02\x0a\xff"),
}


@pytest.mark.parametrize("first", SILENCE.values(), ids=SILENCE)
def test_one_that_does_not_tell_is_inspected(tmp_path: Path, first: bytes) -> None:
    with server(first) as endpoint:
        here = Here(tmp_path, endpoint)
        assert here.look().platforms == ("linux/arm64", "linux/amd64")
        assert here.docker.asked == 1


def test_all_of_a_builder_is_inspected_when_one_node_does_not_tell(tmp_path: Path) -> None:
    with buildkit(workers(AMD64)) as endpoint, server(SETTINGS) as other:
        here = Here(tmp_path, endpoint, other)
        here.look()
        assert here.docker.asked == 1


def test_settings_and_pings_in_between_are_answered(tmp_path: Path) -> None:
    ping = frame(6, 0, 0, b"12345678")
    answer = workers(AMD64)
    parts = (
        SETTINGS,
        ping,
        frame(1, 4, 1, b"\x88"),
        frame(0, 8, 1, b"\x02" + answer[:7] + b"\0\0"),
        frame(8, 0, 0, bytes(4)),
    )
    with server(b"".join((*parts, frame(0, 0, 1, answer[7:]), frame(1, 5, 1, b"\x88"))), patient=True) as endpoint:
        assert list_workers({"Endpoint": endpoint}, 5) == Workers(platforms=("linux/amd64",), buildkit="v0.20.0")


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
