"""``buildx.builder.*``: the builders that settings declare, made real or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import CannotStart, EngineUnfit
from buildx_tasks.model.taskname import task_command
from buildx_tasks.tasks.task import task

if TYPE_CHECKING:
    from buildx_tasks.execution.docker.builders import Ensured
    from buildx_tasks.execution.world import World
    from buildx_tasks.model.builder import BuilderSpec

FILENAME_HELP = "config file whose .buildx block counts (default: skaffold.yaml, then skaffold.yml, if there)"


@task(
    positional=[],
    help={
        "name": "builder to create (default: every declared one)",
        "repair": "recreate builders that differ from their declaration",
        "filename": FILENAME_HELP,
    },
)
def ensure(c: Context, name: str = "", repair: bool = False, filename: str = "") -> None:
    """Create declared builders that do not exist yet."""
    from buildx_tasks.execution.docker.builders import DIFFERS, Builders

    world, specs = _declared(c, filename)
    chosen = [_named(specs, name)] if name else list(specs.values())
    if not chosen:
        raise CannotStart(
            "no builder is declared",
            "declare one in the config:\n  .buildx: {builders: {ci: {driver: remote, endpoint: tcp://HOST:1234}}}",
        )
    builders = Builders(world, buildx=_buildx_version(c, chosen))
    done = [builders.ensure(spec, repair=repair) for spec in chosen]
    for item in done:
        print(f"builder {item.name}: {item.status}")
    different = [_difference(item) for item in done if item.status == DIFFERS]
    if different:
        raise EngineUnfit("\n".join(different), "recreate them with  --repair, or change the declaration")


@task(positional=["name"], help={"name": "builder to remove", "filename": FILENAME_HELP})
def remove(c: Context, name: str, filename: str = "") -> None:
    """Remove a builder and its build cache."""
    from buildx_tasks.execution.docker.builders import Builders

    if not name:
        raise CannotStart("no builder is named", f"{task_command('buildx.builder.remove')} NAME")
    world, _specs = _declared(c, filename)
    print(f"builder {name}: {'removed' if Builders(world).remove(name) else 'was not there'}")


def _declared(c: Context, filename: str) -> tuple[World, dict[str, BuilderSpec]]:
    """The world, and every declared builder, with the one that BUILDKIT_HOST stands for."""
    from buildx_tasks.execution.docker.declared import all_builders
    from buildx_tasks.tasks.runcontext import RunContext

    context = RunContext.from_invoke(c)
    settings = context.run({"filename": filename or None}).settings_without_building
    return context.world, all_builders(settings, context.world)


def _named(specs: dict[str, BuilderSpec], name: str) -> BuilderSpec:
    import difflib

    if spec := specs.get(name.lower()):
        return spec
    near = difflib.get_close_matches(name, list(specs), 1)
    hint = f"did you mean {near[0]}?" if near else f"declared: {', '.join(specs) or 'none'}"
    raise CannotStart(f"no builder named {name!r} is declared", hint)


def _buildx_version(c: Context, specs: list[BuilderSpec]) -> str:
    """The plugin's version, which is asked for only when it decides about a flag."""
    from buildx_tasks.tasks.runcontext import RunContext

    if not any(node.config for spec in specs for node in spec.nodes):
        return ""
    questions = RunContext.from_invoke(c, asking=True).questions
    assert questions is not None
    return questions.buildx.result()[0]


def _difference(item: Ensured) -> str:
    return "\n".join(f"builder {item.name}: {text}" for text in item.differences)


ns = Collection("builder", ensure, remove)
