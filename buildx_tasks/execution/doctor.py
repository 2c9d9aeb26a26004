"""Gathers what the doctor looks at: all questions at once, each with little patience."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from buildx_tasks.document.formats.dockerfile import Dockerfile, parse_dockerfile
from buildx_tasks.errors import BuildxTasksError, raise_all
from buildx_tasks.execution.docker.builder_inspect import look_at_builder, look_beforehand
from buildx_tasks.execution.docker.declared import BuilderSelection, select_builder, wanted_spec
from buildx_tasks.execution.docker.docker_state import docker_config
from buildx_tasks.execution.docker.probe import answers
from buildx_tasks.execution.docker.socket import daemon_info
from buildx_tasks.execution.paths import is_file, read_regular
from buildx_tasks.execution.pipeline import (
    LoadedRun,
    Run,
    gather_facts,
    host_platform,
    not_run,
    plan_with,
    towards_daemon,
)
from buildx_tasks.execution.registry.dockerauth import Logins
from buildx_tasks.execution.shell import longest_argument
from buildx_tasks.execution.sources.sources import find_dockerfile, why_no_agent
from buildx_tasks.execution.sources.tagfacts import gather_tag_facts
from buildx_tasks.execution.world import World
from buildx_tasks.model.builder import BuilderSpec
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.engine import Engine
from buildx_tasks.model.platform import PlatformSet, parse_platform, parse_platforms
from buildx_tasks.model.request import DOCKER
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.planning.build.arguments import long_arguments
from buildx_tasks.planning.build.secretfiles import missing_files, unset_variables, wants_agent
from buildx_tasks.planning.doctor.facts import DoctorFacts, PlanFacts, RegistryFacts
from buildx_tasks.planning.doctor.registries import used_registries
from buildx_tasks.planning.facts import TagFacts

ANSWER_SECONDS = 0.8
DOCKER_ROOT = "/var/lib/docker"


def gather(run: Run) -> DoctorFacts:
    """The facts for `planning.doctor.checks.examine`. A config that can't be read is a fact too."""
    world, asked = run.world, run.questions
    loaded: LoadedRun | None = None
    error: BuildxTasksError | None = None
    try:
        loaded = run.loaded
    except BuildxTasksError as problem:
        error = problem
    settings = loaded.settings if loaded else run.outside
    spec: BuilderSpec | None = None
    wanted = BuilderSelection(settings=settings)
    try:
        spec = wanted_spec(settings, world)
        wanted = select_builder(settings, world, building=False, buildx=lambda: asked.buildx.result()[0])
    except BuildxTasksError as problem:
        error = error or problem
    settings = wanted.settings
    loaded = replace(loaded, settings=settings) if loaded else None
    artifacts = loaded.artifacts if loaded else ()
    home = str(world.home)
    runner, asked = towards_daemon(loaded.cluster, world, asked) if loaded else (world.runner, asked)
    with ThreadPoolExecutor(max_workers=12) as pool:
        seen = None
        if wanted.pending is not None and spec is not None:
            seen = pool.submit(look_beforehand, wanted.pending, spec, settings.builder_timeout)
        elif settings.builder != OFF:
            arguments = (settings.builder, world.environ, home, settings.builder_timeout)
            seen = pool.submit(look_at_builder, runner, *arguments)
        disks = pool.submit(_disks, world)
        planning = pool.submit(_tag_facts, loaded, world) if loaded and not error else None
        registries = _ask_registries(artifacts, settings, world, pool)
        engine = answers(asked, runner, world.environ, home, OFF)
        if engine.buildx and seen is not None:
            engine = replace(engine, builder=seen.result())
        read = tuple(_dockerfiles(artifacts, world))
        plan, platforms = _planned(loaded, world, engine, planning.result()) if loaded and planning else (None, None)
        if plan is not None:
            plan = replace(plan, problems=(*plan.problems, *_missing_stages(read)))
    return DoctorFacts(
        engine=engine,
        settings=settings,
        host=host_platform(),
        config_error=error.message if error else "",
        config_hint=error.hint if error else "",
        artifacts=len(artifacts),
        platforms=_platforms(loaded, settings) if platforms is None else platforms,
        registries=registries,
        secrets=sum(len(item.docker.secrets) for item in artifacts),
        missing_secrets=missing_files(artifacts, world.environ, home, _is_readable, str(world.cwd)),
        empty_secrets=unset_variables(artifacts, world.environ),
        wants_agent=wants_agent(artifacts),
        no_agent=why_no_agent(world.environ) if wants_agent(artifacts) else "",
        runs=tuple(item.image for item, file in read if file is None or file.runs_on_target(item.docker.target)),
        declared=spec.origin if spec is not None else "",
        pending=wanted.pending is not None,
        differences=wanted.differences,
        plan=plan,
        disks=disks.result(),
        environ=world.environ,
    )


