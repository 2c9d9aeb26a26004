"""Images in folders, as the OCI image layout has them, and what differs between two of them.

Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Nothing is unpacked: layers are read as
streams.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from buildx_tasks.errors import WorkFailed

ATTESTATION = "vnd.docker.reference.type"
CHUNK = 1 << 20
ASPECTS = ("type", "mode", "owner", "size", "time", "link", "attributes", "content")
"""What is compared of each path in a layer, by the name that is shown."""

Entry = tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OciImage:
    """The image of one platform: the digest of its manifest, its config, and the digests of its layers."""

    folder: Path
    digest: str
    config: Mapping[str, Any]
    layers: tuple[str, ...]

    def step(self, layer: int) -> str:
        """The instruction that made a layer (from 0 on), as the history has it; "" when that is not told."""
        made = [item for item in self.config.get("history") or () if not item.get("empty_layer")]
        return " ".join(str(made[layer].get("created_by", "")).split()) if layer < len(made) else ""


def read_images(folder: Path) -> dict[str, OciImage]:
    """The images of a layout by platform, without attestations. Raises `WorkFailed` for what is not a layout."""
    try:
        index = json.loads((folder / "index.json").read_bytes())
        return {_platform(image.config): image for image in _images(folder, index)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkFailed(f"the builder wrote something else than an OCI layout: {error}") from error


def _images(folder: Path, index: Mapping[str, Any]) -> Iterator[OciImage]:
    for entry in index["manifests"]:
        if ATTESTATION in (entry.get("annotations") or {}):
            continue
        data = json.loads(_blob(folder, entry["digest"]).read_bytes())
        if "manifests" in data:
            yield from _images(folder, data)
            continue
        config = json.loads(_blob(folder, data["config"]["digest"]).read_bytes())
        layers = tuple(layer["digest"] for layer in data["layers"])
        yield OciImage(folder=folder, digest=entry["digest"], config=config, layers=layers)


def _blob(folder: Path, digest: str) -> Path:
    algorithm, _colon, value = digest.partition(":")
    if not (algorithm.isalnum() and value.isalnum()):
        raise ValueError(f"{digest!r} is not a digest")
    return folder / "blobs" / algorithm / value


def _platform(config: Mapping[str, Any]) -> str:
    parts = (config.get("os"), config.get("architecture"), config.get("variant"))
    return "/".join(str(part) for part in parts if part)


def first_difference(first: OciImage, second: OciImage) -> str:
    """What differs first between two images, in one line: a layer with a path, else a field of the config."""
    for number, (one, other) in enumerate(zip_longest(first.layers, second.layers)):
        if one == other:
            continue
        step = (first if one else second).step(number)
        where = f"layer {number + 1} of {max(len(first.layers), len(second.layers))}{f' ({step})' if step else ''}"
        if one is None or other is None:
            return f"{where}: only the {'second' if one is None else 'first'} build has it"
        return f"{where}: {_layer_difference(_blob(first.folder, one), _blob(second.folder, other))}"
    return f"config: {_value_difference(first.config, second.config)}"


def _layer_difference(first: Path, second: Path) -> str:
    """The first path that differs, in the order of the first layer, and in what; how many more do."""
    try:
        one, other = dict(_entries(first)), dict(_entries(second))
    except (tarfile.TarError, OSError, EOFError) as error:
        return f"other bytes, which can't be compared: {error}"
    paths = (*one, *(path for path in other if path not in one))
    differing = [path for path in paths if one.get(path) != other.get(path)]
    if not differing:
        return f"the same files, {'written in other bytes' if list(one) == list(other) else 'in another order'}"
    path = differing[0]
    more = f", and {len(differing) - 1} more" if len(differing) > 1 else ""
    if path not in one or path not in other:
        return f"/{path} is only in the {'first' if path in one else 'second'} build{more}"
    aspects = [name for name, was, now in zip(ASPECTS, one[path], other[path], strict=True) if was != now]
    return f"/{path} differs in {', '.join(aspects)}{more}"


def _entries(layer: Path) -> Iterator[tuple[str, Entry]]:
    """The paths of a layer, each with its aspects."""
    with tarfile.open(layer, mode="r|*") as archive:
        for item in archive:
            content = ""
            if item.isfile() and (stream := archive.extractfile(item)) is not None:
                digest = hashlib.sha256()
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                content = digest.hexdigest()
            owner = (item.uid, item.gid, item.uname, item.gname)
            attributes = tuple(sorted((key, value) for key, value in item.pax_headers.items() if key not in _TIMES))
            kind = (item.type, item.devmajor, item.devminor)
            yield (
                item.name.removeprefix("./").rstrip("/"),
                (kind, item.mode, owner, item.size, _time(item), item.linkname, attributes, content),
            )


_TIMES = ("mtime", "atime", "ctime", "path", "linkpath", "size")


def _time(item: tarfile.TarInfo) -> str:
    return str(item.pax_headers.get("mtime", item.mtime))


def _value_difference(first: object, second: object, place: str = "") -> str:
    """The first field that differs between two JSON values."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in (*first, *(key for key in second if key not in first)):
            if first.get(key) != second.get(key):
                return _value_difference(first.get(key), second.get(key), f"{place}.{key}" if place else str(key))
    if isinstance(first, list) and isinstance(second, list):
        for number, (one, other) in enumerate(zip_longest(first, second)):
            if one != other:
                return _value_difference(one, other, f"{place}[{number}]")
    if not place:
        return "other bytes"
    return f"{place} is {_shown(first)} and {_shown(second)}"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
