"""Gathers what tags are made from: the answers of git, the time, the environment, digests of sources."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from buildx_tasks.execution.git import gather_git
from buildx_tasks.execution.world import World
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.facts import GitFacts, TagFacts
from buildx_tasks.planning.tags import git_queries


def gather_tag_facts(
    configs: Sequence[Config], selected: frozenset[str], settings: Settings, world: World
) -> dict[str, TagFacts]:
    """The facts for the tag of every selected image; with ``--tag`` no policy needs any."""
    chosen = [(config, artifact) for config in configs for artifact in config.artifacts if artifact.image in selected]
    git = {} if settings.tag else _git(chosen, world)
    return {artifact.image: _facts(artifact, git, world) for _config, artifact in chosen}


def _git(chosen: Sequence[tuple[Config, Artifact]], world: World) -> Mapping[Path, GitFacts]:
    queries = {
        world.cwd / artifact.context: commands
        for config, artifact in chosen
        if (commands := git_queries([config.tag_policy]))
    }
    return gather_git(world.runner, queries)


def _facts(artifact: Artifact, git: Mapping[Path, GitFacts], world: World) -> TagFacts:
    """The clock is read once for each artifact, as Skaffold does it."""
    nanoseconds = time.time_ns()
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, tz=world.now.tzinfo)
    return TagFacts(
        moment=moment,
        nanosecond=nanoseconds % 1_000_000_000,
        environ=world.environ,
        git=git.get(world.cwd / artifact.context, GitFacts()),
    )
