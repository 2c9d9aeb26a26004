"""Which artifacts are built, and in which order they may be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from buildx_tasks.errors import CannotStart, NothingSelected
from buildx_tasks.model.config import BUILDABLE_KINDS, Artifact
from buildx_tasks.model.result import NOT_STARTED, SKIPPED, ArtifactResult
from buildx_tasks.model.settings import ERROR

ARTIFACT_CONTEXT = "artifact://"
"""How a named context in ``buildContexts`` says that its source is another artifact of the run."""
NO_ARTIFACTS = "the config has no artifacts"
ADD_ARTIFACT = "add one under build.artifacts"


def select_artifacts(
    artifacts: Sequence[Artifact], wanted: Sequence[str], other_builders: str = ERROR
) -> tuple[Artifact, ...]:
    """The artifacts whose image name contains one of `wanted` (all when empty), plus everything they require.

    ``=IMAGE`` is the artifact of exactly that image.

    Skaffold matches substrings too but leaves the requirements out, and then dies when it needs one. Config
    order is kept. Raises `NothingSelected` when nothing matches, naming the near match; a config without artifacts
    has nothing to build, which is no error unless something is `wanted`. Raises `CannotStart` for artifacts that
    docker does not build, unless `other_builders` is another setting than ERROR.
    """
    if not artifacts and not wanted:
        return ()
    by_name = {artifact.image: artifact for artifact in artifacts}
    chosen = [item.image for item in artifacts if not wanted or is_named(wanted, item.image)]
    if not chosen:
        raise _nothing(artifacts, wanted)
    queue, seen = list(chosen), set(chosen)
    while queue:
        for image in required_images(by_name[queue.pop()]):
            if image in by_name and image not in seen:
                seen.add(image)
                queue.append(image)
    selected = tuple(item for item in artifacts if item.image in seen)
    if other_builders == ERROR:
        _refuse_other_builders(selected)
    check_cycles(selected)
    return selected


def is_named(wanted: Sequence[str], image: str) -> bool:
    """Whether one of `wanted` is a part of the image name, or ``=`` and the whole of it."""
    return any(text[1:] == image if text.startswith("=") else text in image for text in wanted)


def required_images(artifact: Artifact) -> tuple[str, ...]:
    """The images an artifact is built from: its `requires`, and named contexts that are other artifacts."""
    contexts = (value for _name, value in artifact.extras.build_contexts if value.startswith(ARTIFACT_CONTEXT))
    names = [item.image for item in artifact.requires] + [value.removeprefix(ARTIFACT_CONTEXT) for value in contexts]
    return tuple(dict.fromkeys(names))


def check_contexts(artifacts: Sequence[Artifact], selected: Iterable[Artifact]) -> None:
    """Raise `CannotStart` for named contexts that are to be artifacts and are none of `artifacts`."""
    known = {item.image for item in artifacts}
    lines = [
        f"{item.named}: build context {name!r}: nothing here builds {image!r}"
        for item in selected
        for name, value in item.extras.build_contexts
        if value.startswith(ARTIFACT_CONTEXT) and (image := value.removeprefix(ARTIFACT_CONTEXT)) not in known
    ]
    if lines:
        raise CannotStart("\n".join(lines), f"artifacts: {', '.join(sorted(known))}")


def _nothing(artifacts: Sequence[Artifact], wanted: Sequence[str]) -> NothingSelected:
    names = [artifact.image for artifact in artifacts]
    if not names:
        asked = ", ".join(repr(text) for text in wanted)
        return NothingSelected(f"no artifact matches {asked}: {NO_ARTIFACTS}", ADD_ARTIFACT)
    near = difflib.get_close_matches(wanted[0], names, 1, 0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return NothingSelected(
        f"no artifact matches {', '.join(repr(text) for text in wanted)}", f"{hint}artifacts: {', '.join(names)}"
    )


def _refuse_other_builders(artifacts: Sequence[Artifact]) -> None:
    others = [artifact for artifact in artifacts if artifact.other_builder]
    if not others:
        return
    lines = [f"{item.named} is built by {item.other_builder}, which buildx can't do" for item in others]
    ways = ["let skaffold build it:  --other-builders skaffold"]
    if len(others) < len(artifacts):
        ways.append("or leave it out, and what needs it:  --other-builders skip")
    if any(item.kind in BUILDABLE_KINDS for item in others):
        ways.append("or build it here: add a profile with  build: {local: {}}  and give  --profile NAME")
    raise CannotStart("\n".join(lines), "\n".join(ways))


def leave_out(artifacts: Sequence[Artifact]) -> tuple[tuple[Artifact, ...], tuple[ArtifactResult, ...]]:
    """What is left of `artifacts` without those of other builders and all that need these; and the latter as results.

    Both are in the order of `artifacts`.
    """
    out = {
        item.image: ArtifactResult(
            image=item.image, tag="", status=SKIPPED, reason=f"built by {item.other_builder}", by_choice=True
        )
        for item in artifacts
        if item.other_builder
    }
    more = True
    while more:
        more = False
        for item in artifacts:
            missing = [image for image in required_images(item) if image in out]
            if missing and item.image not in out:
                why = f"needs {', '.join(missing)}"
                out[item.image] = ArtifactResult(
                    image=item.image, tag="", status=NOT_STARTED, reason=why, by_choice=True
                )
                more = True
    kept = tuple(item for item in artifacts if item.image not in out)
    return kept, tuple(out[item.image] for item in artifacts if item.image in out)


def check_cycles(artifacts: Sequence[Artifact]) -> None:
    """Raise `CannotStart` that spells the whole circle when artifacts require each other in one."""
    edges = {item.image: required_images(item) for item in artifacts}
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            image, at = stack.pop()
            if at == 0:
                if image in done or image not in edges:
                    continue
                if image in path:
                    circle = " -> ".join((*path[path.index(image) :], image))
                    raise CannotStart(
                        f"cycle in build dependencies: {circle}", "remove one of these entries from requires"
                    )
                path.append(image)
            if at < len(edges[image]):
                stack.append((image, at + 1))
                stack.append((edges[image][at], 0))
            else:
                path.pop()
                done.add(image)
