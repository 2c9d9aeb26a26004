"""Asks the machine: which docker, which buildx, which builder, does a daemon answer. All questions at once.

``docker buildx ls`` is never asked: one dead builder among many would cost its whole timeout.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache, partial

from buildx_tasks.document.inspect import parse_inspect
from buildx_tasks.execution.daemonsocket import daemon_info
from buildx_tasks.execution.memory import Memory, key_of
from buildx_tasks.execution.onfile import (
    docker_config,
    driver_on_file,
    instance,
    is_default_context,
    known_builders,
    plugin_identity,
    selected_builder,
)
from buildx_tasks.model.builder import KUBERNETES, REMOTE
from buildx_tasks.model.command import Command, Completed, Runner
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, Daemon, Engine
from buildx_tasks.model.settings import OFF

SNAPSHOTTER = "io.containerd.snapshotter.v1"
REMOTE_SECONDS = 2
KUBERNETES_SECONDS = 10
"""A cluster may have to run a credential plugin before it answers."""
HEAD_START_SECONDS = 0.5
"""A healthy builder has answered by then, and is not knocked at."""
DAEMON_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """What is being asked in the background of docker itself, whatever builder is wanted."""

    docker: Future[tuple[str, Daemon]]
    store: Future[str]
    buildx: Future[tuple[str, str]]
    pool: ThreadPoolExecutor


def ask(runner: Runner, environ: Mapping[str, str], home: str, memory: Memory) -> Questions:
    """Begin to ask for versions and the image store; `answers` waits for them."""
    pool = ThreadPoolExecutor(max_workers=4)
    return Questions(
        docker=pool.submit(_docker, runner),
        store=pool.submit(_store, runner, environ, home),
        buildx=pool.submit(_buildx, runner, environ, home, memory),
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
    found = asked.pool.submit(_find, runner, builder, environ, home, patience) if builder != OFF else None
    cli, daemon = asked.docker.result()
    version, error = asked.buildx.result()
    engine = Engine(
        cli=cli,
        buildx=version,
        buildx_error=error,
        alias=docker_config(environ, home).get("aliases", {}).get("builder") == "buildx",
        selected=selected,
        builder=found.result() if found and version else None,
        known_builders=known_builders(environ, home),
        daemon=replace(daemon, store=asked.store.result() if daemon.version else ""),
    )
    asked.pool.shutdown(wait=False, cancel_futures=True)
    return engine


def probe_engine(
    runner: Runner, environ: Mapping[str, str], home: str, builder: str, memory: Memory | None = None
) -> Engine:
    """Ask, and wait for the answers."""
    return answers(ask(runner, environ, home, memory or Memory(None)), runner, environ, home, builder)


def _docker(runner: Runner) -> tuple[str, Daemon]:
    done = runner.capture(Command(argv=("docker", "version", "--format", "{{json .}}"), timeout=DAEMON_SECONDS))
    if done.missing:
        return "", Daemon(error="docker is not installed")
    try:
        answer = json.loads(done.stdout.strip().splitlines()[0])
    except (ValueError, IndexError):
        answer = {}
    client = (answer.get("Client") or {}).get("Version") or _client_version(runner)
    server = answer.get("Server") or {}
    version, platform = server.get("Version") or "", f"{server.get('Os')}/{server.get('Arch')}"
    if not version:
        return client, Daemon(error=_daemon_error(done))
    return client, Daemon(version=version, platform=platform)


def _client_version(runner: Runner) -> str:
    """What ``docker --version`` says, for a CLI that could not say more: "Docker version 28.2.2, build …"."""
    words = runner.capture(Command(argv=("docker", "--version"), timeout=DAEMON_SECONDS)).stdout.split()
    return words[2].rstrip(",") if len(words) > 2 else ""


def _daemon_error(done: Completed) -> str:
    if done.timed_out:
        return f"it did not answer within {DAEMON_SECONDS:g} s"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else "no answer"


def _store(runner: Runner, environ: Mapping[str, str], home: str) -> str:
    if status := daemon_info(environ, home).get("DriverStatus"):
        return CONTAINERD if SNAPSHOTTER in json.dumps(status) else CLASSIC
    command = Command(argv=("docker", "info", "--format", "{{json .DriverStatus}}"), timeout=DAEMON_SECONDS)
    done = runner.capture(command)
    return CONTAINERD if SNAPSHOTTER in done.stdout else CLASSIC


def _buildx(runner: Runner, environ: Mapping[str, str], home: str, memory: Memory) -> tuple[str, str]:
    """The buildx version, or why there is none; a plugin that answered once is asked again when its file changes."""
    identity = plugin_identity(environ, home)
    key = key_of("buildx version", identity)
    if identity and (known := memory.recall(key)):
        return known, ""
    version, error = _ask_buildx(runner)
    if identity and version:
        memory.keep(key, version)
    return version, error


def _ask_buildx(runner: Runner) -> tuple[str, str]:
    done = runner.capture(Command(argv=("docker", "buildx", "version"), timeout=DAEMON_SECONDS))
    words = done.stdout.split()
    version = next((word for word in words if word.lstrip("v")[:1].isdigit()), "")
    if done.ok and "buildx" in done.stdout:
        return (version or words[-1]).removeprefix("v"), ""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return "", "" if done.missing else (lines[0] if lines else f"docker buildx version ended with {done.code}")


def _find(runner: Runner, name: str, environ: Mapping[str, str], home: str, patience: int | None) -> Builder:
    """The wanted builder. The daemon's own needs no look-up: it is there when the daemon is."""
    if not name and not selected_builder(environ, home) and is_default_context(environ, home):
        return Builder(name="default", driver="docker")
    return look_at_builder(runner, name, environ, home, patience)


