"""Asks the docker daemon over its own socket, where there is one: a tenth of what a docker process takes."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from buildx_tasks.execution.docker.docker_state import docker_config

USUAL_SOCKET = "/var/run/docker.sock"
SCHEME = "unix://"
SECONDS = 3.0
MOST = 1 << 24


def daemon_info(environ: Mapping[str, str], home: str) -> dict[str, Any]:
    """What ``docker info`` would say of the server; empty when that has to be asked for with docker itself.

    So it is for daemons elsewhere, for docker contexts, and when nobody answers.
    """
    path = _socket_path(environ, home)
    try:
        return _answer(_get(path, "/info")) if path else {}
    except OSError:
        return {}


def _socket_path(environ: Mapping[str, str], home: str) -> str:
    """The socket that the docker CLI would use, "" when it would use something else."""
    if host := environ.get("DOCKER_HOST"):
        return host.removeprefix(SCHEME) if host.startswith(SCHEME) else ""
    context = environ.get("DOCKER_CONTEXT") or docker_config(environ, home).get("currentContext") or "default"
    return USUAL_SOCKET if context == "default" else ""


def _get(path: str, target: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.settimeout(SECONDS)
        daemon.connect(path)
        daemon.sendall(f"GET {target} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
        answer = bytearray()
        while (piece := daemon.recv(1 << 16)) and len(answer) < MOST:
            answer += piece
    return bytes(answer)


def _answer(response: bytes) -> dict[str, Any]:
    """The JSON object of a good answer, an empty one for any other."""
    head, _blank, body = response.partition(b"\r\n\r\n")
    status = head.split(None, 2)[1:2]
    try:
        value = json.loads(body) if status == [b"200"] else {}
    except ValueError:
        value = {}
    return value if isinstance(value, dict) else {}
