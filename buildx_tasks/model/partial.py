"""One part of an image: a build for some of its platforms, pushed by digest, and the file in which a merge finds it.

The file is JSON: ``{"version": 1, "parts": [{"imageName", "tags", "digest", "platforms", "expectedPlatforms", …}]}``.
It has no ``builds``, so that no tool takes a part for a whole image.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import parse_image_ref

FORMAT = 1
MOST_PARTS = 16 * 1024 * 1024
"""Bytes of a part file before it is read."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Partial:
    """What the parts of one image have to agree on, and what a merge adds.

    `tags` are the references that the index gets; `expected` are all platforms of the image, () when the config names
    none; `commit` is that of the checkout, "" outside of one. `index_annotations` go to the index and
    `descriptor_annotations`, by platform, to what the index says of the manifest of that platform: a build of one
    platform has no place for either.
    """

    tags: tuple[str, ...]
    expected: tuple[str, ...] = ()
    commit: str = ""
    index_annotations: Pairs = ()
    descriptor_annotations: tuple[tuple[str, Pairs], ...] = ()

    @property
    def has_annotations(self) -> bool:
        """Whether a merge has annotations to add, which only OCI's media types can hold."""
        return bool(self.index_annotations or self.descriptor_annotations)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One artifact in a part file: what was built, for which `platforms`; the `digest` is "" where nothing was."""

    file: str
    image: str
    status: str
    digest: str
    platforms: tuple[str, ...]
    partial: Partial
    runtime_type: str = ""

    @property
    def repository(self) -> str:
        """The repository that has the part: that of the tags."""
        return parse_image_ref(self.partial.tags[0]).base_name

    @property
    def reference(self) -> str:
        """The part as the registry has it: ``REPOSITORY@DIGEST``."""
        return f"{self.repository}@{self.digest}"


def part_data(part: Part) -> dict[str, Any]:
    """The entry of a part file."""
    partial = part.partial
    data: dict[str, Any] = {
        "imageName": part.image,
        "status": part.status,
        "tags": list(partial.tags),
        "digest": part.digest,
        "platforms": list(part.platforms),
        "expectedPlatforms": list(partial.expected),
    }
    if partial.commit:
        data["commit"] = partial.commit
    if part.runtime_type:
        data["runtimeType"] = part.runtime_type
    if partial.index_annotations:
        data["indexAnnotations"] = dict(partial.index_annotations)
    if partial.descriptor_annotations:
        data["descriptorAnnotations"] = {name: dict(pairs) for name, pairs in partial.descriptor_annotations}
    return data


def parts_json(parts: Iterable[Part]) -> str:
    """The text of a part file."""
    data = {"version": FORMAT, "parts": [part_data(part) for part in parts]}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def parse_parts(text: str, file: str) -> tuple[Part, ...]:
    """The parts in the text of a part file. Raises `CannotStart` for anything else, and says what it is."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CannotStart(f"{file} is not JSON: {error}") from None
    except RecursionError:
        raise CannotStart(f"{file} is not a result file of a partial build") from None
    if isinstance(data, Mapping) and "builds" in data:
        raise CannotStart(f"{file} is the result of a whole build, not of one with --partial")
    if not isinstance(data, Mapping) or not isinstance(data.get("parts"), list):
        raise CannotStart(f"{file} is not a result file of a partial build", "write one with  --partial --file-output")
    if data.get("version") != FORMAT:
        raise CannotStart(
            f"{file} has format {data.get('version')!r}, and format {FORMAT} is supported",
            "use the same version of buildx-tasks in all jobs",
        )
    try:
        return tuple(_part(entry, file) for entry in data["parts"])
    except (CannotStart, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CannotStart(f"{file} is damaged: {error}", "build that part again") from None


def _part(entry: Mapping[str, Any], file: str) -> Part:
    tags = _texts(entry["tags"])
    if not tags:
        raise ValueError(f"the part of {entry['imageName']!r} has no tags")
    for tag in tags:
        if parse_image_ref(tag).digest:
            raise ValueError(f"{tag} is not a tag")
    digest = _text(entry["digest"])
    if digest:
        parse_image_ref(f"x@{digest}")
    descriptors = entry.get("descriptorAnnotations", {})
    partial = Partial(
        tags=tags,
        expected=_texts(entry["expectedPlatforms"]),
        commit=_text(entry.get("commit", "")),
        index_annotations=_pairs(entry.get("indexAnnotations", {})),
        descriptor_annotations=tuple((_text(name), _pairs(pairs)) for name, pairs in descriptors.items()),
    )
    return Part(
        file=file,
        image=_text(entry["imageName"]),
        status=_text(entry["status"]),
        digest=digest,
        platforms=_texts(entry["platforms"]),
        partial=partial,
        runtime_type=_text(entry.get("runtimeType", "")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list")
    return tuple(map(_text, values))


def _pairs(values: Mapping[str, Any]) -> Pairs:
    return tuple((_text(key), _text(value)) for key, value in values.items())
