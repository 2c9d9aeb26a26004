"""The branches that exist: those of a git remote, and those of this checkout."""

from __future__ import annotations

import re
from dataclasses import dataclass

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command
from buildx_tasks.planning.build.variables import branch_variable

USUAL = ("main", "master")
"""The default branch of a remote whose HEAD names none."""


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches that exist: all names by which a build may know them, and the `default` one of the remote."""

    names: tuple[str, ...]
    default: str = ""


def find_branches(world: World, remote: str) -> Branches:
    """The branches, tags and merged pull requests of a git remote, and the branches that are here alone.

    Raises `CannotStart` when git can't be asked, and when the remote has no branch at all.
    """
    argv = ("git", "ls-remote", "--symref", "--", remote)
    done = world.runner.capture(Command(argv=argv, env=(("GIT_TERMINAL_PROMPT", "0"),), cwd=str(world.cwd)))
    if not done.ok:
        said = (done.stderr.strip().splitlines() or [f"git ended with {done.code}"])[-1]
        raise CannotStart(
            f"the branches of the git remote {remote!r} can't be listed: {said}",
            "run it in a checkout that may read the remote, or name another:  --remote NAME-OR-ADDRESS",
        )
    names: dict[str, None] = {}
    default = ""
    for line in done.stdout.splitlines():
        what, _tab, ref = line.partition("\t")
        if ref == "HEAD" and what.startswith("ref: refs/heads/"):
            default = what.removeprefix("ref: refs/heads/")
        elif found := re.fullmatch(r"refs/(?:heads/|tags/|pull/(?=\d+/merge\Z))(.+?)(?:\^\{\})?", ref):
            names[found[1]] = None
    if not any("\trefs/heads/" in line for line in done.stdout.splitlines()):
        raise CannotStart(
            f"the git remote {remote!r} has no branches, so every cache would belong to none", "name another:  --remote"
        )
    here = Command(argv=("git", "for-each-ref", "--format=%(refname:short)", "refs/heads"), cwd=str(world.cwd))
    names |= dict.fromkeys(world.runner.capture(here).stdout.split())
    names |= dict.fromkeys(branch_variable(world.environ, "").values())
    return Branches(tuple(names), default or next((name for name in USUAL if name in names), ""))
