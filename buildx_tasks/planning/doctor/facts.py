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
    `proxied` that the way there leads through a proxy. `helper` is the credential helper that docker has for it, when
    that is not there.
    """

    host: str
    status: int = 0
    error: str = ""
    has_login: bool = False
    writes: bool = True
    proxied: bool = False
    helper: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanFacts:
    """What planning the build gave: of how many artifacts which `outputs`, or every problem as text and fix."""

    outputs: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorFacts:
    """Everything the checks depend on.

    `missing_secrets` and `empty_secrets` are texts; `disks` are (folder, free bytes, all bytes). `no_agent` says why no
    ssh agent can be forwarded, `runs` names the images whose Dockerfiles run something on the platform that is built.
    `declared` says where the wanted builder is declared, "" when it is not, `pending` that it is not there yet, and
    `differences` how the one that is there differs. `plan` is None when there was nothing to plan.
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
    no_agent: str = ""
    runs: tuple[str, ...] = ()
    declared: str = ""
    pending: bool = False
    differences: tuple[str, ...] = ()
    plan: PlanFacts | None = None
    disks: tuple[tuple[str, int, int], ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
