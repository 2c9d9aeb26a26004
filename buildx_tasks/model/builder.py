"""A builder as the user declares it: what shall be there, not what is."""

from __future__ import annotations

from dataclasses import dataclass, field

DOCKER_CONTAINER = "docker-container"
KUBERNETES = "kubernetes"
REMOTE = "remote"
DOCKER_DRIVER = "docker"

CREATABLE = (DOCKER_CONTAINER, KUBERNETES, REMOTE)
STARTED_BY_DRIVER = (DOCKER_CONTAINER, KUBERNETES)
"""The drivers that start BuildKit themselves, and so decide how it is configured."""

HOST_VARIABLE = "BUILDKIT_HOST"
"""The variable that BuildKit's own client reads the address of a BuildKit from."""

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeSpec:
    """One BuildKit daemon: where it is or shall be, and for which platforms.

    `options` are the driver's, TLS files among them, sorted by name. `config` is the text of a buildkitd.toml,
    "" for none.
    """

    name: str
    endpoint: str = ""
    platforms: tuple[str, ...] = ()
    options: Options = ()
    config: str = ""

    def option(self, name: str) -> str:
        """The value of a driver option, "" when it is not set."""
        return dict(self.options).get(name, "")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderSpec:
    """A builder with all its nodes. `origin` says where it is declared, for messages."""

    name: str
    driver: str = DOCKER_CONTAINER
    nodes: tuple[NodeSpec, ...] = field(default_factory=tuple)
    bootstrap: bool = False
    origin: str = "builders"
