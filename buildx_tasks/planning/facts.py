"""What the world says, as one value: everything a plan depends on besides configs and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from buildx_tasks.model.engine import Engine
from buildx_tasks.model.platform import Platform


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFacts:
    """What is on disk for one artifact.

    `context` is "" when the build context is a folder, else what is wrong with it. `dockerfile` is the absolute
    path that Skaffold's lookup chooses; `declared_args` are the names of its ARG lines, None when unreadable.
    """

    context: str = ""
    dockerfile: str = ""
    dockerfile_exists: bool = True
    declared_args: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """`environ` includes skaffold.env; `sources` are by image name; `branch` is the current git branch, if any."""

    engine: Engine = field(default_factory=Engine)
    environ: Mapping[str, str] = field(default_factory=dict)
    home: str = ""
    host: Platform = field(default_factory=lambda: Platform(os="linux", arch="amd64"))
    branch: str = ""
    cluster_pushes: bool = True
    cluster_reason: str = "no kube-context is set"
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