def _tag_facts(loaded: LoadedRun, world: World) -> Mapping[str, TagFacts] | BuildxTasksError:
    try:
        return gather_tag_facts(loaded.configs, loaded.selected, loaded.settings, world, not_run, building=False)
    except BuildxTasksError as error:
        return error


def _planned(
    loaded: LoadedRun, world: World, engine: Engine, tag_facts: Mapping[str, TagFacts] | BuildxTasksError
) -> tuple[PlanFacts, PlatformSet | None]:
    """What `buildx.build` would plan, and for which platforms. Secrets and agents have checks of their own."""
    facts = gather_facts(loaded, world, engine)
    sources = {image: replace(source, missing=(), warnings=()) for image, source in facts.sources.items()}
    try:
        if isinstance(tag_facts, BuildxTasksError):
            raise tag_facts
        plan = plan_with(loaded, world, replace(facts, sources=sources), tag_facts, not_run)
        raise_all(long_arguments(plan, longest_argument()))
    except BuildxTasksError as error:
        return PlanFacts(problems=tuple((part.message, part.hint) for part in error.parts)), None
    built = dict.fromkeys(text for step in plan.steps for text in step.platforms)
    platforms = PlatformSet(platforms=tuple(parse_platform(text, facts.host) for text in built))
    return PlanFacts(outputs=tuple(step.output for step in plan.steps), warnings=plan.warnings), platforms


def _dockerfiles(artifacts: Iterable[Artifact], world: World) -> Iterator[tuple[Artifact, Dockerfile | None]]:
    """The Dockerfile of each docker artifact, None for one that can't be read."""
    for item in artifacts:
        if item.kind != DOCKER:
            continue
        path = find_dockerfile(world.cwd / item.context, item.docker.dockerfile, world.cwd)
        try:
            yield item, parse_dockerfile(read_regular(path).decode("utf-8", "replace"), str(path))
        except (OSError, BuildxTasksError):
            yield item, None


def _missing_stages(read: Iterable[tuple[Artifact, Dockerfile | None]]) -> Iterator[tuple[str, str]]:
    """A problem and its fix for each target that its Dockerfile does not have."""
    for item, dockerfile in read:
        target = item.docker.target
        if target and dockerfile is not None and not dockerfile.has_stage(target):
            text = f"{item.named}: {dockerfile.file} has no stage {target}"
            yield text, f"correct docker.target, or add  AS {target}  to a FROM line"


def _ask_registries(
    artifacts: Iterable[Artifact], settings: Settings, world: World, pool: ThreadPoolExecutor
) -> tuple[RegistryFacts, ...]:
    """What each registry says at its door."""
    from buildx_tasks.execution.http.client import HttpClient, insecure_hosts
    from buildx_tasks.execution.registry.client import HUB_HOST, RegistryClient
    from buildx_tasks.execution.registry.errors import RegistryUnreachable

    http = HttpClient(
        world.environ,
        insecure=insecure_hosts(settings.insecure_registries),
        connect_seconds=ANSWER_SECONDS,
        answer_seconds=ANSWER_SECONDS,
    )
    logins = Logins(docker_config(world.environ, str(world.home)), world.runner)
    client = RegistryClient(logins, http)

    def ask(used: tuple[str, bool]) -> RegistryFacts:
        host, writes = used
        facts = RegistryFacts(host=host, writes=writes, proxied=http.is_proxied(f"https://{host}"))
        try:
            status, has_login = client.check_access(host), bool(logins.login(host))
            return replace(facts, status=status, has_login=has_login, helper=logins.missing.get(host, ""))
        except RegistryUnreachable as error:
            return replace(facts, error=error.reason if error.host in (host, HUB_HOST) else error.message)

    with http:
        return tuple(pool.map(ask, used_registries(artifacts, settings).items()))


def _is_readable(path: str) -> bool:
    return is_file(path) and os.access(path, os.R_OK)


def _platforms(loaded: LoadedRun | None, settings: Settings) -> PlatformSet:
    host = host_platform()
    try:
        if settings.platform or loaded is None:
            return parse_platforms(settings.platform, host)
        configs = [text for config in loaded.configs for text in config.platforms]
        return parse_platforms([*configs, *(text for item in loaded.artifacts for text in item.platforms)], host)
    except BuildxTasksError:
        return PlatformSet()


def _disks(world: World) -> tuple[tuple[str, int, int], ...]:
    """Where builds write on this machine: here, the temporary folder, docker's own when it can be seen."""
    root = str(daemon_info(world.environ, str(world.home)).get("DockerRootDir") or DOCKER_ROOT)
    seen: set[int] = set()
    found: list[tuple[str, int, int]] = []
    for folder in (str(world.cwd), world.environ.get("TMPDIR", "/tmp"), root):  # noqa: S108 - only looked at
        try:
            device = os.stat(folder).st_dev  # noqa: PTH116 - the device number alone
            usage = shutil.disk_usage(folder)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            found.append((folder, usage.free, usage.total))
    return tuple(found)
