"""Makes whole images of parts: reads their files and manifests, writes one index for each image, and its tag last."""

from __future__ import annotations

import glob
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from buildx_tasks.errors import BuildxTasksError, CannotStart, raise_all
from buildx_tasks.execution.paths import exists, is_file, read_start
from buildx_tasks.execution.registry.client import Manifest
from buildx_tasks.execution.registry.manifests import platform_manifests
from buildx_tasks.model.partial import MOST_PARTS, Part, parse_parts
from buildx_tasks.model.request import PUSH
from buildx_tasks.model.result import BUILT, FAILED, PLANNED, ArtifactResult, Failure, Results
from buildx_tasks.planning.merge.index import MergedIndex, PartManifest, config_digest, make_index
from buildx_tasks.planning.merge.parts import ImageMerge, plan_merge

if TYPE_CHECKING:
    from buildx_tasks.execution.registry.client import RegistryClient

AT_ONCE = 8
HINT = "give the result files of the partial builds:  part-amd64.json part-arm64.json"


def read_part_files(names: Sequence[str], cwd: Path) -> tuple[Part, ...]:
    """The parts in files and quoted patterns, each file once. Raises `CannotStart` with everything that is wrong."""
    if not names:
        raise CannotStart("no result file of a partial build is named", HINT)
    problems: list[BuildxTasksError] = []
    parts: list[Part] = []
    for name in dict.fromkeys(file for given in names for file in _files(given, cwd)):
        try:
            parts += parse_parts(_read(cwd / name, name), name)
        except BuildxTasksError as error:
            problems.append(error)
    raise_all(problems)
    return tuple(parts)


def _files(given: str, cwd: Path) -> list[str]:
    if exists(cwd / given) or not glob.has_magic(given):
        return [given]
    found = sorted(glob.glob(given, root_dir=cwd, recursive=True))  # noqa: PTH207 - may be absolute
    return [name for name in found if is_file(cwd / name)] or [given]


def _read(path: Path, shown: str) -> str:
    try:
        data = read_start(path, MOST_PARTS + 1)
    except OSError as error:
        raise CannotStart(f"{shown} can't be read: {error.strerror or error}", HINT) from error
    if len(data) > MOST_PARTS:
        raise CannotStart(f"{shown} has more than {MOST_PARTS} bytes")
    return data.decode("utf-8", "replace")


def merge_parts(
    parts: Sequence[Part], platforms: Sequence[str], registries: RegistryClient, *, writing: bool
) -> Results:
    """Merge the `parts` of all images; `platforms` are those of images whose config names none.

    Nothing is written before everything is known to be there, and without `writing` nothing is written at all. Raises
    `CannotStart` and `RegistryError`, with all problems at once; an index that a registry rejects is a failed result.
    """
    merges = plan_merge(parts, platforms)
    problems: list[BuildxTasksError] = []
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        made = list(pool.map(lambda merge: _attempt(lambda: _index(merge, registries)), merges))
        indexes: list[tuple[ImageMerge, MergedIndex]] = []
        for merge, (index, problem) in zip(merges, made, strict=True):
            if index is not None:
                indexes.append((merge, index))
            if problem is not None:
                problems.append(problem)
        raise_all(problems)
        return Results(builds=tuple(pool.map(lambda one: _write(one[0], one[1], registries, writing=writing), indexes)))


def _attempt(make: Callable[[], MergedIndex]) -> tuple[MergedIndex | None, BuildxTasksError | None]:
    try:
        return make(), None
    except BuildxTasksError as error:
        return None, error


def _index(merge: ImageMerge, registries: RegistryClient) -> MergedIndex:
    problems: list[BuildxTasksError] = []
    found: list[PartManifest] = []
    for part in merge.parts:
        try:
            found.append(_fetch(part, registries))
        except BuildxTasksError as error:
            problems.append(error)
    raise_all(problems)
    return make_index(merge, found)


def _fetch(part: Part, registries: RegistryClient) -> PartManifest:
    """The manifest of a part, with the image configuration that says for which platform it is."""
    manifest = registries.manifest(part.reference)
    if not manifest.digest:
        raise CannotStart(
            f"artifact {part.image!r}: the registry does not have {part.reference} ({part.file})",
            "build that part again: registries delete manifests without a tag after some time",
        )
    try:
        digest = config_digest(manifest.body)
        config = json.loads(registries.blob(part.reference, digest)) if digest else {}
        if not isinstance(config, dict):
            raise ValueError("its configuration is not a mapping")
    except ValueError as error:
        raise CannotStart(f"artifact {part.image!r}: {part.reference} is not an image: {error}") from None
    media_type = manifest.media_type or json.loads(manifest.body).get("mediaType", "")
    return PartManifest(part=part, media_type=media_type, body=manifest.body, config=config)


def _write(merge: ImageMerge, index: MergedIndex, registries: RegistryClient, *, writing: bool) -> ArtifactResult:
    digest = f"sha256:{sha256(index.body).hexdigest()}"
    manifest = Manifest(digest=digest, media_type=index.media_type, body=index.body)
    tag, platforms = merge.tags[0], tuple(str(platform) for platform in merge.platforms)
    failure = None
    try:
        for name in merge.tags if writing else ():
            registries.put_manifest(name, manifest)
    except BuildxTasksError as error:
        failure = Failure(message=error.message, hint=error.hint)
    done = BUILT if writing else PLANNED
    return ArtifactResult(
        image=merge.image,
        tag=tag,
        status=FAILED if failure else done,
        reference=f"{tag}@{digest}",
        digest=digest,
        output=PUSH,
        runtime_type=merge.runtime_type,
        platforms=platforms,
        failure=failure,
        media_type=index.media_type,
        manifests=platform_manifests(manifest, platforms),
    )
