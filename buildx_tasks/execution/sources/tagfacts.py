"""Gathers what tags are made from: the answers of git, the time, the environment, digests of sources."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from buildx_tasks.execution.sources.git import gather_git
from buildx_tasks.execution.world import World
from buildx_tasks.golang.template import CommandRunner
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import NOT_COMPUTED, Answer, GitFacts, TagFacts
from buildx_tasks.planning.tags.policies import git_queries, needs_input_digest


def gather_tag_facts(
    configs: Sequence[Config],
    selected: frozenset[str],
    settings: Settings,
    world: World,
    cmd: CommandRunner,
    *,
    building: bool,
) -> dict[str, TagFacts]:
    """The facts for the tag of every selected image; with ``--tag`` no policy needs any.

    `cmd` is for templates in build args, which decide what a Dockerfile copies. Commands of the config that list
    sources run only when `building`.
    """
    chosen = [(config, artifact) for config in configs for artifact in config.artifacts if artifact.image in selected]
    git = {} if settings.tag else _git(chosen, world)
    wanted = [artifact for config, artifact in chosen if not settings.tag and needs_input_digest(config.tag_policy)]
    everything = {artifact.image: artifact for config in configs for artifact in config.artifacts}
    digests = _digests(wanted, everything, world, cmd, building=building) if wanted else {}
    return {artifact.image: _facts(artifact, git, digests, world) for _config, artifact in chosen}


def _digests(
    wanted: Sequence[Artifact], everything: Mapping[str, Artifact], world: World, cmd: CommandRunner, *, building: bool
) -> dict[str, Answer]:
    from buildx_tasks.execution.sources.inputdigest import SourceScan

    scan = SourceScan(
        artifacts=everything,
        cwd=world.cwd,
        expand=Expander(world.environ, now=world.now, cmd=cmd),
        runner=world.runner if building else None,
    )
    return {artifact.image: scan.input_digest(artifact) for artifact in wanted}


def _git(chosen: Sequence[tuple[Config, Artifact]], world: World) -> Mapping[Path, GitFacts]:
    queries = {
        world.cwd / artifact.context: commands
        for config, artifact in chosen
        if (commands := git_queries([config.tag_policy]))
    }
    return gather_git(world.runner, queries)


def _facts(artifact: Artifact, git: Mapping[Path, GitFacts], digests: Mapping[str, Answer], world: World) -> TagFacts:
    """The clock is read once for each artifact, as Skaffold does it."""
    nanoseconds = time.time_ns()
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, tz=world.now.tzinfo)
    return TagFacts(
        moment=moment,
        nanosecond=nanoseconds % 1_000_000_000,
        environ=world.environ,
        git=git.get(world.cwd / artifact.context, GitFacts()),
        input_digest=digests.get(artifact.image, NOT_COMPUTED),
    )
