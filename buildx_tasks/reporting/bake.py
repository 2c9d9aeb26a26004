"""A build plan as a ``docker-bake.json``: the same images from one ``docker buildx bake``.

What bake can't do (custom commands, hooks, unknown flags) is said in notes.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any

from buildx_tasks.model.bakenames import target_names
from buildx_tasks.model.baketarget import bake_target
from buildx_tasks.model.plan import BuildPlan

FILE = "docker-bake.json"
ALLOW_SINCE = "0.17"


def bake_json(plan: BuildPlan, cwd: str) -> tuple[str, tuple[str, ...]]:
    """The bake file of `plan` for use in the folder `cwd`, and notes for the user: the command to run comes first."""
    names = target_names(plan)
    targets: dict[str, dict[str, Any]] = {}
    variables: set[str] = set()
    notes: list[str] = []
    allow: dict[str, None] = {}
    for step in plan.steps:
        if step.image in names:
            target = bake_target(plan, step, names, cwd)
            targets[names[step.image]] = target.data
            variables |= target.variables
            notes += target.notes
            allow |= target.allow
        else:
            notes.append(f"{step.image} is left out: bake can't run a custom command, so build it before")
        if step.hooks.before or step.hooks.after:
            notes.append(f"the hooks of {step.image} are not run by bake")
    document: dict[str, Any] = {"group": {"default": {"targets": list(targets)}}}
    if variables:
        document["variable"] = {name: {"default": None} for name in sorted(variables)}
    document["target"] = targets
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text, (_command(plan, allow), *dict.fromkeys(notes))


def _command(plan: BuildPlan, allow: Iterable[str]) -> str:
    builder = next((step.builder for step in plan.steps if step.builder), "")
    words = ["docker", "buildx", "bake", "--file", FILE, *(("--builder", builder) if builder else ())]
    text = f"build it with:  {shlex.join(words)}"
    allowed = " ".join(f"--allow {shlex.quote(item)}" for item in allow)
    return f"{text}\nand since buildx {ALLOW_SINCE} also:  {allowed}" if allowed else text
