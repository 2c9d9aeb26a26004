"""Rules for all configs that are built together: image names, what requires what, under which alias."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildx_tasks.document.schema.decode import items, text
from buildx_tasks.document.schema.rules.artifacts import artifacts_of, environment_of, kind_of
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import parse_image_ref

_ALIAS = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Found = Iterator[tuple[int, Problem]]
"""Problems, each with the number of its config."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Artifact:
    config: int
    path: Path
    image: str
    kind: str
    requires: tuple[tuple[Path, str, str], ...]
    """Path, image and alias of each dependency; the alias is the image when it is not given."""


def check_configs(configs: Sequence[Mapping[str, Any]], elsewhere: Collection[str] | None = ()) -> Found:
    """Judge `configs` (newest shape) together.

    `elsewhere` are images that other files of the same run build. None means that nobody knows: then an image
    that a config with an outside ``requires`` may get from there is a warning, not an error.
    """
    artifacts = [artifact for number, config in enumerate(configs) for artifact in _artifacts(number, config)]
    yield from _names(artifacts)
    yield from _aliases(artifacts)
    yield from _unknown(artifacts, configs, elsewhere)
    yield from _cycle(artifacts)


def _artifacts(number: int, config: Mapping[str, Any]) -> Iterator[_Artifact]:
    environment = environment_of(config)
    for path, artifact in artifacts_of(config):
        needed = [
            ((*path, "requires", at), text(item, "image"), text(item, "alias") or text(item, "image"))
            for at, item in enumerate(items(artifact, "requires"))
            if isinstance(item, Mapping)
        ]
        yield _Artifact(
            config=number,
            path=path,
            image=text(artifact, "image"),
            kind=kind_of(artifact, environment),
            requires=tuple(item for item in needed if item[1]),
        )


def _names(artifacts: Sequence[_Artifact]) -> Found:
    seen: set[str] = set()
    for artifact in artifacts:
        if not artifact.image:
            continue
        path = (*artifact.path, "image")
        if problem := _name(artifact.image, path):
            yield artifact.config, problem
        if artifact.image in seen:
            message = f"image {artifact.image!r} is built twice"
            hint = "each image has one artifact, over all configs that are built together"
            yield artifact.config, Problem(path=path, code="duplicate-image", message=message, hint=hint)
        seen.add(artifact.image)


def _name(image: str, path: Path) -> Problem | None:
    try:
        ref = parse_image_ref(image)
    except CannotStart as error:
        return Problem(path=path, code="image-name", message=error.message, hint=error.hint)
    extra = "digest" if ref.digest else "tag" if ref.tag else ""
    if not extra:
        return None
    message = f"image {image!r} has a {extra}"
    return Problem(path=path, code="image-name", message=message, hint="leave it out: build.tagPolicy makes the tag")


def _aliases(artifacts: Sequence[_Artifact]) -> Found:
    for artifact in artifacts:
        seen: set[str] = set()
        for path, _, alias in artifact.requires:
            if alias in seen:
                message = f"alias {alias!r} is used twice in the requires of {artifact.image!r}"
                yield artifact.config, Problem(path=path, code="alias", message=message)
            seen.add(alias)
            if artifact.kind in ("docker", "custom") and not _ALIAS.fullmatch(alias):
                message = f"{alias!r} can't be the name of a build argument or variable"
                hint = "give it an alias of letters, digits and _, such as alias: BASE"
                yield artifact.config, Problem(path=path, code="alias", message=message, hint=hint)


def _unknown(
    artifacts: Sequence[_Artifact], configs: Sequence[Mapping[str, Any]], elsewhere: Collection[str] | None
) -> Found:
    known = {artifact.image for artifact in artifacts} | set(elsewhere or ())
    for artifact in artifacts:
        for path, image, _ in artifact.requires:
            if image in known:
                continue
            outside = elsewhere is None and _requires_other_files(configs[artifact.config])
            message = f"artifact {artifact.image!r} requires {image!r}, which nothing here builds"
            near = difflib.get_close_matches(image, sorted(known), 1)
            hint = "a required config must build it" if outside else "add an artifact for it, or remove the dependency"
            hint = f"did you mean {near[0]!r}?" if near else hint
            severity = "warning" if outside else "error"
            problem = Problem(path=path, code="unknown-dependency", message=message, hint=hint, severity=severity)
            yield artifact.config, problem


def _requires_other_files(config: Mapping[str, Any]) -> bool:
    sources = ("path", "git", "googleCloudStorage", "googleCloudBuildRepoV2")
    return any(
        isinstance(item, Mapping) and any(item.get(key) for key in sources) for item in items(config, "requires")
    )


def _cycle(artifacts: Sequence[_Artifact]) -> Found:
    """The first cycle met when going through the artifacts in order; told at the artifact that closes it."""
    by_image = {artifact.image: artifact for artifact in artifacts}
    done: set[str] = set()
    for artifact in artifacts:
        trail: dict[str, Iterator[tuple[Path, str, str]]] = {artifact.image: iter(artifact.requires)}
        while trail:
            image = next(reversed(trail))
            found = next(trail[image], None)
            if found is None or image in done:
                done.add(image)
                del trail[image]
            elif found[1] in trail:
                names = [*trail][[*trail].index(found[1]) :]
                message = f"artifacts require each other: {' -> '.join([*names, found[1]])}"
                yield by_image[image].config, Problem(path=found[0], code="dependency-cycle", message=message)
                return
            elif found[1] in by_image:
                trail[found[1]] = iter(by_image[found[1]].requires)
