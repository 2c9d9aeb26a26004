"""Which builds of a plan are made from something else than at another commit, with their dependents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from buildx_tasks.model.affected import AffectedArtifact
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.planning.reuse.fingerprint import Inputs, Required, key_parts
from buildx_tasks.planning.reuse.rules import in_waves
from buildx_tasks.planning.reuse.why import explain, make_record

NEW = "is new"
GIT_FILE = ".git"
WHOLE_GIT = "its build context has .git, which is never the same: leave it out with a line in .dockerignore"


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a build is made from: the parts of its key without the required images, which are compared themselves.

    `unknown` says why that can't be told; there are no `parts` then.
    """

    unknown: str = ""
    parts: Mapping[str, Any] = field(default_factory=dict)
    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def made_from(step: BuildStep, inputs: Inputs, environ: Mapping[str, str], told: Callable[[str], str] = str) -> Made:
    """What `step` is made from; `told` takes names out of a text that only hold in the folder of the plan."""
    inputs = _comparable(inputs)
    if inputs.unknown:
        return Made(unknown=told(inputs.unknown))
    required = {image: Required(digest="", reference=image) for image in step.needs}
    parts = json.dumps(key_parts(step, inputs, required, environ), ensure_ascii=False)
    return Made(parts=json.loads(told(parts)), entries=inputs.entries)


def _comparable(inputs: Inputs) -> Inputs:
    """`inputs` as another checkout has them.

    The ``.git`` of a submodule or a linked work tree is a file that only says where git has its own; a folder ``.git``
    is another one after every command.
    """
    entries: dict[str, dict[str, str]] = {}
    for name, inner in inputs.entries.items():
        of_git = [path for path in inner if GIT_FILE in path.split("/")]
        if not all(inner[path].startswith("file") for path in of_git):
            return replace(inputs, unknown=WHOLE_GIT)
        entries[name] = {path: what for path, what in inner.items() if path not in of_git}
    return replace(
        inputs,
        files=_digest(entries.get("", {})),
        contexts=tuple((name, _digest(entries[name])) for name, _whole in inputs.contexts),
        entries=entries,
    )


def _digest(entries: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()


def compare(
    plan: BuildPlan, before: Mapping[str, Made], now: Mapping[str, Made], incomparable: str = ""
) -> tuple[AffectedArtifact, ...]:
    """The builds of `plan` that are made from something else than `before`, in the order of the plan.

    `incomparable` says why nothing is known of before. What requires an affected image is affected.
    """
    files = {image: config.file for config in plan.configs for image in config.images}
    found: dict[str, AffectedArtifact] = {}
    for wave in in_waves(plan):
        for step in wave:
            own = incomparable or _own_change(before.get(step.image), now[step.image])
            required = tuple(image for image in step.needs if image in found)
            if own or required:
                whys = [own] if own else []
                whys += [f"required image {', '.join(required)} is affected"] if required else []
                found[step.image] = AffectedArtifact(
                    image=step.image,
                    why=", ".join(whys),
                    file=files.get(step.image, ""),
                    requires=required,
                    own=bool(own),
                    wave=max((found[image].wave + 1 for image in required), default=0),
                )
    return tuple(found[step.image] for step in plan.steps if step.image in found)


def _own_change(before: Made | None, now: Made) -> str:
    """What changed; "" for nothing. What can't be told counts as changed, as it is built every time."""
    if before is None:
        return NEW
    if now.unknown:
        return now.unknown
    if before.unknown:
        return f"before: {before.unknown}"
    return explain(
        make_record(before.parts, before.entries, stored=False), make_record(now.parts, now.entries, stored=False)
    )
