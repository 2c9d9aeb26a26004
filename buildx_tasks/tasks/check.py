"""``buildx.check``: the Dockerfile checks of BuildKit, for all artifacts of a config."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from buildx_tasks.errors import FAILED
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options

WHAT = tuple(option for option in BUILD if option.name == "builder")
FORMATS = ("text", "json", "github")
FORMAT = (
    Option("format", "text, json or github (annotations of a workflow)"),
    Option("codequality_output", "write the findings to this file too, as a code quality report of GitLab"),
)


@with_options(SELECTION, WHAT, FORMAT)
def check(c: Context, given: Mapping[str, Any]) -> None:
    """Run BuildKit's checks on Dockerfiles, without building."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    context = RunContext.from_invoke(c, asking=True)

    from buildx_tasks.execution.dockerchecks import run_checks
    from buildx_tasks.reporting.dockerchecks import REPORTERS
    from buildx_tasks.tasks.codequality import check_file, in_repository, write_codequality

    file = given["codequality_output"]
    check_file(file)
    checked = run_checks(context.run(flag_values(given, SELECTION, WHAT)))
    shown = [replace(item, findings=in_repository(item.findings)) for item in checked] if form == "github" else checked
    sys.stdout.write(as_called(REPORTERS[form](shown)))
    write_codequality(file, [finding for item in checked for finding in item.findings])
    if any(item.findings for item in checked):
        raise Exit(code=FAILED)
