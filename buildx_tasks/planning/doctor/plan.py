"""The doctor's check of the plan: what the build itself would refuse, or do differently than one may think."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from buildx_tasks.model.check import Check, ok, problem, skipped, warning
from buildx_tasks.model.request import EXPORT, LOAD, PUSH, STAY
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.doctor.facts import DoctorFacts

WORDS = {PUSH: "pushed", LOAD: "loaded", EXPORT: "exported", STAY: "kept in the build cache"}


def check_plan(facts: DoctorFacts, tool: Tool) -> Iterator[Check]:
    """Every problem of the plan and every warning, without what the choice of the `tool` has said already.

    Under ``--strict`` a warning ends a build, and so it is a problem here.
    """
    plan = facts.plan
    if plan is None:
        yield skipped("plan", "there is nothing to plan: the config can't be read")
        return
    for text, fix in plan.problems:
        yield problem("plan", text, fix)
    if not plan.problems:
        counts = Counter(WORDS[output] for output in plan.outputs)
        yield ok("plan", ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing to build")
    say = problem if facts.settings.strict else warning
    for text in plan.warnings:
        if text not in tool.warnings:
            yield say("plan", text, "")
