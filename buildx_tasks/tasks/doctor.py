"""``buildx.doctor``: why a build would not work, before it is tried."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit

from buildx_tasks.errors import ENGINE_UNFIT
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options

FORMATS = ("text", "json")
FORMAT = (Option("format", "text or json"),)


@with_options(SELECTION, BUILD, FORMAT)
def doctor(c: Context, given: Mapping[str, Any]) -> None:
    """Check docker, builders, registries and config for a build."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    context = RunContext.from_invoke(c, asking=True)

    from buildx_tasks.execution.doctor import gather
    from buildx_tasks.model.check import PROBLEM
    from buildx_tasks.planning.doctor.checks import examine, worst
    from buildx_tasks.reporting.doctor import doctor_json, doctor_text

    checks = examine(gather(context.run(flag_values(given, SELECTION, BUILD))))
    sys.stdout.write(as_called(doctor_text(checks) if form == "text" else doctor_json(checks)))
    if worst(checks) == PROBLEM:
        raise Exit(code=ENGINE_UNFIT)
