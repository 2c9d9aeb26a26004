"""What later jobs of a pipeline get of a run: outputs of a GitHub step, variables of a GitLab dotenv report."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from buildx_tasks.model.result import ArtifactResult, Results

HASH_CHARS = 8


def github_outputs(results: Results) -> str:
    """Lines for ``$GITHUB_OUTPUT``: ``image-NAME`` and ``digest-NAME`` of every image that is there, and ``builds``.

    ``builds`` is JSON in one line: a list of ``{"imageName", "tag", "digest", "platforms", "status"}``, in artifact
    order; `imageName` and `tag` are those of Skaffold's build file. Names are letters, digits, ``_`` and ``-``, and no
    two differ in their case alone, since expressions ignore it.
    """
    there = [build for build in results.builds if build.ok]
    names = output_names([build.image for build in results.builds])
    lines = [
        line
        for build in there
        for line in (
            f"image-{names[build.image]}={_one_line(_reference(build))}",
            *([f"digest-{names[build.image]}={_one_line(build.digest)}"] if build.digest else []),
        )
    ]
    lines.append(f"builds={json.dumps([_item(build) for build in there], separators=(',', ':'))}")
    return "".join(f"{line}\n" for line in lines)


def dotenv_text(results: Results) -> str:
    """Lines ``IMAGE_NAME=…`` and ``DIGEST_NAME=…`` of every image that is there, for ``artifacts:reports:dotenv``.

    GitLab takes no quotes, comments or empty lines in such a file.
    """
    there = [build for build in results.builds if build.ok]
    names = variable_names([build.image for build in results.builds])
    lines = [f"IMAGE_{names[build.image]}={_one_line(_reference(build))}\n" for build in there]
    lines += [f"DIGEST_{names[build.image]}={_one_line(build.digest)}\n" for build in there if build.digest]
    return "".join(lines)


def output_names(images: Sequence[str]) -> dict[str, str]:
    """A name for each image in which other characters than letters, digits, ``_`` and ``-`` are a ``-``."""
    return _unique({image: re.sub(r"[^A-Za-z0-9_-]+", "-", image) for image in images})


def variable_names(images: Sequence[str]) -> dict[str, str]:
    """A name for each image in capitals, in which other characters than letters and digits are a ``_``."""
    return _unique({image: re.sub(r"[^A-Z0-9]+", "_", image.upper()) for image in images}, upper=True)


def _unique(names: Mapping[str, str], *, upper: bool = False) -> dict[str, str]:
    """The names; those that clash get the beginning of the image's hash, unless the image is spelled like this."""
    counts = Counter(name.lower() for name in names.values())
    return {
        image: name if counts[name.lower()] == 1 or image == name else f"{name}{_ending(image, upper)}"
        for image, name in names.items()
    }


def _ending(image: str, upper: bool) -> str:
    digits = hashlib.sha256(image.encode()).hexdigest()[:HASH_CHARS]
    return f"_{digits.upper()}" if upper else f"-{digits}"


def _reference(build: ArtifactResult) -> str:
    return build.reference or build.tag


def _item(build: ArtifactResult) -> dict[str, object]:
    return {
        "imageName": build.image,
        "tag": _reference(build),
        "digest": build.digest,
        "platforms": list(build.platforms),
        "status": build.status,
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
