"""The rule of our own block: what it says of artifacts is said of artifacts that exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from buildx_tasks.document.schema.catalogue import BLOCK
from buildx_tasks.document.schema.decode import items, section, text
from buildx_tasks.document.schema.rules.artifacts import artifacts_of
from buildx_tasks.document.schema.rules.skaffold import pipelines_of
from buildx_tasks.document.yaml.problem import Problem


def unknown_artifacts(block: Any, config: Mapping[str, Any]) -> Iterator[Problem]:
    """Images of ``.buildx.artifacts`` that no artifact of `config` (newest shape) has, nor one of its profiles."""
    named = section(block, "artifacts") if isinstance(block, Mapping) else {}
    known = _images(config) if named else set()
    for image in named:
        if image not in known:
            near = difflib.get_close_matches(image, sorted(known), n=1)
            yield Problem(
                path=(BLOCK, "artifacts", image),
                code="unknown-artifact",
                message=f"there is no artifact {image!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"artifacts: {', '.join(sorted(known)) or 'none'}",
            )


def _images(config: Mapping[str, Any]) -> set[str]:
    """Every image that the config may build: in its pipelines, and what its patches may put there."""
    images = {text(artifact, "image") for _, pipeline in pipelines_of(config) for _, artifact in artifacts_of(pipeline)}
    for profile in items(config, "profiles"):
        for patch in items(profile, "patches") if isinstance(profile, Mapping) else ():
            value = patch.get("value") if isinstance(patch, Mapping) else None
            images |= (
                {value} if isinstance(value, str) else {text(value, "image")} if isinstance(value, Mapping) else set()
            )
    return images - {""}
