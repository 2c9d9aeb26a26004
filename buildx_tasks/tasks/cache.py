"""``buildx.cache.*``: what caches leave behind in registries."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import WorkFailed
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.console import print_warning
from buildx_tasks.tasks.options import BUILD, SELECTION, Option, chosen_format, flag_values, with_options
from buildx_tasks.tasks.outputoptions import OutputOptions

NAMING = (
    *("default_repo", "insecure_registry", "cache_tag", "cache_repo", "cache_from", "cache_to"),
    *("artifact_cache_prefix", "other_builders"),
)
"""The options of a build that decide how images and caches are called."""
WHAT = tuple(option for option in BUILD if option.name in NAMING)
FORMATS = ("text", "json")
HOW = (
    Option("dry_run", "show what would be deleted and delete nothing", default=False),
    Option("older_than", "delete also what is older: 30d, 12h, 8w (default: caches of deleted branches alone)"),
    Option("remote", "git remote whose branches count, a name or an address (default: origin)"),
    Option("keep", "tag never to delete, or a quoted pattern such as 'cache-v*'; repeat", default=None, repeat=True),
    Option("format", "text or json"),
)


@with_options(HOW, SELECTION, WHAT)
def prune(c: Context, given: Mapping[str, Any]) -> None:
    """Delete derived tags that are not needed from registries."""
    from buildx_tasks.tasks.runcontext import RunContext

    form = chosen_format(given["format"], FORMATS)
    options = OutputOptions(quiet=form == "json", dry_run=bool(given["dry_run"]))
    context = RunContext.from_invoke(c, lambda _environ: options, asking=False)

    from buildx_tasks.execution.prune import Pruning
    from buildx_tasks.execution.registry.client import connect
    from buildx_tasks.planning.prune.choose import Rules, parse_age
    from buildx_tasks.reporting.prune import prune_json, prune_text

    world = context.world
    limit = parse_age(given["older_than"]) if given["older_than"] else None
    result = Pruning(
        run=context.run(flag_values(given, SELECTION, WHAT)),
        registries=lambda settings: connect(world.environ, world.home, world.runner, settings.insecure_registries),
        rules=Rules(prefix="", now=world.now, limit=limit, kept=tuple(given["keep"] or ())),
        remote=given["remote"] or "origin",
        dry_run=context.output.dry_run,
    ).prune()
    for text in result.notes:
        print_warning(text)
    sys.stdout.write(as_called(prune_json(result) if form == "json" else prune_text(result)))
    failed = [repository for repository in result.repositories if repository.error]
    if failed:
        hints = dict.fromkeys(repository.hint for repository in failed if repository.hint)
        raise WorkFailed("\n".join(f"{item.name}: {item.error}" for item in failed), "\n".join(hints))


ns = Collection("cache", prune)
