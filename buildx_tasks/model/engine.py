"""What is known of docker, buildx and the builder: values that probes fill in and plans are made from."""

from __future__ import annotations

from dataclasses import dataclass, field

CONTAINERD = "containerd"
CLASSIC = "classic"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderNode:
    """One BuildKit daemon of a builder.

    `platforms` are native and emulated ones alike, `claimed` those that it was created for; `error` says why it does
    not answer.
    """

    name: str = ""
    endpoint: str = ""
    status: str = ""
    buildkit: str = ""
    platforms: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    error: str = ""

    @property
    def running(self) -> bool:
        """Whether the daemon answered."""
        return self.status == "running"


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """A named buildx instance. `error` is "" when it answered; `known` is False when there is no such builder.

    `hint` is what to do about the error, "" where that depends on how the builder came to be.
    """

    name: str
    driver: str = ""
    nodes: tuple[BuilderNode, ...] = ()
    known: bool = True
    error: str = ""
    hint: str = ""

    @property
    def platforms(self) -> tuple[str, ...]:
        """All platforms of all nodes, each once, in node order."""
        return tuple(dict.fromkeys(platform for node in self.nodes for platform in node.platforms))


@dataclass(frozen=True, kw_only=True, slots=True)
class Daemon:
    """The local docker engine: `version` is "" when none answers and `error` says why; `platform` is its own."""

    version: str = ""
    platform: str = ""
    store: str = ""
    error: str = ""

    @property
    def running(self) -> bool:
        """Whether the engine answered."""
        return bool(self.version)

    @property
    def holds_indexes(self) -> bool:
        """Whether a loaded image may have several platforms: only the containerd image store can keep those."""
        return self.store == CONTAINERD


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """The tools of this machine.

    `cli` and `buildx` are versions, "" when missing; `alias` is True when the docker config makes buildx the
    default builder; `selected` is the builder chosen with ``docker buildx use``, "" when none was.
    `builder` is what inspecting the wanted builder gave, None when it was not asked for.
    """

    cli: str = ""
    buildx: str = ""
    buildx_error: str = ""
    alias: bool = False
    selected: str = ""
    builder: Builder | None = None
    known_builders: tuple[str, ...] = ()
    daemon: Daemon = field(default_factory=Daemon)

    @property
    def native(self) -> str:
        """The platform that the builder builds when none is asked for, "" when that is not known."""
        platforms = self.builder.platforms if self.builder else ()
        return platforms[0] if platforms else self.daemon.platform
