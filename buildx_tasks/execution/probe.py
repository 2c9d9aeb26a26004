"""Asks the machine: which docker, which buildx, which builder, does a daemon answer. All questions at once.

``docker buildx ls`` is never asked: one dead builder among many would cost its whole timeout.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from buildx_tasks.document.inspect import parse_inspect
from buildx_tasks.model.command import Command, Completed, Runner
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, Daemon, Engine
from buildx_tasks.model.settings import OFF

SNAPSHOTTER = "io.containerd.snapshotter.v1"
INSPECT_SECONDS = 3.0
DAEMON_SECONDS = 3.0
CONNECT_SECONDS = 1.0


def probe_engine(runner: Runner, environ: Mapping[str, str], home: str, builder: str) -> Engine:
    """Facts about the tools. `builder` is the wanted one: "" for the current one, "off" for none at all."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        docker = pool.submit(_docker, runner)
        store = pool.submit(_store, runner)
        buildx = pool.submit(_buildx, runner) if builder != OFF else None
        found = pool.submit(_inspect, runner, builder, environ, home) if builder != OFF else None
        cli, daemon = docker.result()
        version, error = buildx.result() if buildx else ("", "")
        selected = _selected(environ, home)
        return Engine(
            cli=cli,
            buildx=version,
            buildx_error=error,
            alias=docker_config(environ, home).get("aliases", {}).get("builder") == "buildx",
            selected=selected,
            builder=found.result() if found and version else None,
            known_builders=known_builders(environ, home),
            daemon=Daemon(version=daemon.version, error=daemon.error, store=store.result() if daemon.version else ""),
        )


def docker_config(environ: Mapping[str, str], home: str) -> dict[str, Any]:
    """The docker CLI's own configuration; an unreadable one counts as empty, as docker itself treats it."""
    return _json_file(_docker_folder(environ, home) / "config.json")


def known_builders(environ: Mapping[str, str], home: str) -> tuple[str, ...]:
    """The names of all builders that buildx has on file, and the daemon's own."""
    folder = _buildx_folder(environ, home) / "instances"
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        names = []
    return ("default", *names)


def _docker(runner: Runner) -> tuple[str, Daemon]:
    done = runner.capture(Command(argv=("docker", "version", "--format", "{{json .}}"), timeout=DAEMON_SECONDS))
    if done.missing:
        return "", Daemon(error="docker is not installed")
    try:
        answer = json.loads(done.stdout.strip().splitlines()[0])
    except (ValueError, IndexError):
        answer = {}
    client = (answer.get("Client") or {}).get("Version") or _client_version(runner)
    server = (answer.get("Server") or {}).get("Version") or ""
    return client, Daemon(version=server, error="" if server else _daemon_error(done))


def _client_version(runner: Runner) -> str:
    """What ``docker --version`` says, for a CLI that could not say more: "Docker version 28.2.2, build …"."""
    words = runner.capture(Command(argv=("docker", "--version"), timeout=DAEMON_SECONDS)).stdout.split()
    return words[2].rstrip(",") if len(words) > 2 else ""


def _daemon_error(done: Completed) -> str:
    if done.timed_out:
        return f"it did not answer within {DAEMON_SECONDS:g} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else "no answer"


def _store(runner: Runner) -> str:
    command = Command(argv=("docker", "info", "--format", "{{json .DriverStatus}}"), timeout=DAEMON_SECONDS)
    done = runner.capture(command)
    return CONTAINERD if SNAPSHOTTER in done.stdout else CLASSIC


def _buildx(runner: Runner) -> tuple[str, str]:
    """The buildx version, or why there is none."""
    done = runner.capture(Command(argv=("docker", "buildx", "version"), timeout=DAEMON_SECONDS))
    words = done.stdout.split()
    version = next((word for word in words if word.lstrip("v")[:1].isdigit()), "")
    if done.ok and "buildx" in done.stdout:
        return (version or words[-1]).removeprefix("v"), ""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return "", "" if done.missing else (lines[0] if lines else f"docker buildx version ended with {done.code}")


def _inspect(runner: Runner, name: str, environ: Mapping[str, str], home: str) -> Builder:
    argv = ("docker", "buildx", "inspect", *((name,) if name else ()))
    done = runner.capture(Command(argv=argv, timeout=INSPECT_SECONDS))
    wanted = name or _selected(environ, home) or "default"
    if done.timed_out:
        return Builder(
            name=wanted, driver=_driver_on_file(wanted, environ, home), error=why_silent(wanted, environ, home)
        )
    if not done.ok:
        text = (done.stderr or done.stdout).strip()
        if "no builder" in text:
            return Builder(name=wanted, known=False)
        lines = [line for line in text.splitlines() if line.strip()]
        return Builder(name=wanted, error=lines[-1].removeprefix("ERROR: ") if lines else "inspect failed")
    builder = parse_inspect(done.stdout)
    return _with_state(builder, environ, home)


def _with_state(builder: Builder, environ: Mapping[str, str], home: str) -> Builder:
    """An inspected builder none of whose nodes runs is unfit, unless it is one that starts when first used."""
    from dataclasses import replace

    if builder.driver not in ("remote", "kubernetes") or not builder.nodes:
        return builder
    if all(node.status != "running" for node in builder.nodes):
        errors = [node.error for node in builder.nodes if node.error]
        return replace(builder, error=errors[0] if errors else why_silent(builder.name, environ, home))
    return builder


def why_silent(name: str, environ: Mapping[str, str], home: str) -> str:
    """Why a builder does not answer, found out by knocking at its endpoints."""
    reasons = [
        reason
        for node in instance(name, environ, home).get("Nodes") or []
        if (reason := knock(str(node.get("Endpoint", ""))))
    ]
    return "; ".join(reasons) or f"it did not answer within {INSPECT_SECONDS:g} s"


def knock(endpoint: str) -> str:
    """Try to connect to a ``tcp://`` or ``unix://`` endpoint; "" when that works or can't be tried this way."""
    parts = urlsplit(endpoint)
    try:
        if parts.scheme == "tcp" and parts.hostname and parts.port:
            socket.create_connection((parts.hostname, parts.port), CONNECT_SECONDS).close()
        elif parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as unix:
                unix.settimeout(CONNECT_SECONDS)
                unix.connect(parts.path)
    except OSError as error:
        return f"nothing answers at {endpoint}: {error.strerror or error}"
    return ""


def instance(name: str, environ: Mapping[str, str], home: str) -> dict[str, Any]:
    """What buildx has on file about a builder: driver, nodes, endpoints; empty for the daemon's own."""
    if not name or "/" in name:
        return {}
    return _json_file(_buildx_folder(environ, home) / "instances" / name)


def _driver_on_file(name: str, environ: Mapping[str, str], home: str) -> str:
    return str(instance(name, environ, home).get("Driver", ""))


def _selected(environ: Mapping[str, str], home: str) -> str:
    """The builder chosen with ``docker buildx use``; "" when none was."""
    return str(_json_file(_buildx_folder(environ, home) / "current").get("Name") or "")


def _docker_folder(environ: Mapping[str, str], home: str) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path(home, ".docker"))


def _buildx_folder(environ: Mapping[str, str], home: str) -> Path:
    return Path(environ.get("BUILDX_CONFIG") or _docker_folder(environ, home) / "buildx")


def _json_file(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
