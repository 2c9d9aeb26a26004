"""A build plan as text or JSON: shell-quoted commands with the reason of every flag."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from buildx_tasks.model.argv import Flag, flags
from buildx_tasks.model.lock import SOURCE_POLICY
from buildx_tasks.model.plan import BuildPlan, BuildStep, Variable
from buildx_tasks.model.request import BUILDX, spelled
from buildx_tasks.model.secrets import HIDDEN, looks_secret, masked, masked_word
from buildx_tasks.reporting.mounts import mount_lines, mounts_data
from buildx_tasks.reporting.words import counted

UNCHANGED = "nothing changed, so it would not be built"
MANY = 10
"""With more artifacts than these a plan is a table, unless all of it is asked for."""
COLUMNS = ("ARTIFACT", "TAG", "OUTPUT", "BUILDER", "PLATFORMS", "CACHES", "NEEDS")
BATCH = "BATCH"
"""The last column of a plan that has batches: their numbers."""


def plan_text(plan: BuildPlan, *, width: int = 0) -> str:
    """The plan in full, or as a table where it has many artifacts; `width` is that of a terminal, 0 for none."""
    return full_plan_text(plan) if len(plan.steps) <= MANY else _table(plan, width)


def full_plan_text(plan: BuildPlan) -> str:
    """Every command, ready to paste, and below it why each flag is there.

    What is known only when the plan runs is in capitals.
    """
    lines = _head(plan)
    lines += [f"# one docker buildx bake builds {', '.join(batch)}" for batch in plan.batches]
    for step in plan.steps:
        lines += ["", *_step_lines(step)]
    lines += [f"\n# note: {text}" for text in plan.notes]
    return "\n".join(lines) + "\n"


def _head(plan: BuildPlan) -> list[str]:
    profiles = [
        f"# profile {profile.name} of {config.name or config.file}: {profile.reason}"
        for config in plan.configs
        for profile in config.profiles
    ]
    number = counted(len(plan.steps), "artifact")
    at_once = f", {plan.concurrency} at a time" if len(plan.steps) > 1 else ""
    batched = sum(len(batch) for batch in plan.batches)
    together = f", {batched} of them by {counted(len(plan.batches), 'bake')}" if batched else ""
    reason = [f"# {plan.engine_reason}"] if plan.engine_reason else []
    left_out = [f"# {build.image} is not built: {build.reason}" for build in plan.left_out]
    return [*reason, f"# {number}{at_once}{together}", *profiles, *left_out]


def _table(plan: BuildPlan, width: int) -> str:
    from buildx_tasks.reporting.table import table_text

    headings: tuple[str, ...] = COLUMNS
    rows = [_row(step) for step in plan.steps]
    if plan.batches:
        numbers = {image: str(number) for number, batch in enumerate(plan.batches, start=1) for image in batch}
        headings = (*COLUMNS, BATCH)
        rows = [(*row, numbers.get(step.image, "-")) for row, step in zip(rows, plan.steps, strict=True)]
    lines = [*_head(plan), "", table_text(rows, headings=headings, width=width)]
    lines += [f"# note: {text}\n" for text in plan.notes]
    return "\n".join(lines) + f"\n# every command and why:  --format full, or --artifact {plan.steps[0].image}\n"


def _row(step: BuildStep) -> tuple[str, ...]:
    read, written = len(step.request.cache_from), len(step.request.cache_to)
    caches = f"{read} in, {written} out" if read or written else ""
    tool = step.builder if step.tool == BUILDX else step.tool
    cells = (step.image, step.tag, step.output, tool, ",".join(step.platforms) or step.native, caches)
    return tuple(cell or "-" for cell in (*cells, ", ".join(step.needs)))


def _step_lines(step: BuildStep) -> list[str]:
    lines = [f"# {step.image} -> {step.tag}", f"# {step.output}: {step.output_reason}"]
    lines += [f"# {image} is {digest}, as locked" for image, digest in step.locked]
    if step.needs:
        lines.append(f"# after {', '.join(step.needs)}")
    lines += [f"# {text}" for text in mount_lines(step)]
    options = _flags(step)
    environment = _environment(step)
    command = [f"{item.name}={shlex.quote(_shown(item))}" for item in environment]
    command += [shlex.join(item.words) for item in options]
    lines += [
        ("    " if at else "") + text + (" \\" if at < len(command) - 1 else "") for at, text in enumerate(command)
    ]
    reasons = [(item.name, item.reason) for item in environment]
    reasons += [(_label(item), item.reason) for item in options[1:]]
    width = max((len(label) for label, _reason in reasons), default=0)
    return lines + [f"#   {label:<{width}}  {reason}" for label, reason in reasons]


def _environment(step: BuildStep) -> tuple[Variable, ...]:
    """The variables of the command, with that of the lock file, whose policy is written when the plan runs."""
    policy = Variable(SOURCE_POLICY, "SOURCE-POLICY", "the digests of the lock file")
    return (*step.environment, *((policy,) if step.locked else ()))


def _label(item: Flag) -> str:
    """The flag without its value, with the build arg's or secret's name where that says more."""
    name, *values = item.words
    if name in ("--build-arg", "--build-context", "--secret", "--label", "--annotation") and values:
        return f"{name} {values[0].split('=', 1)[0]}"
    return name.split("=", 1)[0]


def _flags(step: BuildStep) -> tuple[Flag, ...]:
    """The command without secrets."""
    return tuple(replace(item, words=tuple(map(masked_word, item.words))) for item in flags(step.request, spelled))


def _shown(item: Variable) -> str:
    return HIDDEN if item.secret or looks_secret(item.name) else masked(item.value)


def why_text(plan: BuildPlan, why: Mapping[str, str]) -> str:
    """Why each artifact would be built, `why` by image; one that is not in it would not be."""
    width = max((len(step.image) for step in plan.steps), default=0)
    lines = [f"#   {step.image:<{width}}  {why.get(step.image, UNCHANGED)}" for step in plan.steps]
    return "\n".join(["", "# why it would be built:", *lines]) + "\n"


def plan_json(plan: BuildPlan, why: Mapping[str, str] | None = None) -> str:
    """The plan as data; with `why` each build says why it would be made, "" when it would not."""
    data = _plan_data(plan)
    for build in data["builds"] if why is not None else ():
        build["why"] = (why or {}).get(build["imageName"], "")
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _plan_data(plan: BuildPlan) -> dict[str, Any]:
    return {
        "tool": plan.engine_reason,
        "concurrency": plan.concurrency,
        "batches": [list(batch) for batch in plan.batches],
        "profiles": [
            {"config": config.name or config.file, "name": profile.name, "reason": profile.reason}
            for config in plan.configs
            for profile in config.profiles
        ],
        "builds": [_step_data(step) for step in plan.steps],
        "leftOut": [{"imageName": build.image, "reason": build.reason} for build in plan.left_out],
        "warnings": list(plan.warnings),
        "notes": list(plan.notes),
    }


def _step_data(step: BuildStep) -> dict[str, Any]:
    options = _flags(step)
    return {
        "imageName": step.image,
        "tag": step.tag,
        "tool": step.tool,
        "builder": step.builder,
        "platforms": list(step.platforms),
        "needs": list(step.needs),
        "output": step.output,
        "outputReason": step.output_reason,
        "cacheMounts": mounts_data(step),
        "command": [word for item in options for word in item.words],
        "environment": {item.name: _shown(item) for item in _environment(step)},
        "locked": dict(step.locked),
        "reasons": [{"flag": list(item.words), "reason": item.reason} for item in options],
    }
