"""The Python API: what the tasks do, as functions that take plain arguments and return values.

Nothing heavy is imported until a function is called.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from buildx_tasks.execution.pipeline import Settle
    from buildx_tasks.execution.world import World
    from buildx_tasks.model.config import Config
    from buildx_tasks.model.plan import BuildPlan
    from buildx_tasks.model.result import Results

_log = logging.getLogger("buildx_tasks")


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    profiles: Sequence[str] = (),
    modules: Sequence[str] = (),
    overrides: Sequence[str] = (),
    profile_auto_activation: bool | None = None,
    kube_context: str | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
) -> tuple[Config, ...]:
    """The configs of `path` (by default ``skaffold.yaml`` here) and of what it requires, dependencies first.

    `profiles`, `modules` and `overrides` (``"app.docker.target=debug"``) are what ``--profile``, ``--module`` and
    ``--set`` take; what is not given comes from the environment and the global config. ``skaffold.env`` in `cwd`
    counts. `warn` is told what is odd but no error; by default that goes to the log. Runs nothing but git, for
    repositories that a config requires. Raises `CannotStart`, and `ConfigInvalid` with one line for each problem.
    """
    from buildx_tasks.execution.cluster.kube import read_cluster
    from buildx_tasks.execution.config.envfile import load_environment_file
    from buildx_tasks.execution.config.layers import gather
    from buildx_tasks.execution.config.load import load_configs
    from buildx_tasks.execution.shell import ShellRunner

    folder = Path(cwd or Path.cwd()).absolute()
    variables = load_environment_file(folder, os.environ if environ is None else environ, warn)
    home = Path(variables.get("HOME") or Path.home())
    flags = {
        "filename": None if path is None else os.fspath(path),
        "profile": tuple(profiles) or None,
        "module": tuple(modules) or None,
        "set": tuple(overrides) or None,
        "profile-auto-activation": profile_auto_activation,
        "kube-context": kube_context,
    }
    settings = gather(flags, (), variables, home, warn)
    cluster = read_cluster(variables, home, warn, kube_context=settings.kube_context, kubeconfig=settings.kubeconfig)
    return load_configs(
        settings,
        environ=variables,
        cwd=folder,
        kube_context=cluster.context,
        runner=ShellRunner(variables),
        notify=warn,
    )


def plan(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
    **settings: object,
) -> BuildPlan:
    """How the artifacts of `path` would be built: every command with the reason of every flag. Builds nothing.

    `settings` are those of ``docs/settings.md`` with underscores: ``default_repo="localhost:5000"``,
    ``platform=["linux/arm64"]``, ``builder="ci"``; they count as flags, and what is not given comes from the
    usual places. Raises `CannotStart`, `ConfigInvalid`, `NothingSelected` or `EngineUnfit`.
    """
    from buildx_tasks.execution import pipeline as session

    settle, world = _begin(path, settings, environ, cwd, warn)
    return session.prepare(settle, world, building=False)[1]


def build(
    path: str | os.PathLike[str] | None = None,
    *,
    output: TextIO | None = None,
    check: bool = True,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
    **settings: object,
) -> Results:
    """Build the artifacts of `path`; `settings` are as for `plan`.

    `output` gets the text that ``buildx.build`` prints, None keeps quiet. With `check` a failed build raises
    `WorkFailed`; without it the results say so. An interrupt stops the builds and raises `Interrupted`.
    """
    from buildx_tasks.errors import CannotStart, Interrupted, WorkFailed
    from buildx_tasks.execution import pipeline as session
    from buildx_tasks.model.settings import PLAIN
    from buildx_tasks.reporting.text import Silent, TextReporter, failures_text

    settle, world = _begin(path, settings, environ, cwd, warn)
    settled, planned = session.prepare(settle, world, building=True)
    if settled.strict and planned.warnings:
        raise CannotStart("\n".join(planned.warnings), "strict makes every warning an error")
    for text in planned.warnings:
        warn(text)
    reporter = None if output is None else TextReporter(output, environ=world.environ)
    if reporter is not None:
        reporter.interleaved = settled.progress == PLAIN
        reporter.tags(planned.tags)
    results = session.build(settled, world, planned, reporter or Silent())
    if reporter is not None:
        reporter.results(results)
    for text in (text for result in results.builds for text in result.warnings):
        warn(text)
    if results.interrupted:
        raise Interrupted("interrupted: the running builds were stopped")
    if check and not results.ok:
        raise WorkFailed(failures_text(results))
    return results


def _begin(
    path: str | os.PathLike[str] | None,
    settings: Mapping[str, object],
    environ: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    warn: Callable[[str], None],
) -> tuple[Settle, World]:
    from datetime import datetime

    from buildx_tasks.execution.config.envfile import load_environment_file
    from buildx_tasks.execution.config.layers import gather
    from buildx_tasks.execution.shell import ShellRunner
    from buildx_tasks.execution.world import World
    from buildx_tasks.model.settings import Settings, block_layer

    folder = Path(cwd or Path.cwd()).absolute()
    variables = load_environment_file(folder, os.environ if environ is None else environ, warn)
    flags = {"filename": None if path is None else os.fspath(path)}
    flags |= {name.replace("_", "-"): value for name, value in settings.items()}  # type: ignore[misc]
    world = World(
        environ=variables,
        cwd=folder,
        home=Path(variables.get("HOME") or Path.home()),
        now=datetime.now(UTC).astimezone(),
        runner=ShellRunner(variables, cwd=folder),
        notify=warn,
    )

    def settle(block: Mapping[str, object], file: str) -> Settings:
        return gather(flags, [block_layer(block, file)] if block else [], variables, world.home, warn)

    return settle, world
