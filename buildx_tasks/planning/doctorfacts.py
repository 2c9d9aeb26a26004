"""What a doctor has to know before it can judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from buildx_tasks.model.engine import Engine
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryFacts:
    """What a registry answered: an HTTP `status` (0 for none), or why there was no answer.

    `status` is what we get with our login, or as nobody without one. `writes` says that images or caches go there,
    `proxied` that the way there leads through a proxy.
    """

    host: str
    status: int = 0
    error: str = ""
    has_login: bool = False
    writes: bool = True
    proxied: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorFacts:
    """Everything the checks depend on.

    `missing_secrets` and `empty_secrets` are texts; `disks` are (folder, free bytes, all bytes). `uses` are the names
    of what the artifacts ask of buildx. `declared` says where the wanted builder is declared, "" when it is not.
    """

    engine: Engine
    settings: Settings
    host: Platform
    config_error: str = ""
    config_hint: str = ""
    artifacts: int = 0
    platforms: PlatformSet = field(default_factory=PlatformSet)
    registries: tuple[RegistryFacts, ...] = ()
    secrets: int = 0
    missing_secrets: tuple[str, ...] = ()
    empty_secrets: tuple[str, ...] = ()
    wants_agent: tuple[str, ...] = ()
    has_agent: bool = False
    wants_cache: bool = True
    uses: frozenset[str] = frozenset()
    declared: str = ""
    disks: tuple[tuple[str, int, int], ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def writes_somewhere(self) -> bool:
        """Whether images go to a registry."""
        return any(registry.writes for registry in self.registries)
