"""``buildx.merge``: whole images from the parts that several jobs have built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invoke.context import Context

from buildx_tasks.tasks.options import RESULT, Option, flag_values, with_options
from buildx_tasks.tasks.outputoptions import output_options

WHAT = (
    Option(
        "part",
        "result file of a partial build, or a quoted pattern such as 'part*.json'; repeat "
        "(the program buildx-tasks takes bare file names as well)",
        default=None,
        repeat=True,
    ),
    Option(
        "platform",
        "platforms that an image must have whose config names none; repeat or use commas",
        "platform",
        default=None,
        repeat=True,
    ),
    Option(
        "insecure_registry",
        "registry to reach without checked TLS; repeat or use commas",
        "insecure-registries",
        default=None,
        repeat=True,
    ),
    Option("filename", "config file whose settings count (default: skaffold.yaml, then skaffold.yml, if there)"),
)


@with_options(WHAT, RESULT)
def merge(c: Context, given: Mapping[str, Any]) -> None:
    """Merge the parts of several partial builds into images."""
    from buildx_tasks.tasks.runcontext import RunContext

    result = flag_values(given, RESULT)
    context = RunContext.from_invoke(c, lambda environ: output_options(result, environ), asking=False)

    from buildx_tasks.execution.merge import merge_parts, read_part_files
    from buildx_tasks.execution.registry.client import connect
    from buildx_tasks.tasks.presenter import Presenter

    world, presenter = context.world, Presenter.of(context)
    presenter.check_files()
    run = context.run({**flag_values(given, WHAT), "filename": given["filename"] or None})
    with presenter.reports.errors(lambda: run.outside.ci_service):
        parts = read_part_files(given["part"] or (), world.cwd)
        settings = run.settings_without_building
        registries = connect(world.environ, world.home, world.runner, settings.insecure_registries)
        results = merge_parts(parts, settings.platform, registries, writing=not context.output.dry_run)
    presenter.merged(settings, results)
    presenter.finish(settings, results)
