"""``buildx.affected``: which artifacts would be made from something else than at another commit."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.taskname import task_command
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.defaults import invoke_layer
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options

if TYPE_CHECKING:
    from pathlib import Path

    from buildx_tasks.execution.pipeline import Run

COUNTING = (
    "other_builders",
    "platform",
    "disable_multi_platform_build",
    "default_repo",
    "push",
    "no_push",
    "attest",
    "sbom",
    "reproducible",
    "lock_file",
)
"""The options of a build that may have a say in what an image is made from."""
WHAT = tuple(option for option in BUILD if option.name in COUNTING)
FORMATS = ("text", "json", "github", "gitlab")
HOW = (
    Option("since", "commit to compare with, such as origin/main or HEAD~1"),
    Option("format", "text, json, github (matrices of a workflow) or gitlab (a child pipeline)"),
)
CHOOSING = ("artifact", "build_image")


@with_options(HOW, SELECTION, WHAT)
def affected(c: Context, given: Mapping[str, Any]) -> None:
    """List the artifacts that changed since a commit, and why."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    if not given["since"]:
        raise CannotStart("--since is missing: the commit to compare with", "such as:  --since origin/main")
    flags = flag_values(given, SELECTION, WHAT)
    context = RunContext.from_invoke(c)

    from buildx_tasks.execution.affected import find_affected
    from buildx_tasks.execution.config.envfile import load_environment_file
    from buildx_tasks.reporting.affected import REPORTERS, affected_gitlab

    def run_in(folder: Path) -> Run:
        environ = load_environment_file(folder, os.environ)
        world = replace(context.world, cwd=folder, environ=environ, notify=lambda _text: None, note=lambda _text: None)
        return replace(context, world=world, invoke=invoke_layer(c, environ)).run(flags)

    found = find_affected(context.run(flags), given["since"], run_in)
    text = REPORTERS[form](found) if form in REPORTERS else affected_gitlab(found, _build_command(given))
    sys.stdout.write(as_called(text))


def _build_command(given: Mapping[str, Any]) -> str:
    """The command that builds one of the artifacts as they were compared, for a shell."""
    words = [word for option in (*SELECTION, *WHAT) if option.name not in CHOOSING for word in _words(option, given)]
    return " ".join((task_command("buildx.build"), '--artifact "=$ARTIFACT"', *map(shlex.quote, words)))


def _words(option: Option, given: Mapping[str, Any]) -> list[str]:
    """An option as it was given."""
    value = given[option.name]
    if value == option.default or value in (None, [], False):
        return []
    if option.default is False:
        return [option.flag]
    values = value if isinstance(value, list) else [value]
    return [f"{option.flag}={str(item).lower() if isinstance(item, bool) else item}" for item in values]
