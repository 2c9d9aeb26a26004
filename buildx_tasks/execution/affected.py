"""Which artifacts are made from something else than at another commit. No docker is asked, and nothing is run but git.

The same run is planned twice, in the checkout as it is and in the files of the commit, and what each build is made from
is compared as the artifact cache does it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from buildx_tasks.errors import BuildxTasksError, CannotStart, EngineUnfit, NothingSelected
from buildx_tasks.execution.assumed import plan_assumed
from buildx_tasks.execution.config.configfile import ConfigFileMissing
from buildx_tasks.execution.config.gitcache import cache_folder
from buildx_tasks.execution.config.inputs import DEFAULT_NAMES, STDIN
from buildx_tasks.execution.pipeline import Run, not_run
from buildx_tasks.execution.sources.buildinputs import BuildInputs
from buildx_tasks.execution.sources.filehash import FileHashes, hashes_path, user_cache_folder
from buildx_tasks.execution.sources.gittree import GitTrees
from buildx_tasks.execution.sources.revision import Revision, checked_out, find_commit, find_repository
from buildx_tasks.model.affected import Comparison
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.reuse.affected import Made, compare, made_from
from buildx_tasks.planning.reuse.fingerprint import PINNED, REMOTE, why_not_listed, why_unseen


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    """What is built on one side; `incomparable` says why that can't be told at all."""

    plan: BuildPlan = field(default_factory=BuildPlan)
    made: dict[str, Made] = field(default_factory=dict)
    incomparable: str = ""


def find_affected(run: Run, since: str, run_in: Callable[[Path], Run]) -> Comparison:
    """What `run` would build from something else than at the commit `since`; `run_in` makes the same run elsewhere.

    Raises `CannotStart` when it can't be told, and what planning raises for the checkout as it is.
    """
    world = run.world
    if run.outside.filename == STDIN:
        raise CannotStart("a config from standard input has no earlier version", "name a file with --filename")
    repository = find_repository(world)
    commit = find_commit(world, since)
    hashes = FileHashes(hashes_path(user_cache_folder(world.environ, world.home), world.cwd))
    try:
        plan = plan_assumed(run)
    except EngineUnfit as error:
        # No engine was asked: the config asks for what none can do.
        raise CannotStart(error.message, error.hint) from None
    now = _side(run, plan, hashes, GitTrees(world.runner, world.environ))
    hashes.save()
    with checked_out(world, repository, commit) as revision:
        before = _side_of(revision, run, run_in)
    if before.incomparable:
        world.notify(f"{since}: {before.incomparable}; every artifact counts as affected")
    incomparable = f"it can't be compared with {since}" if before.incomparable else ""
    affected = compare(now.plan, before.made, now.made, incomparable)
    images = {item.image for item in affected}
    return Comparison(
        since=since,
        commit=commit,
        affected=affected,
        unaffected=tuple(step.image for step in now.plan.steps if step.image not in images),
        removed=tuple(step.image for step in before.plan.steps if step.image not in now.made),
    )


def _side_of(revision: Revision, run: Run, run_in: Callable[[Path], Run]) -> _Side:
    """The side of the commit. A config that is not there builds nothing; one that can't be used says why."""
    here = Path(os.path.realpath(run.world.cwd))
    folder = revision.place(here)
    folder.mkdir(parents=True, exist_ok=True)
    there = run_in(folder)
    settings = run.outside
    name = settings.filename or DEFAULT_NAMES[0]
    flags = {
        **there.sources.flags,
        "filename": str(revision.place(_real(name))) if Path(name).is_absolute() else settings.filename or None,
        "remote-cache-dir": str(cache_folder(run.world.environ, run.world.cwd, settings.remote_cache_dir)),
    }
    there = Run(replace(there.sources, flags=flags), there.world)
    try:
        plan = plan_assumed(there, lenient=True)
    except (ConfigFileMissing, NothingSelected):
        return _Side()
    except BuildxTasksError as error:
        return _Side(incomparable="; ".join(revision.told(error.message).splitlines()))
    side = _side(there, plan, FileHashes(None), revision.trees, revision.told)
    for step in plan.steps:
        if place := _elsewhere(revision, step, there.world.cwd):
            side.made[step.image] = Made(unknown=f"{place} can't be looked at as it was")
    return side


def _real(path: str) -> Path:
    """An absolute path without links in its folder."""
    return Path(os.path.realpath(Path(path).parent), Path(path).name)


def _elsewhere(revision: Revision, step: BuildStep, cwd: Path) -> str:
    """A place that `step` reads and that is not the commit's: an absolute path into the checkout, a folder around."""
    request = step.request
    named = (item.value.source for item in request.named_contexts)
    places = [step.artifact.context, *(source for source in named if not source.startswith((*PINNED, *REMOTE)))]
    for place in [*places, request.dockerfile.value if request.dockerfile else ""]:
        real = Path(os.path.realpath(cwd / place))
        if not real.is_relative_to(revision.folder) and (
            real.is_relative_to(revision.top) or revision.folder.is_relative_to(real)
        ):
            return place
    return ""


def _side(run: Run, plan: BuildPlan, hashes: FileHashes, trees: GitTrees, told: Callable[[str], str] = str) -> _Side:
    world = run.world
    expander = Expander(world.environ, now=world.now, cmd=not_run)
    look = BuildInputs(plan, hashes, world.cwd, world.runner, expander, trees)
    made = {}
    for step in plan.steps:
        unseen = why_not_listed(step) or why_unseen(step, world.environ)
        made[step.image] = Made(unknown=unseen) if unseen else made_from(step, look.of(step), world.environ, told)
    return _Side(plan=plan, made=made)
