"""``buildx.*``: build the docker artifacts of a skaffold.yaml, and show beforehand how."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import Interrupted, WorkFailed
from buildx_tasks.model.result import ArtifactResult
from buildx_tasks.tasks.options import BUILD, RESULT, SELECTION, flag_values, with_options


def _world(c: Context) -> Any:
    from buildx_tasks.execution.session import World
    from buildx_tasks.execution.shell import ShellRunner

    del c
    return World(
        environ=dict(os.environ),
        cwd=Path.cwd(),
        home=Path.home(),
        now=datetime.now(timezone.utc).astimezone(),
        runner=ShellRunner(),
        notify=lambda text: print(f"WARNING: {text}", file=sys.stderr),
    )


def _settings(c: Context, flags: Mapping[str, object], world: Any) -> Any:
    from buildx_tasks.model.settings import Layer, environment_layer, resolve

    del c
    return resolve([Layer("flag", flags), environment_layer(world.environ)])


@with_options(SELECTION, BUILD, RESULT)
def build(c: Context, given: Mapping[str, Any]) -> None:
    """Build the docker artifacts of skaffold.yaml."""
    from buildx_tasks.execution import session
    from buildx_tasks.reporting.buildjson import build_json
    from buildx_tasks.reporting.text import Silent, TextReporter

    world = _world(c)
    settings = _settings(c, flag_values(given, SELECTION, BUILD), world)
    plan = session.make_plan(settings, world, building=not given["dry_run"])
    reporter = TextReporter(sys.stdout, terminal=sys.stdout.isatty())
    for w in plan.warnings:
        reporter.warn(w)
    reporter.tags(plan)
    results = session.build(settings, world, plan, Silent() if given["quiet"] else reporter)
    reporter.results(results)
    if given["quiet"]:
        print(build_json(results))
    if results.interrupted:
        raise Interrupted("interrupted")
    if not results.ok:
        raise WorkFailed("\n".join(_failure(b) for b in results.failed))


def _failure(build: ArtifactResult) -> str:
    assert build.failure
    return f"build [{build.image}] failed: {build.failure.message}\n{build.failure.hint}"


@with_options(SELECTION, BUILD)
def plan(c: Context, given: Mapping[str, Any]) -> None:
    """Show how the artifacts would be built, and why."""
    from buildx_tasks.execution import session
    from buildx_tasks.reporting.plan import plan_text

    world = _world(c)
    settings = _settings(c, flag_values(given, SELECTION, BUILD), world)
    print(plan_text(session.make_plan(settings, world, building=False)))


ns = Collection("buildx", build, plan)
