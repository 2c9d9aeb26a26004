"""The nodes of remote builders, asked of the BuildKit at their endpoints.

It may take a tenth of a second to answer, and nothing else of a run takes that long before the first build. So the
question is the first thing that a task does, and this module imports only what that needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Any

from buildx_tasks.execution.docker.docker_state import instance, selected_builder
from buildx_tasks.model.builder import REMOTE

if TYPE_CHECKING:
    from buildx_tasks.document.buildkit.workers import Workers
    from buildx_tasks.model.engine import BuilderNode

WORKERS_SECONDS = 0.4
"""How long BuildKit has to tell of its workers before buildx is asked instead."""
HEAD_START_SECONDS = 0.25
"""A healthy builder has answered by then, and is not inspected."""


class RemoteBuilders:
    """The nodes of remote builders as the BuildKit at their endpoints tells of them; each builder is asked once."""

    def __init__(self, environ: Mapping[str, str], home: str) -> None:
        self._environ, self._home = environ, home
        self._asked: dict[str, Future[tuple[BuilderNode, ...]]] = {}

    def expect(self, name: str) -> None:
        """Begin to ask a builder that may be wanted ("" for the selected one), while nobody waits for it."""
        name = name or selected_builder(self._environ, self._home)
        known = instance(name, self._environ, self._home)
        if known.get("Driver") == REMOTE and name not in self._asked:
            pool = ThreadPoolExecutor(max_workers=1)
            self._asked[name] = pool.submit(_asked, known)
            pool.shutdown(wait=False)

    def nodes(self, name: str) -> tuple[BuilderNode, ...]:
        """The nodes of a builder; none of one that is not remote, or when a node does not answer soon."""
        self.expect(name)
        if name not in self._asked or not wait([self._asked[name]], HEAD_START_SECONDS).done:
            return ()
        return self._asked[name].result()


def _asked(known: Mapping[str, Any]) -> tuple[BuilderNode, ...]:
    """The nodes of a remote builder as the BuildKit at each endpoint tells of them; none when one does not."""
    from buildx_tasks.execution.docker.buildkitapi import list_workers

    nodes = known.get("Nodes") or []
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        told = tuple(pool.map(partial(list_workers, seconds=WORKERS_SECONDS), nodes))
    return (
        tuple(_node(node, workers) for node, workers in zip(nodes, told, strict=True) if workers) if all(told) else ()
    )


def _node(node: Mapping[str, Any], workers: Workers) -> BuilderNode:
    """A node as buildx prints it: first the platforms that it was created for."""
    from buildx_tasks.model.engine import BuilderNode
    from buildx_tasks.model.platform import canonical, parse_platform
    from buildx_tasks.planning.builders.state import LINUX, claimed_platforms

    claimed = tuple(str(canonical(parse_platform(text, LINUX))) for text in claimed_platforms(node))
    return BuilderNode(
        name=str(node.get("Name") or ""),
        endpoint=str(node.get("Endpoint") or ""),
        status="running",
        buildkit=workers.buildkit,
        platforms=tuple(dict.fromkeys((*claimed, *workers.platforms))),
        claimed=claimed,
    )
