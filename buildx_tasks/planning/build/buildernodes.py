"""Which nodes of a builder a build needs, and which of them do not answer.

buildx waits twenty seconds for such a node and then names neither it nor the reason.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.engine import Builder, BuilderNode
from buildx_tasks.model.platform import Platform, parse_platform
from buildx_tasks.planning.build.decisions import ArtifactDecision
from buildx_tasks.planning.builders.state import leave_argv


def nodes_for(builder: Builder, platforms: Iterable[Platform]) -> tuple[BuilderNode, ...]:
    """The nodes that buildx 0.13 to 0.29 connects to for a build.

    Without platforms that is the first one. A platform that was given to a node when it was created is built there,
    whoever else can; for any other all nodes are asked what they offer.
    """
    chosen: list[BuilderNode] = []
    for platform in platforms:
        claiming = [node for node in builder.nodes if _claims(node, platform)]
        chosen += claiming[:1] or builder.nodes
    return tuple(dict.fromkeys(chosen)) if chosen else builder.nodes[:1]


def silent_nodes(builder: Builder | None, platforms: Iterable[Platform]) -> tuple[BuilderNode, ...]:
    """Those of the needed nodes that do not answer."""
    return tuple(node for node in nodes_for(builder, platforms) if node.error) if builder else ()


def check_nodes(builder: Builder | None, decisions: Sequence[ArtifactDecision]) -> list[EngineUnfit]:
    """A problem for each node that one of the builds needs and that does not answer."""
    if builder is None:
        return []
    seen = [
        silent_nodes(builder, decision.platforms) for decision in decisions if decision.tool.builder == builder.name
    ]
    silent = dict.fromkeys(node for nodes in seen for node in nodes)
    return [EngineUnfit(node_text(builder, node), node_hint(builder, node)) for node in silent]


def node_text(builder: Builder, node: BuilderNode) -> str:
    """What is wrong with a node."""
    return f"node {node.name} of builder {builder.name}: {node.error}"


def node_hint(builder: Builder, node: BuilderNode) -> str:
    """How to get rid of a node that does not answer, if it can't be made to."""
    return f"start BuildKit there, or take the node out:  {shlex.join(leave_argv(builder.name, node.name))}"


def _claims(node: BuilderNode, platform: Platform) -> bool:
    return any(parse_platform(text, platform).same_as(platform) for text in node.claimed)
