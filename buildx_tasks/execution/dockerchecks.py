"""Runs Dockerfile checks, a few at a time, and reads what they say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from buildx_tasks.document.buildkit.erroroutput import read_error_output
from buildx_tasks.document.buildkit.lint import read_lint
from buildx_tasks.errors import BuildxTasksError, WorkFailed, raise_all
from buildx_tasks.execution.cluster.detect import EnvironmentRunner
from buildx_tasks.execution.docker.declared import select_builder
from buildx_tasks.execution.pipeline import Run, gather_facts, not_run, see_engine
from buildx_tasks.execution.shell import longest_argument
from buildx_tasks.model.command import Command, Runner
from buildx_tasks.model.dockercheck import Checked, DockerCheck
from buildx_tasks.model.request import DOCKER
from buildx_tasks.planning.build.arguments import long_arguments
from buildx_tasks.planning.build.dockerchecks import (
    check_config,
    check_settings,
    check_tags,
    plan_checks,
    require_call,
    too_old,
)
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.failures.diagnosis import diagnose

AT_ONCE = 4
UNSUPPORTED = "unsupported request frontend.lint"


def run_checks(run: Run) -> tuple[Checked, ...]:
    """Check the Dockerfile of every selected docker artifact.

    Raises `EngineUnfit` when buildx or the builder's BuildKit can't do it, `WorkFailed` when a check could not be made.
    """
    for text in run.loaded.warnings:
        run.world.notify(text)
    if not any(item.kind == DOCKER for item in run.loaded.artifacts):
        return ()
    world, asked = run.world, run.questions
    loaded = replace(run.loaded, settings=check_settings(run.loaded.settings))
    require_call(*asked.buildx.result())
    wanted = select_builder(loaded.settings, world, building=True, buildx=lambda: asked.buildx.result()[0])
    configs = tuple(check_config(config) for config in loaded.configs)
    artifacts = tuple(item for config in configs for item in config.artifacts)
    selected = tuple(item for item in artifacts if item.image in loaded.selected)
    loaded = replace(loaded, settings=wanted.settings, configs=configs, artifacts=selected)
    facts = gather_facts(loaded, world, wanted.seen(see_engine(loaded, world, asked)))
    tags = check_tags(selected)
    expander = Expander(world.environ, now=world.now, cmd=not_run)
    plan = plan_build(configs, loaded.settings, facts, tags, expander)
    raise_all(long_arguments(plan, longest_argument()))
    with TemporaryDirectory(prefix="buildx-tasks-") as empty:
        runner = EnvironmentRunner(world.runner, plan.environment)
        return _run(plan_checks(plan, tags, empty), runner, world.cwd, daemon=plan.daemon)


def _run(checks: tuple[DockerCheck, ...], runner: Runner, cwd: Path, *, daemon: bool) -> tuple[Checked, ...]:
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        ended = list(pool.map(lambda check: _one(check, runner, cwd, daemon=daemon), checks))
    raise_all([item for item in ended if isinstance(item, BuildxTasksError)])
    return tuple(item for item in ended if isinstance(item, Checked))


def _one(check: DockerCheck, runner: Runner, cwd: Path, *, daemon: bool) -> Checked | BuildxTasksError:
    done = runner.capture(Command(argv=check.argv, env=check.env))
    file = _known_as(check.dockerfile, cwd)
    findings = read_lint(done.stdout, file=file, image=check.image)
    if findings is not None:
        return Checked(image=check.image, dockerfile=file, findings=findings)
    if UNSUPPORTED in done.stderr:
        return too_old(check)
    why = diagnose(read_error_output(done.stderr or done.stdout), builder=check.builder, daemon=daemon)
    said = why.message or f"docker buildx build ended with {done.code}"
    return WorkFailed(f"{file}: check of artifact {check.image!r} failed: {said}", why.hint)


def _known_as(file: str, cwd: Path) -> str:
    """As the user would write it: relative to where we are, when it is below."""
    path = Path(file)
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else file
