"""The builder that a run wants: declared ones are made real before it, or planned as if they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from buildx_tasks.execution.paths import is_file, read_regular
from buildx_tasks.execution.world import World
from buildx_tasks.model.builder import HOST_VARIABLE, BuilderSpec
from buildx_tasks.model.engine import Builder, Engine
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.model.taskname import task_command


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderSelection:
    """`settings` name the builder, also one that only variables stand for.

    `pending` is a builder that is declared and not there, when nothing may be created; `differences` are those of one
    that is there.
    """

    settings: Settings
    pending: Builder | None = None
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """How the builder differs from its declaration, and what to do about it."""
        if not self.differences:
            return ()
        name = self.settings.builder
        how = "; ".join(self.differences)
        again = f"{task_command('buildx.builder.ensure')} --name {name} --repair"
        return (f"builder {name} differs from its declaration ({how}): recreate it with  {again}",)

    def seen(self, engine: Engine) -> Engine:
        """What the plan shall take for there: the pending builder, as it will be."""
        return replace(engine, builder=self.pending) if self.pending and engine.buildx else engine


def declared_builders(settings: Settings, world: World) -> dict[str, BuilderSpec]:
    """Every builder of the setting ``builders`` by name. Raises `CannotStart` with all problems."""
    if not settings.builders:
        return {}
    from buildx_tasks.planning.build.variables import Expander
    from buildx_tasks.planning.builders.declared import parse_builders, with_insecure_registries

    specs = parse_builders(
        settings.builders,
        cwd=str(world.cwd),
        home=str(world.home),
        read=lambda path: read_regular(path).decode("utf-8"),
        expand=Expander(world.environ, now=world.now, cmd=None),
    )
    return {name: with_insecure_registries(spec, settings.insecure_registries) for name, spec in specs.items()}


def variables_builder(environ: Mapping[str, str], cwd: Path) -> BuilderSpec | None:
    """The builder that BUILDKIT_HOST stands for, None when it is not set. Raises `CannotStart`."""
    if not environ.get(HOST_VARIABLE):
        return None
    from buildx_tasks.planning.builders.declared import implicit_builder

    return implicit_builder(environ, cwd=str(cwd), exists=is_file)


def with_builder_of_variables(settings: Settings, environ: Mapping[str, str], cwd: Path) -> Settings:
    """`settings` that name the builder of BUILDKIT_HOST where they name none. Raises `CannotStart`."""
    spec = None if settings.builder else variables_builder(environ, cwd)
    if spec is None:
        return settings
    return replace(settings, builder=spec.name, origins={**settings.origins, "builder": f"environment {spec.origin}"})


def all_builders(settings: Settings, world: World) -> dict[str, BuilderSpec]:
    """The declared builders, and the one that BUILDKIT_HOST stands for, by name."""
    implicit = variables_builder(world.environ, world.cwd)
    return declared_builders(settings, world) | ({implicit.name: implicit} if implicit else {})


def wanted_spec(settings: Settings, world: World) -> BuilderSpec | None:
    """The declaration of the builder that `settings` name, or else that BUILDKIT_HOST stands for; None for neither."""
    if settings.builder == OFF:
        return None
    declared = declared_builders(settings, world)
    return declared.get(settings.builder.lower()) if settings.builder else variables_builder(world.environ, world.cwd)


def select_builder(settings: Settings, world: World, *, building: bool, buildx: Callable[[], str]) -> BuilderSelection:
    """Make the wanted builder real when it is declared, or with `building` False say what would be made.

    `buildx` gives the plugin's version. Raises `CannotStart` for a bad declaration and `EngineUnfit` when docker
    refuses; without buildx nothing is done, as plain docker may still build.
    """
    spec = wanted_spec(settings, world)
    if spec is None:
        return BuilderSelection(settings=settings)
    origins = settings.origins if settings.builder else {**settings.origins, "builder": spec.origin}
    settings = replace(settings, builder=spec.name, origins=origins)
    if not building:
        return _as_planned(spec, settings, world)
    from buildx_tasks.execution.docker.builders import DIFFERS, Builders

    if not (version := buildx()):
        return BuilderSelection(settings=settings)
    done = Builders(world, buildx=version, patience=settings.builder_timeout).ensure(spec)
    return BuilderSelection(settings=settings, differences=done.differences if done.status == DIFFERS else ())


def _as_planned(spec: BuilderSpec, settings: Settings, world: World) -> BuilderSelection:
    from buildx_tasks.execution.docker.builder_inspect import as_pending
    from buildx_tasks.execution.docker.builders import Builders

    state = Builders(world).state(spec)
    if state.differences:
        return BuilderSelection(settings=settings, differences=state.differences)
    if not state.missing:
        return BuilderSelection(settings=settings)
    return BuilderSelection(
        settings=settings,
        pending=as_pending(spec),
        notes=(f"builder {spec.name} ({spec.driver}) does not exist yet: {task_command('buildx.build')} creates it",),
    )
