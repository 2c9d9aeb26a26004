"""What is in the pushed images: the manifest of every platform, asked for in their registries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.execution.registry.client import Manifest, RegistryClient
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.result import ArtifactResult, PlatformManifest, Results

AT_ONCE = 8
ATTESTATION = "attestation-manifest"
REFERENCE_TYPE = "vnd.docker.reference.type"


def with_manifests(results: Results, registries: RegistryClient) -> Results:
    """`results` with the manifests of all pushed images; those that can't be asked for stay without, and say so."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return replace(results, builds=tuple(pool.map(lambda build: _looked_up(build, registries), results.builds)))


def _looked_up(build: ArtifactResult, registries: RegistryClient) -> ArtifactResult:
    if not build.ok or "@" not in build.reference:
        return build
    name = f"{parse_image_ref(build.tag).base_name}@{build.digest}"
    try:
        found = registries.manifest(name)
    except BuildxTasksError as error:
        text = f"artifact {build.image!r}: its manifests are not in the record: {error.message}"
        return replace(build, warnings=(*build.warnings, text))
    manifests = platform_manifests(found, build.platforms)
    return replace(build, media_type=found.media_type, manifests=manifests)


def platform_manifests(found: Manifest, asked: tuple[str, ...]) -> tuple[PlatformManifest, ...]:
    """The manifests of an index; a plain manifest is its own, for the one platform that was `asked` for, if any."""
    try:
        data = json.loads(found.body)
    except ValueError:
        return ()
    entries = data.get("manifests") if isinstance(data, dict) else None
    if entries is None:
        return (PlatformManifest(platform=asked[0] if len(asked) == 1 else "", digest=found.digest),)
    return tuple(
        PlatformManifest(
            platform=_platform(entry.get("platform") or {}),
            digest=str(entry.get("digest", "")),
            attestation=(entry.get("annotations") or {}).get(REFERENCE_TYPE) == ATTESTATION,
        )
        for entry in entries
    )


def _platform(entry: Mapping[str, Any]) -> str:
    parts = (entry.get("os"), entry.get("architecture"), entry.get("variant"))
    return "/".join(str(part) for part in parts if part)
