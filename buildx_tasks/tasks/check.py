"""``buildx.check``: the Dockerfile checks of BuildKit, for all artifacts of a config."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from buildx_tasks.errors import FAILED, CannotStart
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, flag_values, with_options

WHAT = tuple(option for option in BUILD if option.name == "builder")
FORMATS = ("text", "json", "github")
FORMAT = (Option("format", "text, json or github (annotations of a workflow)"),)


@with_options(SELECTION, WHAT, FORMAT)
def check(c: Context, given: Mapping[str, Any]) -> None:
    """Run BuildKit's checks on Dockerfiles, without building."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = given["format"] or "text"
    if form not in FORMATS:
        raise CannotStart(f"--format can't be {form!r}", f"one of: {', '.join(FORMATS)}")
    context = RunContext.from_invoke(c, asking=True)

    from buildx_tasks.execution.dockerchecks import run_checks
    from buildx_tasks.reporting.dockerchecks import REPORTERS

    checked = run_checks(context.run(flag_values(given, SELECTION, WHAT)))
    sys.stdout.write(as_called(REPORTERS[form](checked)))
    if any(item.findings for item in checked):
        raise Exit(code=FAILED)
