"""Which registries a run may speak to without checked TLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from buildx_tasks.model.config import Config
from buildx_tasks.model.settings import Settings


def with_registries_of(configs: Sequence[Config], settings: Settings) -> Settings:
    """`settings` with the insecure registries that any config names, as in Skaffold."""
    named = (registry for config in configs for registry in config.insecure_registries)
    return replace(settings, insecure_registries=tuple(dict.fromkeys((*settings.insecure_registries, *named))))
