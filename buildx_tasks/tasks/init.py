"""``buildx.init``: a config for a folder that has none yet."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke.context import Context

from buildx_tasks.errors import CannotStart, NothingSelected
from buildx_tasks.model.taskname import task_command
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.console import print_note, print_warning
from buildx_tasks.tasks.task import task


@task(
    positional=[],
    help={
        "filename": "file to write (default: skaffold.yaml)",
        "dry_run": "print the config and write nothing",
        "no_modeline": "write no schema for editors, and no comment that names it",
    },
)
def init(c: Context, filename: str = "", dry_run: bool = False, no_modeline: bool = False) -> None:
    """Write a skaffold.yaml from the Dockerfiles of this folder."""
    from buildx_tasks.execution.config.inputs import DEFAULT_NAMES
    from buildx_tasks.tasks.runcontext import RunContext

    world = RunContext.from_invoke(c).world
    target = Path(filename or DEFAULT_NAMES[0])
    printing = dry_run or bool(c.config.run.dry)
    if not printing:
        _check_free(world.cwd, target, () if filename else DEFAULT_NAMES)

    from buildx_tasks.execution.config.schemafile import place_schema
    from buildx_tasks.execution.dockerfiles import survey_folder
    from buildx_tasks.execution.files import write_new
    from buildx_tasks.model.apiversion import NEWEST
    from buildx_tasks.planning.init.artifacts import plan_artifacts
    from buildx_tasks.planning.init.text import config_text
    from buildx_tasks.reporting.newconfig import new_config_text

    survey = survey_folder(world)
    for line in survey.unread:
        print_warning(f"{line}; it is left out")
    if not survey.found:
        raise NothingSelected(
            f"no Dockerfile was found in {world.cwd} and below",
            "write one first, or go to the folder that has some\nhidden and ignored folders are not searched",
        )
    artifacts = plan_artifacts(survey.found, survey.project)
    for item in artifacts:
        if item.missing:
            print_note(f"context {item.context} has no {', '.join(item.missing)}, which {item.file} copies")
    schema = None if no_modeline else place_schema(world.cwd / target, NEWEST)
    text = as_called(config_text(artifacts, survey.project, schema.modeline if schema else ""))
    if printing:
        sys.stdout.write(text)
        return
    write_new(world.cwd / target, text.encode())
    if schema:
        schema.write()
    sys.stdout.write(as_called(new_config_text(str(target), artifacts)))


def _check_free(cwd: Path, target: Path, names: tuple[str, ...]) -> None:
    """Raise `CannotStart` where there is a config already, also one of the other usual names."""
    from buildx_tasks.execution.paths import exists, is_link

    for name in (str(target), *names):
        if exists(cwd / name) or is_link(cwd / name):
            hint = f"see what it builds:  {task_command('buildx.list')}"
            if name == str(target):
                hint += f"\nor see what would be written:  {task_command('buildx.init')} --dry-run"
            raise CannotStart(f"{name} exists already", hint)
