"""A registry that fails when told to: a reverse proxy in front of a real one.

A program of its own, standard library only:

    python faults.py PORT HOST:PORT

Orders go to `/_lab/faults` of the same port, which no registry uses:

- POST `{"count": 2, "status": 503}`: the next two requests get that status. Also `"headers": {"Retry-After": "1"}`,
  `"reset": true` (the connection breaks instead), `"delay": 1.5` (seconds before anything else; alone, the request then
  passes), `"method": "PUT"` and `"path": "/manifests/"` (a regular expression): only requests like that count.
- GET: `{"pending": [orders], "requests": [{"method", "path", "outcome"}]}`, the outcome a status, `reset` or `gone`.
- DELETE: forget both.
"""

import http.client
import io
import json
import os
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTROL = "/_lab/faults"
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"})
_BLOCK = 1 << 16
_TLS_HANDSHAKE = b"\x16"


class Orders:
    """The faults still to come, and what was asked and answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[dict[str, Any]] = []
        self._requests: list[dict[str, object]] = []

    def add(self, order: dict[str, Any]) -> None:
        """Queue a fault; raises `re.error` for a bad pattern."""
        re.compile(str(order.get("path", "")))
        with self._lock:
            self._pending.append({"count": 1, **order})

    def take(self, method: str, path: str) -> dict[str, Any]:
        """The first fault that is meant for a request, counted down; empty when it may pass."""
        with self._lock:
            for order in self._pending:
                if order.get("method", method) == method and re.search(str(order.get("path", "")), path):
                    order["count"] -= 1
                    self._pending = [left for left in self._pending if left["count"] > 0]
                    return order
        return {}

    def note(self, method: str, path: str, outcome: object) -> dict[str, object]:
        """Remember a request; the outcome in what is returned may still change."""
        noted = {"method": method, "path": path, "outcome": outcome}
        with self._lock:
            self._requests.append(noted)
        return noted

    def as_json(self) -> dict[str, object]:
        """Both lists, as GET answers them."""
        with self._lock:
            return {"pending": list(self._pending), "requests": list(self._requests)}

    def clear(self) -> None:
        """Forget both."""
        with self._lock:
            self._pending, self._requests = [], []


class FaultServer(ThreadingHTTPServer):
    """The proxy; `target` is the `host:port` of the registry behind it."""

    daemon_threads = True

    def __init__(self, port: int, target: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.target = target
        self.orders = Orders()


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server: FaultServer
    rfile: io.BufferedReader

    def handle_one_request(self) -> None:
        """Tell a client that tries TLS first, in the way it understands, that this is plain HTTP."""
        if self.rfile.peek(1)[:1] == _TLS_HANDSHAKE:
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            self.close_connection = True
            return
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer a control request, fail as ordered, or pass the request on."""
        path = self.path.partition("?")[0]
        if path == CONTROL:
            self._control()
            return
        order = self.server.orders.take(self.command, self.path)
        time.sleep(float(order.get("delay", 0)))
        if order.get("reset"):
            self._reset()
        elif "status" in order:
            self._fail(int(order["status"]), order.get("headers", {}))
        else:
            self._forward()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class looks for these

    def log_message(self, *_: object) -> None:
        """Stay quiet: what was asked stands in the control answer."""

    def _control(self) -> None:
        body = b"".join(self._body())
        status = http.client.OK
        if self.command == "POST":
            try:
                self.server.orders.add(json.loads(body))
            except (ValueError, TypeError, re.error):
                status = http.client.BAD_REQUEST
        elif self.command == "DELETE":
            self.server.orders.clear()
        self._answer(status, {}, json.dumps(self.server.orders.as_json()).encode())

    def _note(self, outcome: object) -> dict[str, object]:
        """Remember the request before it is answered: its client may ask for what was seen as soon as it is."""
        return self.server.orders.note(self.command, self.path, outcome)

    def _fail(self, status: int, headers: dict[str, str]) -> None:
        for _ in self._body():  # an unread body would break the connection before the answer is read
            pass
        code = "TOOMANYREQUESTS" if status == http.client.TOO_MANY_REQUESTS else "UNAVAILABLE"
        errors = {"errors": [{"code": code, "message": "the lab was told to fail this request"}]}
        self._note(status)
        self._answer(status, headers, json.dumps(errors).encode())

    def _reset(self) -> None:
        self._note("reset")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _forward(self) -> None:
        noted: dict[str, object] | None = None
        upstream = http.client.HTTPConnection(self.server.target, timeout=60)
        # Clients repeat Accept, one line a media type: all of them must arrive.
        headers = {
            name: ", ".join(self.headers.get_all(name, [])) for name in self.headers if name.lower() not in _HOP_BY_HOP
        }
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        has_body = chunked or "Content-Length" in self.headers
        try:
            # The client's Host goes along: the registry makes its upload addresses of it.
            body = self._body() if has_body else None
            upstream.request(self.command, self.path, body, headers, encode_chunked=chunked)
            response = upstream.getresponse()
            noted = self._note(response.status)
            self._relay(response)
        except OSError:
            self.close_connection = True
            if noted is None:
                self._note("gone")
            else:
                noted["outcome"] = "gone"
        finally:
            upstream.close()

    def _relay(self, response: http.client.HTTPResponse) -> None:
        self.send_response(response.status)
        length = response.getheader("Content-Length")
        for name, value in response.getheaders():
            if name.lower() not in {*_HOP_BY_HOP, "server", "date"}:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or response.status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED)
        if length is None and not bodiless:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        while not bodiless and (block := response.read(_BLOCK)):
            self.wfile.write(block)

    def _body(self) -> Iterator[bytes]:
        """The request's body in blocks, in either of the two ways a client may send one."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():  # trailers, up to the empty line
                pass
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
            yield block


if __name__ == "__main__":
    FaultServer(int(sys.argv[1]), sys.argv[2]).serve_forever()