def look_at_builder(
    runner: Runner, name: str, environ: Mapping[str, str], home: str, patience: int | None = None
) -> Builder:
    """What ``docker buildx inspect`` says of a builder ("" for the current one), within `patience` seconds.

    A remote one is knocked at meanwhile, so that why it is silent is known when the time is up.
    """
    wanted = name or selected_builder(environ, home) or "default"
    driver = driver_on_file(wanted, environ, home)
    seconds = patience or (KUBERNETES_SECONDS if driver == KUBERNETES else REMOTE_SECONDS)
    command = Command(argv=("docker", "buildx", "inspect", *((name,) if name else ())), timeout=seconds)
    reason = cache(partial(_why_silent, wanted, environ, home, seconds))
    with ThreadPoolExecutor(max_workers=1) as pool:
        asked = pool.submit(runner.capture, command)
        if driver == REMOTE and not wait([asked], HEAD_START_SECONDS).done:
            reason()
        done = asked.result()
    if done.timed_out:
        return Builder(name=wanted, driver=driver, error=reason())
    if not done.ok:
        text = (done.stderr or done.stdout).strip()
        if "no builder" in text:
            return Builder(name=wanted, known=False)
        lines = [line for line in text.splitlines() if line.strip()]
        return Builder(name=wanted, error=lines[-1].removeprefix("ERROR: ") if lines else "inspect failed")
    builder = _with_state(parse_inspect(done.stdout), reason)
    if builder.driver != REMOTE or builder.error or all(node.running for node in builder.nodes):
        return builder
    return _with_silent_nodes(builder, environ, home)


def _with_state(builder: Builder, reason: Callable[[], str]) -> Builder:
    """An inspected builder none of whose nodes runs is unfit, unless it is one that starts when first used."""
    if not builder.nodes or builder.driver in ("docker", "") or any(node.running for node in builder.nodes):
        return builder
    errors = [node.error for node in builder.nodes if node.error]
    if errors:
        return replace(builder, error=errors[0])
    return replace(builder, error=reason()) if builder.driver == REMOTE else builder


def _with_silent_nodes(builder: Builder, environ: Mapping[str, str], home: str) -> Builder:
    """A builder some of whose nodes run, with what is wrong with the others."""
    from buildx_tasks.execution.knocking import knock_at_each

    silent = {node.name for node in builder.nodes if not node.running}
    known = instance(builder.name, environ, home).get("Nodes") or []
    reasons = knock_at_each([node for node in known if node.get("Name") in silent])
    nodes = (
        replace(node, error=node.error or reasons.get(node.name) or "it does not answer")
        if node.name in silent
        else node
        for node in builder.nodes
    )
    return replace(builder, nodes=tuple(nodes))


def _why_silent(name: str, environ: Mapping[str, str], home: str, seconds: float) -> str:
    """Why a builder does not answer, by knocking at the endpoints that buildx has on file for it."""
    from buildx_tasks.execution.knocking import why_silent

    return why_silent(instance(name, environ, home), seconds)
