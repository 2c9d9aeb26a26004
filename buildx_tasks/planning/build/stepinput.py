"""What one build request is made from, and what is found out beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.partial import Partial
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.request import BuildRequest, CacheUse
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.build.destination import Destination
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.facts import Answer

NO_VALUE = "<no value>"

Expand = Callable[[str], str]


class RewriteLimits(NamedTuple):
    """Why the times in layers of `images` (pushed, loaded) and of `files` (OCI layouts) are not rewritten, "" if so."""

    images: str = ""
    files: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepInput:
    """Everything one build request is made from. `expand` fills templates with environment and IMAGE_* values.

    `environ` is that of the run.
    `layouts` says for each required image whether it has to be handed over as an OCI layout.
    """

    artifact: Artifact
    tag: str
    tool: Tool
    settings: Settings
    destination: Destination
    platforms: PlatformSet
    outputs: tuple[Spec, ...] = ()
    cache_from: tuple[CacheUse, ...] = ()
    cache_to: tuple[CacheUse, ...] = ()
    dockerfile: str = ""
    declared_args: frozenset[str] | None = None
    layouts: Mapping[str, bool] = field(default_factory=dict)
    export_layout: bool = False
    buildkit: bool | None = None
    buildkit_possible: bool = True
    home: str = ""
    host: Platform = field(default_factory=lambda: Platform(os="linux", arch="amd64"))
    partial: Partial | None = None
    epoch: Answer | None = None
    rewrite: RewriteLimits = field(default_factory=RewriteLimits)
    environ: Mapping[str, str] = field(default_factory=dict)
    expand: Expand = lambda text: text


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRequest:
    """A request with the environment and the `folder` of its command, and warnings about it.

    `epoch` is the time of the commit in seconds, None where the image need not be reproducible.
    `partial` is that of the step, with the annotations that the merge sets.
    """

    request: BuildRequest
    environment: tuple[Variable, ...] = ()
    warnings: tuple[str, ...] = ()
    folder: str = ""
    partial: Partial | None = None


class Remarks:
    """The environment and the warnings of one request as they are found."""

    def __init__(self) -> None:
        self.environment: list[Variable] = []
        self.warnings: list[str] = []


def expanded(remarks: Remarks, given: StepInput, what: str, value: str) -> str:
    """The text of a template; a missing variable stays ``<no value>`` in it, as in Skaffold, but not unnoticed."""
    text = given.expand(value)
    if NO_VALUE in text:
        remarks.warnings.append(
            f"artifact {given.artifact.image!r}: {what} has {NO_VALUE!r} in it: a variable of its template is not set"
        )
    return text
