"""What this machine knows of a failed build beyond its output: where its Dockerfile is, and under which ID its log."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from buildx_tasks.document.buildkit.erroroutput import ErrorOutput
from buildx_tasks.execution.docker.docker_state import buildx_folder
from buildx_tasks.execution.sources.sources import find_dockerfile
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX

CLOCK_SECONDS = 0.1
"""How much older than the clock a file may look that was written just now."""
MOST_UPWARDS = 2
"""How many folders up a path goes before the absolute one reads better."""


def from_here(printed: ErrorOutput, artifact: Artifact, folder: str) -> ErrorOutput:
    """`printed` with the Dockerfile's path as it is from `folder`; docker prints its name only.

    The name is left alone where it is not that of the artifact's Dockerfile, as with a context that is not a folder.
    """
    name, _colon, line = printed.place.rpartition(":")
    if not name:
        return printed
    path, file = dockerfile_path(artifact, folder)
    if not file or Path(file).name != name:
        return printed
    return replace(printed, place=f"{path}:{line}", file=file)


def dockerfile_path(artifact: Artifact, folder: str) -> tuple[str, str]:
    """The path of an artifact's Dockerfile from `folder`, and the absolute one; two "" when it is not a file here."""
    file = find_dockerfile(Path(folder, artifact.context), artifact.docker.dockerfile, Path(folder))
    if not file.is_file():
        return "", ""
    path = os.path.relpath(file, folder)
    return (str(file) if path.startswith("../" * (MOST_UPWARDS + 1)) else path), str(file)


def log_command(plan: BuildPlan, step: BuildStep, environ: Mapping[str, str], begun: float) -> str:
    """The command that prints the whole log of a build that was `begun` at this time of the clock, "" if none can.

    A failed build leaves no metadata. buildx writes down every build as it begins, as ``refs/BUILDER/NODE/ID`` with
    context and Dockerfile (buildx, localstate/localstate.go); where two fit, neither is taken.
    """
    if not plan.keeps_history or step.tool != BUILDX:
        return ""
    context = os.path.normpath(Path(plan.folder, step.artifact.context))
    refs = buildx_folder(environ, environ.get("HOME", "")) / "refs"
    found = [file for file in _written_since(refs, step.builder, begun - CLOCK_SECONDS) if _is_of(file, step, context)]
    if len(found) != 1:
        return ""
    builder = ("--builder", step.builder) if step.builder else ()
    return shlex.join(("docker", "buildx", "history", "logs", *builder, found[0].name))


def _written_since(refs: Path, builder: str, begun: float) -> Iterator[Path]:
    for file in refs.glob(f"{builder or '*'}/*/*"):
        try:
            if file.stat().st_mtime >= begun:
                yield file
        except OSError:
            continue


def _is_of(file: Path, step: BuildStep, context: str) -> bool:
    """Whether what buildx wrote down is a build of this context and Dockerfile; the default one it leaves out."""
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(state, dict) or state.get("LocalPath") != context:
        return False
    dockerfile = str(state.get("DockerfilePath") or "Dockerfile")
    return Path(dockerfile).name == Path(step.artifact.docker.dockerfile).name
