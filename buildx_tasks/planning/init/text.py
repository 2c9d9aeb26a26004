"""The text of a new config, with the few comments that somebody needs who sees one for the first time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from buildx_tasks.document.yaml.render import scalar
from buildx_tasks.model.apiversion import NEWEST, PREFIX
from buildx_tasks.model.newconfig import NewArtifact
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.init.found import ProjectFacts
from buildx_tasks.planning.init.names import name_part

CACHE_TAG = "cache"


def config_text(artifacts: Sequence[NewArtifact], project: ProjectFacts, modeline: str = "") -> str:
    """The config as YAML of the newest apiVersion; `modeline` is a comment that comes first, "" for none."""
    return "\n".join((*([modeline] if modeline else ()), *_lines(artifacts, project))) + "\n"


def _lines(artifacts: Sequence[NewArtifact], project: ProjectFacts) -> Iterator[str]:
    yield f"# See every command of a build:  {task_command('buildx.plan')}"
    yield f"# Run them:  {task_command('buildx.build')}"
    yield f"# To push:  {task_command('buildx.build')} --default-repo REGISTRY/PATH"
    yield f"apiVersion: {PREFIX}{NEWEST}"
    yield "kind: Config"
    yield "metadata:"
    yield f"  name: {scalar(name_part(project.name) or 'image')}"
    yield "build:"
    if not project.committed:
        yield "  # Tags are digests of what is built; without this line, git commits."
        yield "  tagPolicy: {inputDigest: {}}"
    yield "  # platforms: [linux/amd64, linux/arm64]  # several have to be pushed"
    yield "  artifacts:"
    for number, artifact in enumerate(artifacts):
        yield from _artifact(artifact, teaching=not number)
    if any(artifact.contexts for artifact in artifacts):
        yield "# Settings that Skaffold skips. Here: what FROM means by the name of an image."
        yield ".buildx:"
        yield "  artifacts:"
        for artifact in artifacts:
            if artifact.contexts:
                yield f"    {scalar(artifact.image)}:"
                yield "      buildContexts:"
                yield from (
                    f"        {scalar(name)}: {scalar(f'artifact://{image}')}" for name, image in artifact.contexts
                )


def _artifact(artifact: NewArtifact, *, teaching: bool) -> Iterator[str]:
    cache = f"cacheFrom: [{scalar(f'{artifact.image}:{CACHE_TAG}')}]"
    why = "# A cache in the registry; a build that pushes writes it too:"
    yield f"    - image: {scalar(artifact.image)}"
    yield f"      context: {artifact.context if artifact.context == '.' else scalar(artifact.context)}"
    if artifact.dockerfile != "Dockerfile":
        yield "      docker:"
        yield f"        dockerfile: {scalar(artifact.dockerfile)}"
        yield from (f"        {why}", f"        # {cache}") if teaching else ()
    elif teaching:
        yield from (f"      {why}", "      # docker:", f"      #   {cache}")
    if artifact.requires:
        yield "      requires:"
    for image, argument in artifact.requires:
        yield f"        - image: {scalar(image)}"
        if argument:
            yield f"          alias: {scalar(argument)}  # the build arg that FROM uses"
