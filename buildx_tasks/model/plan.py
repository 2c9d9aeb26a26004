"""A build as a value: every command with the reason of every flag, before anything runs.

The plan is what `--dry-run`, `buildx.plan`, the JSON output, the bake export and the executor all read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from buildx_tasks.model.config import ActiveProfile, Artifact, Hooks
from buildx_tasks.model.spec import Spec

BUILDX = "buildx"
DOCKER = "docker"
CUSTOM = "custom"

PUSH = "push"
LOAD = "load"
STAY = "cache"
EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A piece of an argument that is known only when the plan runs.

    `what` is ``reference`` (the built reference of `image`), ``layout`` (the folder that holds `image` as an
    OCI layout), ``digest`` (the digest of that layout) or ``metadata`` (where buildx writes its result).
    """

    what: str
    image: str = ""


Piece = str | Placeholder
Argument = tuple[Piece, ...]
Answer = Callable[[Placeholder], str]


@dataclass(frozen=True, slots=True)
class Flag:
    """One option with all its arguments, and why it is there."""

    arguments: tuple[Argument, ...]
    reason: str

    def render(self, answer: Answer) -> tuple[str, ...]:
        """The arguments as text; `answer` fills in what is known only later."""
        return tuple(
            "".join(piece if isinstance(piece, str) else answer(piece) for piece in argument)
            for argument in self.arguments
        )


def flag(*arguments: str | Argument, why: str) -> Flag:
    """A flag from plain texts and piecewise arguments."""
    return Flag(tuple((item,) if isinstance(item, str) else item for item in arguments), why)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of a command, and why it is set; the value of a `secret` one is never shown."""

    name: str
    value: str
    reason: str
    secret: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheUse:
    """A cache importer or exporter of one artifact; `derived` when the config did not ask for it."""

    spec: Spec
    derived: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildStep:
    """The build of one artifact.

    `tool` is `BUILDX`, `DOCKER` or `CUSTOM`; `output` is `PUSH`, `LOAD`, `EXPORT` or `STAY` (in the build
    cache), and `pushes` is also true for an export that pushes. `needs` are the images that must be built
    first. `layout` says that dependents need the result as an OCI layout on disk. `folder` is where the
    command runs, "" for the current one. `hook_environment` is what hooks get on top of our environment. `native`
    is the platform that is built when there are no `platforms`.
    """

    artifact: Artifact
    tag: str
    tool: str = BUILDX
    output: str = STAY
    pushes: bool = False
    output_reason: str = ""
    builder: str = ""
    platforms: tuple[str, ...] = ()
    native: str = ""
    flags: tuple[Flag, ...] = ()
    environment: tuple[Variable, ...] = ()
    cache_from: tuple[CacheUse, ...] = ()
    cache_to: tuple[CacheUse, ...] = ()
    needs: tuple[str, ...] = ()
    layout: bool = False
    hooks: Hooks = field(default_factory=Hooks)
    hook_environment: tuple[tuple[str, str], ...] = ()
    folder: str = ""

    @property
    def image(self) -> str:
        """The image name as the config spells it."""
        return self.artifact.image

    def argv(self, answer: Answer) -> tuple[str, ...]:
        """The build command."""
        return tuple(text for item in self.flags for text in item.render(answer))


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigPlan:
    """What is planned for one config: its profiles and the hooks around all of its builds.

    `try_import_missing` takes images that are there already for results of ours, when the artifact cache knows none.
    """

    name: str
    file: str
    profiles: tuple[ActiveProfile, ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    hook_environment: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    try_import_missing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPlan:
    """All steps in artifact order, what was decided for them, and what the user should know.

    `tags` holds every selected artifact and its reference. `warnings` are visible always and errors under
    ``--strict``; `notes` explain decisions. `environment` is what all commands get on top of our own.
    `host_os` and `folder` (absolute) are where hooks run. `insecure_registries` may be spoken to without checked TLS.
    `local_context` is the kube-context of a local cluster that images are loaded for, "" when there is none.
    """

    steps: tuple[BuildStep, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    engine_reason: str = ""
    concurrency: int = 1
    configs: tuple[ConfigPlan, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    host_os: str = "linux"
    folder: str = ""
    insecure_registries: tuple[str, ...] = ()
    local_context: str = ""

    def step(self, image: str) -> BuildStep:
        """The step that builds `image`; raises `KeyError` when there is none."""
        for step in self.steps:
            if step.image == image:
                return step
        raise KeyError(image)


def spelled(later: Placeholder) -> str:
    """How a plan shows what is known only later."""
    names = {"metadata": "METADATA", "layout": f"LAYOUT-OF({later.image})", "digest": f"DIGEST-OF({later.image})"}
    return names.get(later.what, f"REFERENCE-OF({later.image})")
