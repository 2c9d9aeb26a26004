"""Looks a builder up: what it is, what it can do, and if it does not answer, why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import cache, partial
from typing import Any

from buildx_tasks.document.buildkit.inspect import parse_inspect
from buildx_tasks.execution.docker.docker_state import instance, is_local_daemon, own_builder, selected_builder
from buildx_tasks.execution.docker.remotebuilders import RemoteBuilders
from buildx_tasks.model.builder import DOCKER_CONTAINER, KUBERNETES, REMOTE, BuilderSpec
from buildx_tasks.model.command import Command, Completed, Runner
from buildx_tasks.model.engine import Builder, BuilderNode

REMOTE_SECONDS = 2
LOCAL_SECONDS = 20
"""A daemon of this machine, or a BuildKit that does answer: only the machine is busy then."""
KUBERNETES_SECONDS = 10
"""A cluster may have to run a credential plugin before it answers."""
INACTIVE = "buildx can't reach it and does not say why"
HEAD_START_SECONDS = 0.25
"""A healthy builder has answered by then, and its endpoints are not checked."""


def look_at_builder(
    runner: Runner,
    name: str,
    environ: Mapping[str, str],
    home: str,
    patience: int | None = None,
    remote: RemoteBuilders | None = None,
) -> Builder:
    """What ``docker buildx inspect`` says of a builder ("" for the current one), within `patience` seconds.

    The endpoints of a remote one are checked meanwhile, so that the cause is known at the timeout. With `remote` one
    whose BuildKit tells its platforms is not inspected.
    """
    own = own_builder(environ, home)
    wanted = name or selected_builder(environ, home) or own
    known = instance(wanted, environ, home)
    if not known and wanted != own:
        seconds = patience or (LOCAL_SECONDS if is_local_daemon(environ, home, wanted) else REMOTE_SECONDS)
        return of_another_context(_inspected(runner, name, wanted, known, seconds), own)
    if patience is None and _is_local(known, environ, home, own=wanted == own):
        patience = LOCAL_SECONDS
    if remote is not None and (nodes := remote.nodes(wanted)):
        return Builder(name=wanted, driver=REMOTE, nodes=nodes)
    return _inspected(runner, name, wanted, known, patience)


def of_another_context(builder: Builder, own: str) -> Builder:
    """A builder that is on no file and so is that of a docker context; buildx builds in that of `own` context only."""
    if not builder.known or builder.error or builder.driver not in ("docker", ""):
        return builder
    return replace(
        builder,
        driver="docker",
        error=f"it is the builder of docker context {builder.name}, and docker talks to context {own}",
        hint=f"use that context:  unset DOCKER_HOST; export DOCKER_CONTEXT={builder.name}\n"
        f"or the builder of this one:  --builder {own}",
    )


def as_pending(spec: BuilderSpec) -> Builder:
    """A declared builder as it will be."""
    nodes = tuple(
        BuilderNode(name=node.name, endpoint=node.endpoint, platforms=node.platforms, claimed=node.platforms)
        for node in spec.nodes
    )
    return Builder(name=spec.name, driver=spec.driver, nodes=nodes)


def look_beforehand(pending: Builder, spec: BuilderSpec, patience: int | None = None) -> Builder:
    """A declared builder that does not exist yet, with what is wrong at its endpoints."""
    if spec.driver != REMOTE:
        return pending
    from buildx_tasks.execution.docker.endpoints import check_endpoints

    on_file = [{"Endpoint": node.endpoint, "DriverOpts": dict(node.options)} for node in spec.nodes]
    reasons = check_endpoints(on_file, patience or REMOTE_SECONDS)
    nodes = tuple(replace(node, error=reason) for node, reason in zip(pending.nodes, reasons, strict=True))
    return replace(pending, nodes=nodes, error="; ".join(dict.fromkeys(reasons)) if all(reasons) else "")


def _is_local(known: Mapping[str, Any], environ: Mapping[str, str], home: str, *, own: bool) -> bool:
    """Whether all of a builder is in docker daemons of this machine; the daemon's own builder is nowhere on file."""
    if not known:
        return own and is_local_daemon(environ, home)
    endpoints = [str(node.get("Endpoint") or "") for node in known.get("Nodes") or []]
    return known.get("Driver") == DOCKER_CONTAINER and all(is_local_daemon(environ, home, one) for one in endpoints)


