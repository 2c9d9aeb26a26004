"""What is asked of the builder for one artifact, as typed items that each have a reason.

`model.argv` renders a request as a command, `model.baketarget` as a target of a bake file. Everybody else reads fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from buildx_tasks.model.cliflags import CliFlag, parse_cli_flags
from buildx_tasks.model.config import Secret
from buildx_tasks.model.spec import Spec

BUILDX = "buildx"
DOCKER = "docker"
CUSTOM = "custom"
SKAFFOLD = "skaffold"

PUSH = "push"
LOAD = "load"
STAY = "cache"
EXPORT = "export"
LAYOUT = "layout"

REFERENCE = "reference"
DIGEST = "digest"
METADATA = "metadata"
CONFIG = "config"
RESULT = "result"

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A piece of an argument that is known only when the plan runs.

    `what` is REFERENCE (the built reference of `image`), LAYOUT (the folder that holds `image` as an OCI layout),
    DIGEST (the digest of that layout), METADATA (where buildx writes its result), CONFIG (the config that Skaffold
    reads) or RESULT (where Skaffold writes its result).
    """

    what: str
    image: str = ""


Answer = Callable[[Placeholder], str]


def spelled(placeholder: Placeholder) -> str:
    """How a plan shows what is known only when it runs."""
    image = placeholder.image
    names = {what: what.upper() for what in (METADATA, CONFIG, RESULT)}
    names |= {LAYOUT: f"LAYOUT-OF({image})", DIGEST: f"DIGEST-OF({image})"}
    return names.get(placeholder.what, f"REFERENCE-OF({image})")


@dataclass(frozen=True, slots=True)
class Because(Generic[T_co]):
    """A value and the reason why it is asked for."""

    value: T_co
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheUse:
    """A cache importer or exporter of one artifact; `derived` when the config did not ask for it."""

    spec: Spec
    derived: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BuildArg:
    """A build arg; a `value` of None is taken from the environment of the command."""

    name: str
    value: str | Placeholder | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedContext:
    """An additional build context.

    `source` is the text of the config (a folder, a URL, ``docker-image://…``), or `image` names another artifact of
    the plan; with `layout` that one is handed over as an OCI layout. A context without a `name` replaces the built
    reference of `image`.
    """

    name: str = ""
    source: str = ""
    image: str = ""
    layout: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """Where a result goes: `kind` is PUSH, LOAD, EXPORT (with the exporter `spec`) or LAYOUT (for dependents, on disk).

    A PUSH has a `spec` when the registry needs an exporter of its own to be pushed to, and any output when the times in
    its layers are set to SOURCE_DATE_EPOCH (`rewrite`), except for a LAYOUT.
    """

    kind: str
    spec: Spec | None = None
    rewrite: bool = False


Switch = Because[bool] | None
Text = Because[str] | None
Texts = tuple[Because[str], ...]
NamedTexts = tuple[Because[tuple[str, str]], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SkaffoldOptions:
    """What Skaffold is told besides image, platforms and output.

    `tag` is the tag alone, without a name; `default_repo` is empty for names that stay as they are. `cache_artifacts`
    is about Skaffold's own artifact cache.
    """

    tag: Because[str]
    default_repo: Because[str]
    push: Because[bool]
    cache_artifacts: Because[bool]
    skip_tests: Switch = None
    insecure_registries: Texts = ()
    kube_context: Text = None
    kubeconfig: Text = None
    detect_minikube: Switch = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """One build of the artifact `image`, in the order in which its command has the items.

    `tool` is BUILDX, DOCKER, CUSTOM or SKAFFOLD; a custom build is its `command` alone, and one of Skaffold its
    `skaffold` and `platforms`. `outputs` are what is wanted, also of
    plain docker, which loads by itself and pushes with a command of its own. `attestations` are specs of type
    ``provenance`` or ``sbom``. `cli_flags` are the words that the config adds to the command.
    """

    image: str
    tool: Because[str]
    command: Because[tuple[str, ...]] | None = None
    skaffold: SkaffoldOptions | None = None
    context: Text = None
    dockerfile: Text = None
    tags: Texts = ()
    build_args: tuple[Because[BuildArg], ...] = ()
    add_hosts: Texts = ()
    cache_from: tuple[CacheUse, ...] = ()
    cache_to: tuple[CacheUse, ...] = ()
    cli_flags: Texts = ()
    target: Text = None
    network: Text = None
    no_cache: Switch = None
    squash: Switch = None
    pull: Switch = None
    secrets: tuple[Because[Secret], ...] = ()
    ssh: Text = None
    force_rm: Switch = None
    no_cache_filter: Texts = ()
    named_contexts: tuple[Because[NamedContext], ...] = ()
    annotations: NamedTexts = ()
    labels: NamedTexts = ()
    shm_size: Text = None
    ulimits: Texts = ()
    attestations: tuple[Because[Spec], ...] = ()
    platforms: Because[tuple[str, ...]] | None = None
    outputs: tuple[Because[Output], ...] = ()
    builder: Text = None
    progress: Text = None
    metadata_file: Because[Placeholder] | None = None

    def output(self, kind: str) -> Because[Output] | None:
        """The first output of a kind, None when there is none."""
        return next((item for item in self.outputs if item.value.kind == kind), None)

    @property
    def parsed_cli_flags(self) -> tuple[CliFlag, ...]:
        """What the words among `cli_flags` say."""
        return parse_cli_flags(item.value for item in self.cli_flags)
