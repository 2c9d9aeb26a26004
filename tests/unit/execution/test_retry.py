from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from buildx_tasks.execution.run.retry import Patience, ask_retry_after
from buildx_tasks.planning.failures.diagnosis import Diagnosis

PASSING = Diagnosis(id="registry-unavailable", message="the registry is in trouble", transient=True)


class Limited(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(429)
        if self.path == "/v2/app/manifests/1":
            self.send_header("Retry-After", "7")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Limited)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_header_that_docker_keeps_for_itself(registry: str) -> None:
    assert ask_retry_after(f"{registry}/v2/app/manifests/1") == 7
    assert ask_retry_after(f"{registry}/v2/other/manifests/1") is None


def test_a_registry_that_is_gone_asks_for_nothing() -> None:
    assert ask_retry_after("http://127.0.0.1:1/v2/app/manifests/1") is None


def test_no_more_tries_is_said_by_silence() -> None:
    said: list[str] = []
    assert not Patience(0).wait(1, PASSING, "", said.append)
    assert said == []


def test_an_interrupt_ends_the_wait_and_the_tries() -> None:
    said: list[str] = []
    stopping = threading.Event()
    stopping.set()
    assert not Patience(3, stopping).wait(1, PASSING, "", said.append)
    assert said[0].startswith("the registry is in trouble: trying again in ")
    assert said[0].endswith(" s (1 of 3)")
