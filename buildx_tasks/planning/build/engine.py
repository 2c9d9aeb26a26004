"""Which tool builds: docker buildx with which builder, or plain docker; and what that can do.

The reason is part of the answer, because it is the first thing to know when a build does not do what it should.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.builder import DOCKER_CONTAINER, DOCKER_DRIVER
from buildx_tasks.model.engine import CONTAINERD, Builder, Daemon, Engine
from buildx_tasks.model.platform import Platform
from buildx_tasks.model.request import BUILDX, DOCKER
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.advice import ELSEWHERE, builder_advice

BUILDX_IS_DEFAULT_SINCE = Version("23.0")
OLDEST_BUILDX = Version("0.10")
ANY_VERSION = Version("999")
"""Of a docker that has every flag."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """The chosen tool, planned with by what it can do and not by the name of its driver.

    `builder` is the name for ``--builder``, "" on the plain path. `attests`, `exports_images` (oci and docker
    files) and `pushes_itself` (so that it takes registry options) are what docker's classic image store lacks.
    What several `nodes` build together can't be loaded. `legacy` asks the plain path for docker's builder from
    before BuildKit.
    """

    name: str
    reason: str
    builder: str = ""
    driver: str = ""
    nodes: int = 1
    exports_cache: bool = False
    loads: bool = False
    loads_indexes: bool = False
    builds_indexes: bool = False
    attests: bool = False
    exports_images: bool = False
    pushes_itself: bool = False
    platforms: tuple[str, ...] = ()
    legacy: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def is_buildx(self) -> bool:
        """Whether ``docker buildx build`` is used."""
        return self.name == BUILDX


def wants_buildx(settings: Settings, engine: Engine) -> tuple[bool, str]:
    """Whether buildx is to be used, and the reason: the table of the design, first match wins."""
    if settings.builder == OFF:
        return False, f"builder is off ({settings.origins.get('builder', 'setting')})"
    if not engine.buildx:
        return False, "docker buildx is not available" + (f": {engine.buildx_error}" if engine.buildx_error else "")
    if settings.builder:
        return True, f"builder {settings.builder} is configured ({settings.origins.get('builder', 'setting')})"
    if engine.selected:
        return True, f"builder {engine.selected} was selected with docker buildx use"
    if engine.alias:
        return True, "the docker config makes buildx the default builder (alias builder)"
    if (version := version_of(engine.cli)) is not None and version >= BUILDX_IS_DEFAULT_SINCE:
        return True, f"buildx is the default builder of docker {engine.cli}"
    return False, f"buildx is not the default builder of docker {engine.cli} and no builder is configured"


def choose_tool(settings: Settings, engine: Engine) -> Tool:
    """The tool for this run. Raises `EngineUnfit` when docker is missing, or the builder is unknown or unfit."""
    if not engine.cli:
        raise EngineUnfit("docker is not installed", "install the docker CLI, or put it on PATH: docker --version")
    wanted, reason = wants_buildx(settings, engine)
    if not wanted:
        return _plain(settings, engine, reason)
    builder = engine.builder or Builder(name=settings.builder or engine.selected or "default")
    if not builder.known:
        raise unknown_builder(builder.name, engine)
    if builder.error:
        raise unfit_builder(builder, daemon=engine.daemon.running)
    return _buildx(builder, engine, reason)


def _plain(settings: Settings, engine: Engine, reason: str) -> Tool:
    if not engine.daemon.running:
        raise EngineUnfit(
            f"plain docker build is used ({reason}) and no docker daemon answers: {engine.daemon.error}",
            _without_daemon(settings, engine),
        )
    warnings: tuple[str, ...] = ()
    if not engine.buildx and settings.builder != OFF:
        warnings = (f"docker buildx is not available, using plain docker build: {_install_hint(settings)}",)
    return Tool(name=DOCKER, reason=reason, loads=True, warnings=warnings)


def _without_daemon(settings: Settings, engine: Engine) -> str:
    """What to do where plain docker would build and has no daemon."""
    if settings.builder == OFF:
        off = f"builder is off ({settings.origins.get('builder', 'setting')})"
        return f"start docker, or let buildx build somewhere else, as {off}:\n{builder_advice('remote', daemon=False)}"
    if engine.buildx:
        return ELSEWHERE
    elsewhere = builder_advice("remote", daemon=False)
    return f"start docker, or install the docker-buildx plugin to build somewhere else:\n{elsewhere}"


def _install_hint(settings: Settings) -> str:
    lost = f"builder {settings.builder} is ignored; " if settings.builder else ""
    return f"{lost}install the docker-buildx plugin for named builders, cache export and several platforms"


def _buildx(builder: Builder, engine: Engine, reason: str) -> Tool:
    is_docker = builder.driver in (DOCKER_DRIVER, "")
    if is_docker and not engine.daemon.running:
        raise EngineUnfit(
            f"builder {builder.name} builds in the local docker daemon and none answers: {engine.daemon.error}",
            ELSEWHERE,
        )
    warnings: tuple[str, ...] = ()
    if (version := version_of(engine.buildx)) is not None and version < OLDEST_BUILDX:
        warnings = (f"docker buildx {engine.buildx} is older than {OLDEST_BUILDX}, the oldest that is supported",)
    indexes = engine.daemon.holds_indexes
    whole = indexes if is_docker else True
    return Tool(
        name=BUILDX,
        reason=reason,
        builder=builder.name,
        driver=builder.driver or "docker",
        nodes=max(1, len(builder.nodes)),
        exports_cache=whole,
        builds_indexes=whole,
        attests=whole,
        exports_images=whole,
        pushes_itself=whole,
        loads=engine.daemon.running,
        loads_indexes=engine.daemon.running and indexes and len(builder.nodes) <= 1,
        platforms=builder.platforms,
        warnings=warnings,
    )


def capable_engine(settings: Settings, host: Platform) -> Engine:
    """A docker that can do whatever a build may need: what can't be planned with it can't be built with any."""
    version = str(ANY_VERSION)
    return Engine(
        cli=version,
        buildx=version,
        builder=Builder(
            name=settings.builder or "default", driver="docker-container" if settings.partial else "docker"
        ),
        daemon=Daemon(version=version, platform=str(host), store=CONTAINERD),
    )


def unknown_builder(name: str, engine: Engine) -> EngineUnfit:
    """The error for a builder that buildx does not know: the known ones, and how to create and select one."""
    known = engine.known_builders
    near = difflib.get_close_matches(name, known, 1)
    parts = [f"did you mean {near[0]}?"] if near else []
    parts.append(f"known builders: {', '.join(known) if known else 'none'}")
    return EngineUnfit(
        f"no builder named {name!r}", "\n".join((*parts, builder_advice(name, daemon=engine.daemon.running)))
    )


def unfit_builder(builder: Builder, *, daemon: bool = True) -> EngineUnfit:
    """The error for a builder that can't be used, with its own hint or the doctor's.

    `daemon` says whether a docker daemon answers, which is all that a builder in a container may lack.
    """
    hint = builder.hint or (ELSEWHERE if lacks_daemon(builder, daemon=daemon) else "")
    return EngineUnfit(
        f"builder {builder.name}: {builder.error}", hint or f"look closer with: {task_command('buildx.doctor')}"
    )


def lacks_daemon(builder: Builder, *, daemon: bool) -> bool:
    """Whether a builder is one that a docker daemon runs, and none answers."""
    return not daemon and builder.driver in ("", DOCKER_DRIVER, DOCKER_CONTAINER)


def buildkit_version(text: str) -> Version | None:
    """The version of a BuildKit; None where that is not known, which one inside of a docker engine calls 0.0.0."""
    version = version_of(text)
    return version if version is not None and version.release > (0, 0, 0) else None


def version_of(text: str) -> Version | None:
    """A version without what distributions append to it; None for what is none."""
    try:
        return Version(text.removeprefix("v").split("-")[0].split("+")[0])
    except InvalidVersion:
        return None
