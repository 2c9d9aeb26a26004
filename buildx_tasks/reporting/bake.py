"""A build plan as a ``docker-bake.json``: the same images from one ``docker buildx bake``.

What bake can't do (custom commands, hooks, unknown flags) is said in notes.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from buildx_tasks.model.bakenames import escape, target_names
from buildx_tasks.model.baketarget import bake_target
from buildx_tasks.model.mask import secret_variables
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import SKAFFOLD
from buildx_tasks.model.secrets import HIDDEN, masked_data

FILE = "docker-bake.json"
ALLOW_SINCE = "0.17"


def bake_json(plan: BuildPlan, cwd: str, environ: Mapping[str, str] | None = None) -> tuple[str, tuple[str, ...]]:
    """The bake file of `plan` for use in the folder `cwd`, and notes for the user: the command to run comes first.

    A value of `environ` that is a secret is a variable in the file; what else looks like a secret is left out.
    """
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
            what = "skaffold" if step.tool == SKAFFOLD else "a custom command"
            notes.append(f"{step.image} is left out: bake can't run {what}, so build it before")
        notes += _credentials(step)
        if step.hooks.before or step.hooks.after:
            notes.append(f"the hooks of {step.image} are not run by bake")
    targets, read = _with_variables(targets, environ or {})
    variables |= read
    notes += [f"set {name} in the environment of bake: its value is not written down" for name in sorted(read)]
    shown: Any = masked_data(targets)
    if shown != targets:
        notes.append(f"{HIDDEN} replaces a secret: insert the value before you use the file")
    notes += [f"{build.image} is left out: {build.reason}" for build in plan.left_out]
    if any(step.locked for step in plan.steps):
        notes.append(f"bake does not use {plan.lock.file}: it builds from what the tags of base images mean then")
    document: dict[str, Any] = {"group": {"default": {"targets": list(targets)}}}
    if variables:
        document["variable"] = {name: {"default": None} for name in sorted(variables)}
    document["target"] = shown
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text, (_command(plan, allow), *dict.fromkeys(notes))


def _credentials(step: BuildStep) -> list[str]:
    """What to set for the caches of a target: buildx takes their credentials from the environment."""
    args = {item.value.name for item in step.request.build_args}
    names = [item.name for item in step.environment if item.secret and item.name not in args]
    return [f"{step.image}: set {name} in the environment of bake: its value is not written down" for name in names]


def _with_variables(targets: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], set[str]]:
    """The targets with references in place of secrets of the environment, and the names of these."""
    found: set[str] = set()
    secrets = sorted(secret_variables(environ).items(), key=lambda item: -len(item[1]))

    def referring(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: referring(item) for key, item in value.items()}
        if isinstance(value, list):
            return [referring(item) for item in value]
        for name, secret in secrets if isinstance(value, str) else ():
            if escape(secret) in value:
                found.add(name)
                value = value.replace(escape(secret), f"${{{name}}}")
        return value

    return referring(targets), found


def _command(plan: BuildPlan, allow: Iterable[str]) -> str:
    builder = next((step.builder for step in plan.steps if step.builder), "")
    words = ["docker", "buildx", "bake", "--file", FILE, *(("--builder", builder) if builder else ())]
    text = f"build it with:  {shlex.join(words)}"
    allowed = " ".join(f"--allow {shlex.quote(item)}" for item in allow)
    return f"{text}\nand since buildx {ALLOW_SINCE} also:  {allowed}" if allowed else text
