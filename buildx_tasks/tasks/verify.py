"""``buildx.verify``: whether images come out the same when they are built again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from buildx_tasks.errors import FAILED
from buildx_tasks.model.taskname import task_command
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options
from buildx_tasks.tasks.outputoptions import OutputOptions

NOT_HERE = (
    "artifact_cache",
    "artifact_cache_prefix",
    "cache_artifacts",
    "cache_file",
    "cache_flags",
    "cache_from",
    "cache_mode",
    "cache_mounts",
    "cache_mount_image",
    "cache_mount_limit",
    "cache_repo",
    "cache_tag",
    "cache_to",
    "no_cache",
    "no_cache_artifacts",
    "no_cache_filter",
    "partial",
)
"""Options of a build without a meaning where nothing is pushed and no cache is used."""
WHAT = tuple(option for option in BUILD if option.name not in NOT_HERE)
FORMATS = ("text", "json")
HOW = (
    Option("against", "builder of the second build (default: the same as of the first)"),
    Option("format", "text or json"),
)


@with_options(HOW, SELECTION, WHAT)
def verify(c: Context, given: Mapping[str, Any]) -> None:
    """Build twice without cache and compare the images."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    flags = flag_values(given, SELECTION, WHAT)
    context = RunContext.from_invoke(c, lambda _environ: OutputOptions(quiet=form == "json"), asking=True)

    from buildx_tasks.execution.verifying import verify as build_twice
    from buildx_tasks.reporting.text import Silent
    from buildx_tasks.reporting.verify import verify_json, verify_text
    from buildx_tasks.tasks.presenter import Presenter

    run, presenter = context.run(flags), Presenter.of(context)
    if context.output.dry_run:
        presenter.dry_run(run.loaded.settings, *run.tags())
        return
    found = build_twice(run, given["against"], Silent() if presenter.quiet else presenter.reporter)
    if found.failed:
        presenter.show(found.failed)
        presenter.finish(run.loaded.settings, found.failed)
    sys.stdout.write(as_called(verify_json(found) if form == "json" else verify_text(found)))
    if found.same:
        return
    if not run.loaded.settings.reproducible and form == "text":
        hint = f"times are those of the build without  --reproducible  ({task_command('buildx.build')})\n"
        sys.stderr.write(as_called(hint))
    raise Exit(code=FAILED)