def _all_respond(known: Mapping[str, Any]) -> bool:
    """Whether there is BuildKit at every endpoint that buildx has on file for a builder."""
    from buildx_tasks.execution.docker.connection import speaks_http2

    nodes = known.get("Nodes") or []
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        return bool(nodes) and all(pool.map(speaks_http2, nodes))


def _inspected(runner: Runner, name: str, wanted: str, known: Mapping[str, Any], patience: int | None) -> Builder:
    """What buildx says of the builder `wanted`, of which it has `known` on file."""
    driver = str(known.get("Driver", ""))
    seconds = patience or (KUBERNETES_SECONDS if driver == KUBERNETES else REMOTE_SECONDS)
    argv = ("docker", "buildx", "inspect", *((name,) if name else ()))
    command = Command(argv=argv, timeout=seconds)
    reason = cache(partial(_why_silent, known))
    with ThreadPoolExecutor(max_workers=1) as pool:
        asked = pool.submit(runner.capture, command)
        if driver == REMOTE and not wait([asked], HEAD_START_SECONDS).done:
            reason()
        done = asked.result()
    if done.timed_out and patience is None and driver == REMOTE and not reason() and _all_respond(known):
        done = runner.capture(Command(argv=argv, timeout=LOCAL_SECONDS))
    if done.timed_out:
        return Builder(name=wanted, driver=driver, error=reason() or f"it did not answer within {seconds:g} s")
    if not done.ok:
        return _refused(done, wanted)
    builder = _with_state(parse_inspect(done.stdout), reason)
    if builder.driver != REMOTE or builder.error or all(node.running for node in builder.nodes):
        return builder
    return _with_silent_nodes(builder, known)


def _refused(done: Completed, wanted: str) -> Builder:
    text = (done.stderr or done.stdout).strip()
    if "no builder" in text:
        return Builder(name=wanted, known=False)
    lines = [line for line in text.splitlines() if line.strip()]
    return Builder(name=wanted, error=lines[-1].removeprefix("ERROR: ") if lines else "inspect failed")


def _with_state(builder: Builder, reason: Callable[[], str]) -> Builder:
    """An inspected builder none of whose nodes runs is unfit, unless it is one that starts when first used."""
    if not builder.nodes or builder.driver in ("docker", "") or any(node.running for node in builder.nodes):
        return builder
    errors = [node.error for node in builder.nodes if node.error]
    if errors:
        return replace(builder, error=errors[0])
    return replace(builder, error=reason() or INACTIVE) if builder.driver == REMOTE else builder


def _with_silent_nodes(builder: Builder, known: Mapping[str, Any]) -> Builder:
    """A builder some of whose nodes run, with what is wrong with the others."""
    from buildx_tasks.execution.docker.endpoints import check_endpoints

    silent = {node.name for node in builder.nodes if not node.running}
    asked = [node for node in known.get("Nodes") or [] if node.get("Name") in silent]
    reasons = {node["Name"]: reason for node, reason in zip(asked, check_endpoints(asked), strict=True)}
    nodes = (
        node if node.running else replace(node, error=node.error or reasons.get(node.name) or "it does not answer")
        for node in builder.nodes
    )
    return replace(builder, nodes=tuple(nodes))


def _why_silent(known: Mapping[str, Any]) -> str:
    """Why a builder does not answer, by knocking at the endpoints that buildx has on file; "" when nothing is found."""
    from buildx_tasks.execution.docker.endpoints import check_endpoints

    return "; ".join(reason for reason in check_endpoints(known.get("Nodes") or []) if reason)
