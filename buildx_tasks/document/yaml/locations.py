"""From problems at paths to findings at lines, also where the rules saw the config after its upgrade."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Document, Path
from buildx_tasks.model.finding import Finding, dotted

MOVED: tuple[tuple[Path, tuple[Path, ...]], ...] = (
    (("manifests", "rawYaml"), (("deploy", "kubectl", "manifests"),)),
    (("manifests", "remoteManifests"), (("deploy", "kubectl", "remoteManifests"),)),
    (("manifests", "kustomize"), (("deploy", "kustomize"),)),
    (("manifests", "helm"), (("deploy", "helm"),)),
    (("deploy", "kubectl"), (("deploy", "kustomize"),)),
    (("build", "cluster"), (("build", "kaniko"),)),
)
"""Sections of a pipeline whose place in older versions was another."""

RENAMED: tuple[tuple[Path, tuple[Path, ...]], ...] = (
    (("image",), (("imageName",),)),
    (("context",), (("workspace",),)),
    (("jib",), (("jibMaven",), ("jibGradle",))),
    (("buildpacks",), (("buildpack",),)),
    (("docker", "secrets", 0), (("docker", "secret"),)),
    (("sync", "manual"), (("sync",),)),
)
"""The same inside an artifact."""


def original_path(path: Path, places: Collection[Path]) -> Path:
    """The path of an upgraded config as the file spells it: the reading of which most is in the text."""
    return max(_readings(path), key=lambda reading: _depth(reading, places))


def _readings(path: Path) -> Iterable[Path]:
    yield path
    head = path[:2] if path[:1] == ("profiles",) else ()
    rest = path[len(head) :]
    if rest[:2] == ("build", "artifacts"):
        head, rest = (*head, *rest[:3]), rest[3:]
        yield from _replaced(head, rest, RENAMED)
    else:
        yield from _replaced(head, rest, MOVED)


def _replaced(head: Path, rest: Path, table: tuple[tuple[Path, tuple[Path, ...]], ...]) -> Iterable[Path]:
    for new, olds in table:
        if rest[: len(new)] == new:
            for old in olds:
                yield (*head, *old, *rest[len(new) :])


def _depth(path: Path, places: Collection[Path]) -> int:
    return next((end for end in range(len(path), 0, -1) if path[:end] in places), 0)


def place(problem: Problem, document: Document, file: str) -> Finding:
    """The finding for `problem`, at the nearest thing of its path that is in the text."""
    mark = problem.mark or document.place(problem.path)
    return Finding(
        file=file,
        line=mark.line,
        column=mark.column,
        path=dotted(problem.path),
        message=problem.message,
        hint=problem.hint,
        code=problem.code,
        severity=problem.severity,
    )
