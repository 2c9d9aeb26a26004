"""``buildx.*``: build the docker artifacts of a skaffold.yaml, and show beforehand how."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.taskname import task_command
from buildx_tasks.tasks import builder, cache, config
from buildx_tasks.tasks.affected import affected
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.check import check
from buildx_tasks.tasks.doctor import doctor
from buildx_tasks.tasks.init import init
from buildx_tasks.tasks.listing import list_
from buildx_tasks.tasks.lock import lock, outdated
from buildx_tasks.tasks.merge import merge
from buildx_tasks.tasks.options import BUILD, FORMAT, RESULT, SELECTION, chosen_format, flag_values, with_options
from buildx_tasks.tasks.outputoptions import OutputOptions, output_options
from buildx_tasks.tasks.verify import verify

PLAN_FORMATS = ("text", "full", "json", "bake", "mermaid", "dot")


@with_options(SELECTION, BUILD, RESULT)
def build(c: Context, given: Mapping[str, Any]) -> None:
    """Build the docker artifacts of skaffold.yaml."""
    from buildx_tasks.tasks.runcontext import RunContext

    flags, result = flag_values(given, SELECTION, BUILD), flag_values(given, RESULT)
    context = RunContext.from_invoke(c, lambda environ: output_options(result, environ), builder=flags.get("builder"))

    from buildx_tasks.tasks.presenter import Presenter

    run, presenter = context.run(flags), Presenter.of(context)
    if context.output.dry_run:
        presenter.dry_run(run.loaded.settings, *run.tags())
        return
    presenter.check_files()
    with presenter.reports.errors(lambda: run.outside.ci_service):
        prepared = run.prepare(building=True)
        presenter.check_partial(prepared.settings)
        results = presenter.build(run, prepared)
    presenter.finish(prepared.settings, results)


@with_options(SELECTION, BUILD, FORMAT)
def plan(c: Context, given: Mapping[str, Any]) -> None:
    """Show the build commands and the reason of every flag."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], PLAN_FORMATS)
    if form == "bake" and given["explain"]:
        raise CannotStart("--explain has no place in a bake file", f"see why:  {task_command('buildx.plan')} --explain")
    flags, shown = flag_values(given, SELECTION, BUILD), OutputOptions(quiet=form not in ("text", "full"), dry_run=True)
    context = RunContext.from_invoke(c, lambda _environ: shown, asking=True, builder=flags.get("builder"))

    from buildx_tasks.reporting.paint import terminal_width
    from buildx_tasks.reporting.plan import full_plan_text, plan_json, plan_text, why_text
    from buildx_tasks.tasks.presenter import Presenter

    run = context.run(flags)
    prepared = run.prepare(building=False)
    planned = prepared.plan
    if form == "bake":
        Presenter.of(context).bake(planned)
        return
    why = run.explain(prepared) if given["explain"] else None
    if form in ("mermaid", "dot"):
        from buildx_tasks.reporting.graph import dot_text, mermaid_text

        sys.stdout.write(as_called((mermaid_text if form == "mermaid" else dot_text)(planned, why)))
        return
    if form == "json":
        text = plan_json(planned, why)
    else:
        text = full_plan_text(planned) if form == "full" else plan_text(planned, width=terminal_width())
        text += why_text(planned, why) if why is not None else ""
    sys.stdout.write(as_called(text))


ns = Collection("buildx", build, plan, merge, check, affected, doctor, init, lock, outdated, verify)
ns.add_task(list_, "list")
ns.add_collection(builder.ns)
ns.add_collection(cache.ns)
ns.add_collection(config.ns)
