"""Which known results may stand for a build: the rules between artifacts, without looking at the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from buildx_tasks.model.plan import BuildPlan, BuildStep


def in_waves(plan: BuildPlan) -> Iterator[list[BuildStep]]:
    """The steps in waves: what a step needs is in an earlier wave."""
    left = {step.image: step for step in plan.steps}
    while left:
        wave = [step for step in left.values() if not left.keys() & set(step.needs)]
        for step in wave:
            del left[step.image]
        yield wave


def usable(plan: BuildPlan, known: Iterable[str]) -> set[str]:
    """The images of `known` that need not be built: all that they need is known as well.

    And an image that is handed over as files has to be built when something that needs it is.
    """
    left = set(known)
    while True:
        wrong = {
            image
            for step in plan.steps
            for image in (step.image, *step.needs)
            if image in left
            and (
                (image == step.image and not left.issuperset(step.needs))
                or (image in step.needs and step.image not in left and plan.step(image).layout)
            )
        }
        if not wrong:
            return left
        left -= wrong
