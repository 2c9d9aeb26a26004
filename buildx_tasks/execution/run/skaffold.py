"""Handing one artifact to Skaffold: the config that it reads, the result that it writes, and how it failed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from buildx_tasks.errors import BuildxTasksError, WorkFailed
from buildx_tasks.model.apiversion import NEWEST, PREFIX, VERSIONS, find_version, position
from buildx_tasks.model.command import Completed
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.request import PUSH
from buildx_tasks.model.result import ArtifactResult, Failure

REPLACED = {"jib": ("fromImage",), "buildpacks": ("builder", "runImage")}
"""Fields in which Skaffold puts the reference of a required image in place of its alias."""

_IMAGE_ID = re.compile("[0-9a-f]{64}")


def write_config(path: Path, artifact: Artifact, required: Mapping[str, ArtifactResult]) -> None:
    """Write the config that builds `artifact` alone, readable for us alone; `required` are its built images.

    It is JSON, which is YAML too. Its version is that of the user's file where that one has all its fields, since
    Skaffold may know no newer one.
    """
    path.touch(mode=0o600)
    path.write_text(json.dumps(_in_oldest_version(config_for(artifact, required)), indent=2), encoding="utf-8")


def config_for(artifact: Artifact, required: Mapping[str, ArtifactResult]) -> dict[str, Any]:
    """The config: the artifact as the user's has it, with references of required images where Skaffold puts them."""
    (item,) = artifact.alone["build"]["artifacts"]
    changed = {**item, "context": artifact.context}
    if isinstance(changed.get("docker"), Mapping):
        changed["docker"] = {key: value for key, value in changed["docker"].items() if key != "cacheTo"}
    references = {need.alias: required[need.image] for need in artifact.requires if need.image in required}
    for kind, keys in REPLACED.items():
        for key in keys if isinstance(changed.get(kind), Mapping) else ():
            if found := references.get(str(changed[kind].get(key))):
                changed[kind] = {**changed[kind], key: _spelled(kind, found)}
    if references and artifact.kind in ("docker", "kaniko"):
        section = changed.get(artifact.kind) or {}
        arguments = {alias: result.reference for alias, result in references.items()}
        changed[artifact.kind] = {**section, "buildArgs": {**arguments, **(section.get("buildArgs") or {})}}
    return {**artifact.alone, "build": {**artifact.alone["build"], "artifacts": [changed]}}


def _spelled(kind: str, result: ArtifactResult) -> str:
    """Jib looks for images in registries unless it is told where else."""
    return f"docker://{result.reference}" if kind == "jib" and result.output != PUSH else result.reference


def _in_oldest_version(config: dict[str, Any]) -> dict[str, Any]:
    from buildx_tasks.document.schema.structure import structure_problems

    for version in VERSIONS[position(find_version(config["apiVersion"]) or NEWEST) :]:
        candidate = {**config, "apiVersion": f"{PREFIX}{version}"}
        if not any(problem.severity == "error" for problem in structure_problems(candidate, position(version))):
            return candidate
    return {**config, "apiVersion": f"{PREFIX}{NEWEST}"}


def read_reference(path: Path, step: BuildStep) -> tuple[str, str]:
    """The reference and the digest (image ID when loaded, "" when not known) in Skaffold's result file.

    Raises `WorkFailed` when the image is not in it, or has another name than the plan gives it.
    """
    try:
        builds = json.loads(path.read_bytes())["builds"] or []
        found = next((build["tag"] for build in builds if build["imageName"] == step.image), "")
        ref = parse_image_ref(found) if found else None
    except (OSError, ValueError, KeyError, TypeError, BuildxTasksError) as error:
        raise WorkFailed(f"skaffold ended well, but its result of {step.image!r} can't be read: {error}") from None
    if ref is None:
        raise WorkFailed(
            f"skaffold ended well, but {step.image!r} is not in its result", f"build it alone:  {by_hand(step)}"
        )
    wanted = parse_image_ref(step.tag)
    if ref.base_name != wanted.base_name or (ref.digest and ref.tag != wanted.tag):
        raise WorkFailed(
            f"skaffold built {step.image!r} as {found}, and not as {step.tag}",
            "Skaffold reads multi-level-repo from its own file alone:  skaffold config set multi-level-repo true",
        )
    image_id = f"sha256:{ref.tag}" if _IMAGE_ID.fullmatch(ref.tag) else ""
    return found, ref.digest or image_id


def skaffold_failure(step: BuildStep, done: Completed, failure: Failure) -> Failure:
    """The failure of a build by Skaffold, with how to build the artifact without us."""
    if done.timed_out:
        return failure
    if done.missing:
        gone = "skaffold is no longer on the PATH"
        return replace(failure, message=gone, hint="look for it:  skaffold version", tail=())
    return replace(
        failure, message=f"skaffold ended with exit status {done.code}", hint=f"build it alone:  {by_hand(step)}"
    )


def by_hand(step: BuildStep) -> str:
    """The command that builds the artifact from the user's own file."""
    return shlex.join(("skaffold", "build", "--build-image", step.image))
