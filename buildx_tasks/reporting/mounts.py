"""What a plan says about cache mounts that outlive their builder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from buildx_tasks.model.mounts import KeptMount
from buildx_tasks.model.plan import BuildStep


def mount_lines(step: BuildStep) -> Iterator[str]:
    """A line for each cache mount and platform: what is done with it, and the image that it is kept in."""
    for kept in step.mounts:
        yield f"cache mount {kept.mount.id} ({kept.platform}): {_done(kept)}, {kept.image}"


def mounts_data(step: BuildStep) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "id": kept.mount.id,
            "platform": kept.platform,
            "image": kept.image,
            "restore": kept.restores,
            "save": kept.saves,
        }
        for kept in step.mounts
    ]


def _done(kept: KeptMount) -> str:
    words = [*(["restored when it is empty"] if kept.restores else []), *(["saved"] if kept.saves else [])]
    return " and ".join(words) or "neither restored nor saved"
