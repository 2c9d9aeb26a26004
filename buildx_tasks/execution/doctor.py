"""Gathers what the doctor looks at: all questions at once, each with little patience."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.execution.connections import basic
from buildx_tasks.execution.declared import want_builder
from buildx_tasks.execution.dockerauth import Logins
from buildx_tasks.execution.onfile import docker_config
from buildx_tasks.execution.probe import Questions, answers, inspect_builder
from buildx_tasks.execution.session import Loaded, Settle, begin, host_platform
from buildx_tasks.execution.world import World
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.platform import PlatformSet, parse_platforms
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.planning.doctor import DoctorFacts, RegistryFacts
from buildx_tasks.planning.naming import apply_default_repo
from buildx_tasks.planning.secretfiles import missing_secrets, wants_agent

REGISTRY_SECONDS = 1.0


def gather(settle: Settle, world: World, asked: Questions) -> DoctorFacts:
    """The facts for `planning.doctor.examine`. A config that can't be read is a fact too."""
    loaded: Loaded | None = None
    error: BuildxTasksError | None = None
    try:
        loaded = begin(settle, world)
    except BuildxTasksError as problem:
        error = problem
    settings = loaded.settings if loaded else settle({}, "")
    wanted = want_builder(settings, world, building=False, buildx=lambda: asked.buildx.result()[0])
    settings = wanted.settings
    artifacts = loaded.artifacts if loaded else ()
    with ThreadPoolExecutor(max_workers=8) as pool:
        seen = None
        if settings.builder != OFF and wanted.pending is None:
            seen = pool.submit(inspect_builder, world.runner, settings.builder, world.environ, str(world.home))
        hosts = _registries(artifacts, settings)
        logins = Logins(docker_config(world.environ, str(world.home)), world.runner)
        registries = list(pool.map(lambda host: _ask_registry(host, settings, logins), hosts))
        engine = answers(asked, world.runner, world.environ, str(world.home), settings.builder)
        if engine.buildx and seen is not None:
            engine = replace(engine, builder=seen.result())
    return DoctorFacts(
        engine=wanted.seen(engine),
        settings=settings,
        host=host_platform(),
        config_error=error.message if error else "",
        config_hint=error.hint if error else "",
        artifacts=len(artifacts),
        platforms=_platforms(loaded, settings),
        registries=tuple(registries),
        missing_secrets=missing_secrets(artifacts, world.environ, str(world.home), _is_file, str(world.cwd)),
        wants_agent=wants_agent(artifacts),
        has_agent=_has_agent(world.environ),
        disks=tuple(_disks(world)),
        environ=world.environ,
    )


def _is_file(path: str) -> bool:
    return Path(path).is_file()


def _has_agent(environ: Mapping[str, str]) -> bool:
    path = environ.get("SSH_AUTH_SOCK", "")
    if not path:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(REGISTRY_SECONDS)
            agent.connect(path)
    except OSError:
        return False
    return True


def _platforms(loaded: Loaded | None, settings: Settings) -> PlatformSet:
    host = host_platform()
    try:
        if settings.platform or loaded is None:
            return parse_platforms(settings.platform, host)
        configs = [text for config in loaded.configs for text in config.platforms]
        return parse_platforms([*configs, *(text for item in loaded.artifacts for text in item.platforms)], host)
    except BuildxTasksError:
        return PlatformSet()


def _registries(artifacts: Iterable[Artifact], settings: Settings) -> list[str]:
    """The hosts that images go to, each once."""
    hosts: dict[str, None] = {}
    for artifact in artifacts:
        try:
            moved = apply_default_repo(settings.default_repo or "", settings.multi_level_repo, artifact.image)
            hosts[registry_of(parse_image_ref(moved))] = None
        except BuildxTasksError:
            continue
    return [host for host in hosts if host]


def _ask_registry(host: str, settings: Settings, logins: Logins) -> RegistryFacts:
    """What a registry says at its door. Loopback and insecure ones are asked over plain HTTP too."""
    login = logins.login(host)
    headers = {"Authorization": basic(login.user, login.password)} if login.user else {}
    plain = host in settings.insecure_registries or host.split(":", maxsplit=1)[0] in ("localhost", "127.0.0.1")
    error = ""
    for scheme in ("https", "http") if plain else ("https",):
        try:
            status = _status(scheme, host, headers)
        except (OSError, http.client.HTTPException) as problem:
            error = error or str(getattr(problem, "strerror", None) or problem)
            continue
        return RegistryFacts(host=host, status=status, has_login=bool(headers))
    return RegistryFacts(host=host, error=error, has_login=bool(headers))


def _status(scheme: str, host: str, headers: Mapping[str, str]) -> int:
    connection: http.client.HTTPConnection
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, timeout=REGISTRY_SECONDS, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, timeout=REGISTRY_SECONDS)
    try:
        connection.request("GET", "/v2/", headers=dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _disks(world: World) -> Iterable[tuple[str, int, int]]:
    """Where builds write on this machine: here, the temporary folder, docker's own when it can be seen."""
    seen: set[int] = set()
    for folder in (str(world.cwd), world.environ.get("TMPDIR", "/tmp"), "/var/lib/docker"):  # noqa: S108 - only looked at
        try:
            device = os.stat(folder).st_dev  # noqa: PTH116 - the device number alone
            usage = shutil.disk_usage(folder)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            yield folder, usage.free, usage.total
