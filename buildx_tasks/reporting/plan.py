"""A build plan as text or JSON: shell-quoted commands with the reason of every flag."""

from __future__ import annotations

import json
import shlex
from typing import Any

from buildx_tasks.model.plan import BuildPlan, BuildStep, spelled


def plan_text(plan: BuildPlan) -> str:
    """Every command, one flag a line with why it is there; what is known only later stands in capitals."""
    lines = [f"tool: {plan.engine_reason}", f"at once: {plan.concurrency}"]
    lines += [
        f"profile {profile.name} of {config.name or config.file}: {profile.reason}"
        for config in plan.configs
        for profile in config.profiles
    ]
    for step in plan.steps:
        lines += ["", *_step_lines(step)]
    lines += [f"\nWARNING: {text}" for text in plan.warnings]
    lines += [f"\nnote: {text}" for text in plan.notes]
    return "\n".join(lines) + "\n"


def _step_lines(step: BuildStep) -> list[str]:
    lines = [f"# {step.image} -> {step.tag}"]
    if step.needs:
        lines.append(f"# after {', '.join(step.needs)}")
    lines.append(f"# {step.output}: {step.output_reason}")
    lines += [f"{item.name}={shlex.quote(item.value)} \\  # {item.reason}" for item in step.environment]
    texts = [" ".join(shlex.quote(part) for part in item.render(spelled)) for item in step.flags]
    width = min(max((len(text) for text in texts), default=0), 72)
    for at, (text, item) in enumerate(zip(texts, step.flags, strict=True)):
        indent = "    " if at else ""
        end = " \\" if at < len(texts) - 1 else ""
        lines.append(f"{indent}{text + end:<{width + 2}}  # {item.reason}")
    return lines


def plan_json(plan: BuildPlan) -> str:
    """The plan as data."""
    return json.dumps(_plan_data(plan), indent=2, ensure_ascii=False) + "\n"


def _plan_data(plan: BuildPlan) -> dict[str, Any]:
    return {
        "tool": plan.engine_reason,
        "concurrency": plan.concurrency,
        "profiles": [
            {"config": config.name or config.file, "name": profile.name, "reason": profile.reason}
            for config in plan.configs
            for profile in config.profiles
        ],
        "builds": [_step_data(step) for step in plan.steps],
        "warnings": list(plan.warnings),
        "notes": list(plan.notes),
    }


def _step_data(step: BuildStep) -> dict[str, Any]:
    return {
        "imageName": step.image,
        "tag": step.tag,
        "tool": step.tool,
        "builder": step.builder,
        "platforms": list(step.platforms),
        "needs": list(step.needs),
        "output": step.output,
        "outputReason": step.output_reason,
        "command": list(step.argv(spelled)),
        "environment": {item.name: item.value for item in step.environment},
        "reasons": [{"flag": list(item.render(spelled)), "reason": item.reason} for item in step.flags],
    }
