"""``buildx.list``: what a config builds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.context import Context

from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.console import print_note
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options

CHOOSING = ("platform", "disable_multi_platform_build", "other_builders")
"""The options of a build that say something of an artifact without docker."""
WHAT = tuple(option for option in BUILD if option.name in CHOOSING)
FORMATS = ("text", "json")
FORMAT = (Option("format", "text or json"),)


@with_options(SELECTION, WHAT, FORMAT)
def list_(c: Context, given: Mapping[str, Any]) -> None:
    """List the artifacts of the config, and which are selected."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    context = RunContext.from_invoke(c)

    from buildx_tasks.execution.listing import list_artifacts
    from buildx_tasks.planning.config.select import ADD_ARTIFACT, NO_ARTIFACTS
    from buildx_tasks.reporting.listing import list_json, list_text
    from buildx_tasks.reporting.paint import terminal_width

    artifacts = list_artifacts(context.run(flag_values(given, SELECTION, WHAT)))
    if form == "json":
        sys.stdout.write(as_called(list_json(artifacts)))
    elif artifacts:
        sys.stdout.write(as_called(list_text(artifacts, width=terminal_width())))
    else:
        print_note(f"{NO_ARTIFACTS}: {ADD_ARTIFACT}")
