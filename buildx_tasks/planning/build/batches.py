"""Which artifacts are built together, by one ``docker buildx bake``, and which by a command of their own.

A process of its own costs a cached build more than the build. A bake has no bound, so how many it gets is bounded here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from buildx_tasks.model.config import Config
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, LOAD, PUSH
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.planning.build.newflags import bake_drops, reports_raw_progress

SIDE_BY_SIDE = 2
"""How many batches run at once where nobody said how many builds may: the second fills the pauses of the first."""
LEAST = 2
"""A bake of two is quicker than two builds side by side."""
OURS = frozenset(("allow", "builder", "call", "load", "metadata-file", "output", "print", "progress", "push", "quiet"))
"""Flags among ``cliFlags`` that change what is said of a whole command: such an artifact has one of its own."""


class Bounds(NamedTuple):
    """How many artifacts a batch may have, 0 for none, and how many builds it counts as, 0 for as many as it has."""

    size: int
    load: int


def batch_bounds(settings: Settings, configs: Sequence[Config], buildx: str, concurrency: int) -> Bounds:
    """What the settings allow. All of a batch is built at once, so it must fit into a concurrency that is asked for."""
    said = said_concurrency(settings, configs)
    size = settings.batch_size
    small = size < LEAST or concurrency < LEAST or (said and said < size)
    if settings.batch == OFF or small or not reports_raw_progress(buildx):
        return Bounds(0, 0)
    return Bounds(size, 0 if said is not None else max(1, concurrency // SIDE_BY_SIDE))


def said_concurrency(settings: Settings, configs: Sequence[Config]) -> int | None:
    """How many builds may run at once as the user or the configs say; 0 for all, None when nobody says it."""
    if settings.concurrency is not None:
        return settings.concurrency
    said = [item.local.concurrency for item in configs if item.local.concurrency is not None and item.artifacts]
    return min((number for number in said if number > 0), default=0 if said else None)


def plan_batches(plan: BuildPlan) -> tuple[tuple[str, ...], ...]:
    """The batches among the steps of `plan`, by image, in their order; what is in none is built by itself.

    A batch holds up nobody: all of it waits for the same images, and the same images wait for it. It shares a builder
    and the environment of the command.
    """
    if not plan.batch_size or len(plan.steps) < LEAST:
        return ()
    here = {step.image for step in plan.steps}
    wanted_by: dict[str, set[str]] = {image: set() for image in here}
    for step in plan.steps:
        for image in here.intersection(step.needs):
            wanted_by[image].add(step.image)
    alike: dict[object, list[str]] = {}
    for step in plan.steps:
        if can_share(plan, step):
            needs, wanted = frozenset(here.intersection(step.needs)), frozenset(wanted_by[step.image])
            environment = tuple((item.name, item.value) for item in step.environment)
            alike.setdefault((step.builder, environment, needs, wanted), []).append(step.image)
    return tuple(batch for images in alike.values() for batch in _even(images, plan.batch_size))


def can_share(plan: BuildPlan, step: BuildStep) -> bool:
    """Whether a bake gives the same image as the step's own command, and its result can be told from the others'."""
    from buildx_tasks.model.baketarget import bake_target

    request = step.request
    if step.tool != BUILDX or not request.builder or step.folder or "://" in step.artifact.context:
        return False
    if [output.value.kind for output in request.outputs] not in ([PUSH], [LOAD]):
        return False
    if any(item.value.layout for item in request.named_contexts):
        return False
    if any(flag.name in OURS for flag in request.parsed_cli_flags):
        return False
    target = bake_target(plan, step, {}, plan.folder, answer=lambda placeholder: placeholder.image)
    return not target.notes and not bake_drops(target.data, plan.buildx)


def _even(images: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    """The images in as few batches as possible, of about the same size; none of a single image."""
    count = -(-len(images) // most)
    begin = 0
    for number in range(count):
        end = begin + (len(images) - begin) // (count - number)
        if end - begin >= LEAST:
            yield tuple(images[begin:end])
        begin = end
