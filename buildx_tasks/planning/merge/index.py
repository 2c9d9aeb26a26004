"""The index of an image from the manifests of its parts: their very descriptors, and what the merge adds.

Written as BuildKit and buildx write one, so that it is the index of a build of all platforms, byte by byte, where the
manifests are the same. Source: https://github.com/opencontainers/image-spec/blob/main/image-index.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildx_tasks.errors import BuildxTasksError, CannotStart, raise_all
from buildx_tasks.model.partial import Part
from buildx_tasks.model.platform import Platform, canonical, parse_platform
from buildx_tasks.planning.merge.parts import HOST, ImageMerge

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
REFERENCE_TYPE = "vnd.docker.reference.type"
ORDER = ("mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType")
"""The fields of a descriptor in the order in which BuildKit writes them."""

Descriptor = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class PartManifest:
    """The manifest or index of a part as the registry has it; `config` is the image configuration of a manifest."""

    part: Part
    media_type: str
    body: bytes
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class MergedIndex:
    """An index, or the manifest of an image that has one part, ready to be written."""

    media_type: str
    body: bytes


def read_index(body: bytes) -> Mapping[str, Any] | None:
    """The data of an index, None when `body` is a manifest. Raises `ValueError` for anything else."""
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("not a manifest")
    return data if isinstance(data.get("manifests"), list) else None


def config_digest(body: bytes) -> str:
    """The digest of a manifest's image configuration; "" for an index. Raises `ValueError` for anything else."""
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("not a manifest")
    if isinstance(data.get("manifests"), list):
        return ""
    config = data.get("config")
    if not isinstance(config, dict) or not isinstance(config.get("digest"), str):
        raise ValueError("a manifest without a configuration")
    return str(config["digest"])


def make_index(merge: ImageMerge, manifests: Sequence[PartManifest]) -> MergedIndex:
    """The index of an image; a part that is the whole image stays as it is.

    Raises `CannotStart` for parts that are not what their files say.
    """
    problems: list[BuildxTasksError] = []
    descriptors: list[Descriptor] = []
    annotations: dict[str, str] = {}
    for manifest in manifests:
        own = list(_descriptors(manifest))
        if wrong := _wrong_platforms(manifest.part, own):
            problems.append(CannotStart(f"artifact {merge.image!r}: {wrong}", "build that part again"))
        descriptors += own
        for key, value in _index_annotations(manifest):
            if annotations.setdefault(key, value) != value:
                text = f"artifact {merge.image!r}: its parts want different values of the annotation {key!r}"
                problems.append(CannotStart(text, "annotations of the index must not depend on the job or the time"))
    raise_all(problems)
    if len(manifests) == 1 and not manifests[0].part.partial.has_annotations:
        return MergedIndex(media_type=manifests[0].media_type, body=manifests[0].body)
    plain = all(item.get("mediaType") == DOCKER_MANIFEST and "annotations" not in item for item in descriptors)
    data: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if plain and not annotations else OCI_INDEX,
        "manifests": [{key: item[key] for key in _ordered(item)} for item in descriptors],
    }
    if annotations:
        data["annotations"] = dict(sorted(annotations.items()))
    body = json.dumps(data, indent=2, ensure_ascii=False).encode()
    return MergedIndex(media_type=data["mediaType"], body=body)


def _ordered(item: Descriptor) -> Iterator[str]:
    yield from (key for key in ORDER if key in item)
    yield from (key for key in item if key not in ORDER)


def _descriptors(manifest: PartManifest) -> Iterator[Descriptor]:
    """What the index says of the manifests of a part; those of an index as they are, attestations too."""
    index = read_index(manifest.body)
    listed = index["manifests"] if index is not None else [_plain(manifest)]
    entries = [dict(item) for item in listed if isinstance(item, dict)]
    for entry in entries:
        if not is_attestation(entry):
            said = _descriptor_annotations(manifest.part, _platform_of(entry))
            if said:
                entry["annotations"] = dict(sorted({**entry.get("annotations", {}), **said}.items()))
        yield entry


def is_attestation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of an index is about another manifest in it."""
    return bool((entry.get("annotations") or {}).get(REFERENCE_TYPE))


def _plain(manifest: PartManifest) -> Descriptor:
    config = manifest.config
    names = ("architecture", "os", "os.version", "os.features", "variant")
    platform = {name: config[name] for name in names if config.get(name)}
    if found := _parsed(platform):
        # As containerd spells it: arm64 has no variant, arm always has one.
        platform.pop("variant", None)
        platform |= {"variant": canonical(found).variant} if canonical(found).variant else {}
    return {
        "mediaType": manifest.media_type,
        "digest": manifest.part.digest,
        "size": len(manifest.body),
        "platform": platform,
    }


def _parsed(platform: Mapping[str, Any]) -> Platform | None:
    text = "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))
    try:
        return parse_platform(text, HOST)
    except CannotStart:
        return None


def _platform_of(entry: Mapping[str, Any]) -> Platform | None:
    return _parsed(entry.get("platform") or {})


def _wrong_platforms(part: Part, descriptors: Sequence[Descriptor]) -> str:
    """How the platforms of the manifests differ from those that the part file names; "" when they do not."""
    found = [_platform_of(item) for item in descriptors if not is_attestation(item)]
    wanted = [parse_platform(text, HOST) for text in part.platforms]
    same: Callable[[Platform, Platform | None], bool] = lambda one, other: other is not None and one.same_as(other)  # noqa: E731
    if len(found) == len(wanted) and all(any(same(one, other) for other in found) for one in wanted):
        return ""
    shown = ", ".join(str(one or "unknown") for one in found) or "nothing"
    return f"{part.file} names {', '.join(part.platforms)}, and {part.reference} is for {shown}"


def _index_annotations(manifest: PartManifest) -> Iterator[tuple[str, str]]:
    index = read_index(manifest.body) or {}
    yield from (index.get("annotations") or {}).items()
    yield from manifest.part.partial.index_annotations


def _descriptor_annotations(part: Part, platform: Platform | None) -> dict[str, str]:
    return {
        key: value
        for name, pairs in part.partial.descriptor_annotations
        if platform is not None and platform.same_as(parse_platform(name, HOST))
        for key, value in pairs
    }
