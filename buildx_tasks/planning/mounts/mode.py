"""What an artifact's cache mounts are wanted for."""

from __future__ import annotations

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.layers import FLAG
from buildx_tasks.model.settings import Settings


def wanted_mode(artifact: Artifact, settings: Settings) -> str:
    """``off``, ``read``, ``write`` or ``auto``: the artifact's own ``cacheMounts``, unless a flag says it for all."""
    if settings.origins.get("cache-mounts", "").startswith(FLAG):
        return settings.cache_mounts
    return artifact.extras.cache_mounts or settings.cache_mounts
