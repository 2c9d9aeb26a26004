"""From Dockerfiles to artifacts: image, context, and which artifacts are built from which."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from buildx_tasks.document.formats.dockerbases import BaseImage, base_images
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import ImageRef, parse_image_ref
from buildx_tasks.model.newconfig import NewArtifact
from buildx_tasks.planning.init.found import FoundDockerfile, ProjectFacts
from buildx_tasks.planning.init.names import GENERIC, image_names

NEWEST_TAGS = ("", "latest")
"""Tags under which a Dockerfile may mean an image that is built beside it; any other is a published one."""


def plan_artifacts(found: Sequence[FoundDockerfile], project: ProjectFacts) -> tuple[NewArtifact, ...]:
    """An artifact for each Dockerfile, in their order. No two artifacts need each other."""
    bases = {item.path: base_images(item.dockerfile) for item in found}
    called = {
        ref.base_name for bases_ in bases.values() for base in bases_ if (ref := _reference(base.reference)) is not None
    }
    images = dict(zip((item.path for item in found), image_names(found, project.name, called), strict=True))
    artifacts = [_artifact(item, images[item.path]) for item in found]
    needs: dict[str, set[str]] = {artifact.image: set() for artifact in artifacts}
    return tuple(_with_needs(artifact, bases[artifact.file], needs) for artifact in artifacts)


def _artifact(item: FoundDockerfile, image: str) -> NewArtifact:
    """The context is the folder with most of what is copied; of several, the nearest that is not just for docker."""
    context = max(item.present, key=lambda folder: (len(item.present[folder]), not _is_generic(folder), _depth(folder)))
    dockerfile = item.path if context == "." else item.path.removeprefix(f"{context}/")
    missing = tuple(source for source in item.sources if source not in item.present[context])
    return NewArtifact(image=image, file=item.path, context=context, dockerfile=dockerfile, missing=missing)


def _is_generic(folder: str) -> bool:
    return folder.rpartition("/")[2].lower() in GENERIC


def _depth(folder: str) -> int:
    return 0 if folder == "." else folder.count("/") + 1


def _with_needs(artifact: NewArtifact, bases: Sequence[BaseImage], needs: Mapping[str, set[str]]) -> NewArtifact:
    """The artifact with what it needs of the others, whose own needs are in `needs`; what it finds is added there."""
    requires: dict[str, str] = {}
    contexts: dict[str, str] = {}
    for base in bases:
        image = _built_here(base, artifact.image, needs)
        if not image or _reaches(image, artifact.image, needs):
            continue
        needs[artifact.image].add(image)
        if base.argument and not requires.get(image):
            requires[image] = base.argument
        elif not base.argument:
            requires.setdefault(image, "")
            contexts[base.reference.partition(":")[0]] = image
    return replace(artifact, requires=tuple(requires.items()), contexts=tuple(contexts.items()))


def _built_here(base: BaseImage, own: str, images: Mapping[str, object]) -> str:
    """The other artifact that `base` certainly means, "" when it may mean something else."""
    ref = _reference(base.reference)
    if ref is not None:
        here = ref.base_name in images and ref.base_name != own and ref.tag in NEWEST_TAGS and not ref.digest
        return ref.base_name if here else ""
    if base.reference or not base.argument:
        return ""
    # A build arg without a default has to be given, so an artifact of its name is what it is for.
    meant = [image for image in images if image != own and base.argument.upper() in _arguments(image)]
    return meant[0] if len(meant) == 1 else ""


def _arguments(image: str) -> tuple[str, ...]:
    name = re.sub(r"[^A-Z0-9]+", "_", image.rpartition("/")[2].upper())
    return name, f"{name}_IMAGE", f"IMAGE_{name}"


def _reference(text: str) -> ImageRef | None:
    try:
        return parse_image_ref(text)
    except CannotStart:
        return None


def _reaches(start: str, goal: str, needs: Mapping[str, set[str]]) -> bool:
    """Whether `start` needs `goal`, itself or through others."""
    waiting, seen = [start], {start}
    while waiting:
        image = waiting.pop()
        if image == goal:
            return True
        waiting += needs[image] - seen
        seen |= needs[image]
    return False
