"""How names and texts are written in a bake file, where every text is an HCL template."""

from __future__ import annotations

import re

from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.request import CUSTOM, SKAFFOLD


def target_names(plan: BuildPlan) -> dict[str, str]:
    """A legal and unique target name for every image that bake can build: its last component, numbered on a clash."""
    names: dict[str, str] = {}
    taken: set[str] = {"default"}
    for step in plan.steps:
        if step.tool in (CUSTOM, SKAFFOLD):
            continue
        plain = re.sub(r"[^A-Za-z0-9_-]", "-", step.image.rpartition("/")[2]) or "image"
        name, number = plain, 2
        while name in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name)
        names[step.image] = name
    return names


def context_name(reference: str) -> str:
    """The name under which a Dockerfile's frontend looks for a context in place of `reference`.

    It shortens names of the default registry and drops the tag ``latest``.
    """
    ref = parse_image_ref(reference)
    name = ref.base_name
    for prefix in ("docker.io/library/", "docker.io/", "index.docker.io/library/", "index.docker.io/"):
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    tag = f":{ref.tag}" if ref.tag and (ref.tag != "latest" or ref.digest) else ""
    return f"{name}{tag}" + (f"@{ref.digest}" if ref.digest else "")


def escape(text: str) -> str:
    """A text as an HCL template that gives just this text."""
    return text.replace("${", "$${").replace("%{", "%%{")
