"""Gathers what tags are made from: the answers of git, the time, the environment, digests of sources."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.git import gather_git
from buildx_tasks.execution.inputdigest import SourceScan
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.facts import Answer, GitFacts, TagFacts
from buildx_tasks.planning.tags import git_queries, needs_input_digest
from buildx_tasks.planning.variables import Expander


def gather_tag_facts(
    configs: Sequence[Config], selected: frozenset[str], settings: Settings, world: World, *, building: bool
) -> dict[str, TagFacts]:
    """The facts for the tag of every selected image; with ``--tag`` no policy needs any.

    A command by which a custom artifact lists its sources is run only when `building`.
    """
    chosen = [(config, artifact) for config in configs for artifact in config.artifacts if artifact.image in selected]
    git = {} if settings.tag else _git(chosen, world)
    digests = {} if settings.tag else _digests(configs, chosen, world, building=building)
    return {artifact.image: _facts(artifact, git, digests, world) for _config, artifact in chosen}


def _digests(
    configs: Sequence[Config], chosen: Sequence[tuple[Config, Artifact]], world: World, *, building: bool
) -> Mapping[str, Answer]:
    """The input digests that the policies ask for, by image."""
    wanted = [artifact for config, artifact in chosen if needs_input_digest(config.tag_policy)]
    if not wanted:
        return {}
    expander = Expander(world.environ, now=world.now, cmd=None)
    scan = SourceScan(
        artifacts={artifact.image: artifact for config in configs for artifact in config.artifacts},
        cwd=world.cwd,
        expand=expander,
        runner=world.runner if building else _NothingRuns(),
    )
    return {artifact.image: scan.input_digest(artifact) for artifact in wanted}


class _NothingRuns:
    """The runner of a plan: what the config names is run only by building."""

    def capture(self, command: Command) -> Completed:
        """Refuse."""
        raise CannotStart(f"{' '.join(command.argv)} runs only when building")

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        """Refuse."""
        del write, terminal
        return self.capture(command)

    def stop(self) -> None:
        """Nothing runs."""


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
        input_digest=digests.get(artifact.image, Answer(error="the input digest was not asked for")),
    )
