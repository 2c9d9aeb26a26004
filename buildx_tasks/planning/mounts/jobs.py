"""The cache mounts of all steps by the node that has them: a mount belongs to a node, whoever uses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from buildx_tasks.model.mounts import CacheMount
from buildx_tasks.model.plan import BuildStep


@dataclass(frozen=True, kw_only=True, slots=True)
class JobMount:
    """One mount of a node: the images it may be restored `sources` from, those it is saved to, and who uses it."""

    mount: CacheMount
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MountJob:
    """What one helper build looks after: mounts of one node of a builder, in one namespace.

    `platform` leads buildx to that node; "" stands for the builder's own. `place` names the node for messages.
    """

    builder: str
    place: str = ""
    platform: str = ""
    namespace: str = ""
    mounts: tuple[JobMount, ...] = field(default_factory=tuple)

    def only(self, mounts: Iterable[JobMount]) -> MountJob:
        """The same job with these mounts alone."""
        return replace(self, mounts=tuple(mounts))


def plan_jobs(steps: Iterable[BuildStep]) -> tuple[MountJob, ...]:
    """The jobs of `steps`, which are to be built or were built."""
    jobs: dict[tuple[str, str, str], MountJob] = {}
    found: dict[tuple[str, str, str], dict[CacheMount, JobMount]] = {}
    for step in steps:
        for kept in step.mounts:
            where = kept.node or kept.platform
            key = (step.builder, where, kept.mount.namespace)
            platform = kept.platform if step.platforms else ""
            jobs.setdefault(
                key,
                MountJob(builder=step.builder, place=where, platform=platform, namespace=kept.mount.namespace),
            )
            mounts = found.setdefault(key, {})
            one = mounts.get(kept.mount) or JobMount(mount=kept.mount)
            mounts[kept.mount] = replace(
                one,
                sources=_with(one.sources, kept.image if kept.restores else ""),
                targets=_with(one.targets, kept.image if kept.saves else ""),
                users=_with(one.users, step.image),
            )
    return tuple(job.only(found[key].values()) for key, job in jobs.items())


def _with(items: tuple[str, ...], item: str) -> tuple[str, ...]:
    return items if not item or item in items else (*items, item)
