"""Which known results may stand for a build: the rules between artifacts, without looking at the world."""

from __future__ import annotations

from collections.abc import Iterable

from buildx_tasks.model.plan import BuildPlan, BuildStep


def in_order(plan: BuildPlan) -> list[BuildStep]:
    """The steps, each after what it needs."""
    steps = {step.image: step for step in plan.steps}
    found: dict[str, BuildStep] = {}
    for start in plan.steps:
        waiting = [start]
        while waiting:
            step = waiting[-1]
            missing = [steps[image] for image in step.needs if image in steps and image not in found]
            if missing:
                waiting += missing
            else:
                waiting.pop()
                found[step.image] = step
    return list(found.values())


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
