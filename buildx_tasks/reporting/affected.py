"""The affected artifacts as text, as JSON, as matrices of a GitHub workflow and as a child pipeline of GitLab."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from buildx_tasks.model.affected import AffectedArtifact, Comparison
from buildx_tasks.reporting.words import counted

JOB = ".buildx-build"
VARIABLE = "ARTIFACT"
MOST_NEEDS = 50
"""How many jobs a job of GitLab's may name under ``needs``."""


def affected_text(found: Comparison) -> str:
    """A line an affected or removed artifact with the reason, and one of numbers."""
    lines = [f"{item.image}: {item.why}" for item in found.affected]
    lines += [f"{image}: is removed" for image in found.removed]
    return "\n".join((*lines, _summary(found))) + "\n"


def _summary(found: Comparison) -> str:
    number, of = len(found.affected), counted(len(found.affected) + len(found.unaffected), "artifact")
    return f"{number} of {of} affected since {found.since} ({found.commit[:12]})"


def affected_json(found: Comparison) -> str:
    """The answer as JSON, the affected artifacts in the order of the config.

    ``{"since", "commit", "affected": [{"imageName", "why", "own", "requires", "wave", "file"}], "removed",
    "unaffected"}``.
    """
    report = {
        "since": found.since,
        "commit": found.commit,
        "affected": [
            {
                "imageName": item.image,
                "why": item.why,
                "own": item.own,
                "requires": list(item.requires),
                "wave": item.wave,
                "file": item.file,
            }
            for item in found.affected
        ],
        "removed": list(found.removed),
        "unaffected": list(found.unaffected),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def affected_github(found: Comparison) -> str:
    """``{"count", "artifacts", "waves": [{"artifact": [IMAGE, ...]}, ...]}`` on one line, for ``$GITHUB_OUTPUT``.

    Each of `waves` is the ``matrix`` of a job.
    """
    waves = [{"artifact": [item.image for item in wave]} for wave in found.waves]
    names = [item.image for item in found.affected]
    return json.dumps({"count": len(names), "artifacts": names, "waves": waves}) + "\n"


def affected_gitlab(found: Comparison, command: str) -> str:
    """A child pipeline with a job for each affected artifact that begins when those that it requires are done.

    `command` builds the artifact that the variable ARTIFACT names. All jobs extend ``.buildx-build``, which a file that
    is included after this one may change.
    """
    return "\n".join((f"# {_summary(found)}", *_pipeline(found, command))) + "\n"


def _pipeline(found: Comparison, command: str) -> Iterator[str]:
    stages = [f"wave-{number}" for number in range(1, max(len(found.waves), 1) + 1)]
    yield f"stages: {json.dumps(stages)}"
    yield 'workflow: {"rules": [{"when": "always"}]}'
    yield f"{json.dumps(JOB)}:"
    yield '  rules: [{"when": "on_success"}]'
    yield f"  script: {json.dumps([command])}"
    for wave in found.waves:
        for item in wave:
            yield from _job(item)
    if not found.affected:
        # A pipeline without any job is an error.
        yield '"nothing is affected":'
        yield '  stage: "wave-1"'
        yield '  rules: [{"when": "on_success"}]'
        yield '  script: ["true"]'


def _job(item: AffectedArtifact) -> Iterator[str]:
    yield f"{json.dumps(_name(item.image))}:"
    yield f"  extends: {json.dumps(JOB)}"
    yield f'  stage: "wave-{item.wave + 1}"'
    yield f"  variables: {json.dumps({VARIABLE: item.image})}"
    if len(item.requires) <= MOST_NEEDS:
        yield f"  needs: {json.dumps([_name(image) for image in item.requires])}"


def _name(image: str) -> str:
    return f"build {image}"


REPORTERS: dict[str, Callable[[Comparison], str]] = {
    "text": affected_text,
    "json": affected_json,
    "github": affected_github,
}
"""The reporters by the name that ``--format`` takes; ``gitlab`` needs more."""
