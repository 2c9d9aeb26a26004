"""Asks the machine: which docker, which buildx, which builder, does a daemon answer. All questions at once.

``docker buildx ls`` is never asked: one dead builder among many would cost its whole timeout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from buildx_tasks.execution.docker.builder_inspect import look_at_builder
from buildx_tasks.execution.docker.docker_state import (
    docker_config,
    is_default_context,
    is_local_daemon,
    known_builders,
    plugin_identity,
    selected_builder,
)
from buildx_tasks.execution.docker.remotebuilders import RemoteBuilders
from buildx_tasks.execution.docker.socket import daemon_info
from buildx_tasks.execution.verdicts import VerdictCache, key_of
from buildx_tasks.model.command import Command, Completed, Runner
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, Daemon, Engine
from buildx_tasks.model.settings import OFF

SNAPSHOTTER = "io.containerd.snapshotter.v1"
DAEMON_SECONDS = 3.0
LOCAL_SECONDS = 20.0
"""What needs no network, which a busy machine may take its time for; a local daemon that is down is known at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """What is being asked in the background of docker itself, whatever builder is wanted."""

    docker: Future[tuple[str, Daemon]]
    store: Future[str]
    buildx: Future[tuple[str, str]]
    remote: RemoteBuilders
    pool: ThreadPoolExecutor


def ask(
    runner: Runner,
    environ: Mapping[str, str],
    home: str,
    verdicts: VerdictCache,
    remote: RemoteBuilders | None = None,
) -> Questions:
    """Begin to ask for versions and the image store; `answers` waits for them. `remote` is asked already."""
    pool = ThreadPoolExecutor(max_workers=4)
    return Questions(
        docker=pool.submit(_docker, runner, _patience(environ, home)),
        store=pool.submit(_store, runner, environ, home),
        buildx=pool.submit(_buildx, runner, environ, home, verdicts),
        remote=remote or RemoteBuilders(environ, home),
        pool=pool,
    )


def answers(
    asked: Questions,
    runner: Runner,
    environ: Mapping[str, str],
    home: str,
    builder: str,
    *,
    patience: int | None = None,
) -> Engine:
    """Facts about the tools. `builder` is the wanted one: "" for the current one, "off" for none at all.

    `patience` is how many seconds it may take to answer; None leaves that to its driver.
    """
    selected = selected_builder(environ, home)
    found = asked.pool.submit(_find, runner, builder, environ, home, patience, asked.remote) if builder != OFF else None
    cli, daemon = asked.docker.result()
    version, error = asked.buildx.result()
    engine = Engine(
        cli=cli,
        buildx=version,
        buildx_error=error,
        alias=_has_alias(docker_config(environ, home).get("aliases")),
        selected=selected,
        builder=found.result() if found and version else None,
        known_builders=known_builders(environ, home),
        daemon=replace(daemon, store=asked.store.result() if daemon.version else ""),
    )
    asked.pool.shutdown(wait=False, cancel_futures=True)
    return engine


def _has_alias(aliases: object) -> bool:
    return isinstance(aliases, dict) and aliases.get("builder") == "buildx"


def _patience(environ: Mapping[str, str], home: str) -> float:
    return LOCAL_SECONDS if is_local_daemon(environ, home) else DAEMON_SECONDS


def _docker(runner: Runner, seconds: float) -> tuple[str, Daemon]:
    done = runner.capture(Command(argv=("docker", "version", "--format", "{{json .}}"), timeout=seconds))
    if done.missing:
        return "", Daemon(error="docker is not installed")
    try:
        answer = json.loads(done.stdout.strip().splitlines()[0])
    except (ValueError, IndexError):
        answer = {}
    client = (answer.get("Client") or {}).get("Version") or _client_version(runner)
    server = answer.get("Server") or {}
    version = server.get("Version") or ""
    if not version:
        return client, Daemon(error=_daemon_error(done, seconds))
    platform = f"{server['Os']}/{server['Arch']}" if server.get("Os") and server.get("Arch") else ""
    return client, Daemon(version=version, platform=platform)


def _client_version(runner: Runner) -> str:
    """What ``docker --version`` says, for a CLI that could not say more: "Docker version 28.2.2, build …"."""
    words = runner.capture(Command(argv=("docker", "--version"), timeout=LOCAL_SECONDS)).stdout.split()
    return words[2].rstrip(",") if len(words) > 2 else ""


def _daemon_error(done: Completed, seconds: float) -> str:
    if done.timed_out:
        return f"it did not answer within {seconds:g} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else "no answer"


def _store(runner: Runner, environ: Mapping[str, str], home: str) -> str:
    if status := daemon_info(environ, home).get("DriverStatus"):
        return CONTAINERD if SNAPSHOTTER in json.dumps(status) else CLASSIC
    command = Command(argv=("docker", "info", "--format", "{{json .DriverStatus}}"), timeout=_patience(environ, home))
    done = runner.capture(command)
    return CONTAINERD if SNAPSHOTTER in done.stdout else CLASSIC


def _buildx(runner: Runner, environ: Mapping[str, str], home: str, verdicts: VerdictCache) -> tuple[str, str]:
    """The buildx version, or why there is none; a plugin that answered once is asked again when its file changes."""
    identity = plugin_identity(environ, home)
    key = key_of("buildx version", identity)
    if identity and (known := verdicts.recall(key)):
        return known, ""
    version, error = _ask_buildx(runner)
    if identity and version:
        verdicts.keep(key, version)
    return version, error


def _ask_buildx(runner: Runner) -> tuple[str, str]:
    done = runner.capture(Command(argv=("docker", "buildx", "version"), timeout=LOCAL_SECONDS))
    words = done.stdout.split()
    version = next((word for word in words if word.lstrip("v")[:1].isdigit()), "")
    if done.ok and "buildx" in done.stdout:
        return (version or words[-1]).removeprefix("v"), ""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return "", "" if done.missing else (lines[0] if lines else f"docker buildx version ended with {done.code}")


def _find(
    runner: Runner, name: str, environ: Mapping[str, str], home: str, patience: int | None, remote: RemoteBuilders
) -> Builder:
    """The wanted builder. The daemon's own needs no look-up: it is there when the daemon is."""
    if not name and not selected_builder(environ, home) and is_default_context(environ, home):
        return Builder(name="default", driver="docker")
    return look_at_builder(runner, name, environ, home, patience, remote)
