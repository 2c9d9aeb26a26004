"""Which nodes a build needs: what buildx 0.13 and 0.29 were seen to connect to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildx_tasks.model.engine import Builder, BuilderNode
from buildx_tasks.model.platform import Platform, parse_platforms
from buildx_tasks.planning.build.buildernodes import node_hint, nodes_for, silent_nodes

HOST = Platform(os="linux", arch="amd64")
FIRST = BuilderNode(name="n0", status="running", platforms=("linux/amd64", "linux/arm64"))
SECOND = BuilderNode(name="n1", status="inactive", error="nothing answers")
ARM = replace(SECOND, platforms=("linux/arm64/v8",), claimed=("linux/arm64/v8",))


@pytest.mark.parametrize(
    ("second", "platforms", "needed"),
    [
        (SECOND, "", ["n0"]),
        (SECOND, "linux/amd64", ["n0", "n1"]),
        (ARM, "linux/amd64", ["n0", "n1"]),
        (ARM, "linux/arm64", ["n1"]),
        (ARM, "linux/arm64,linux/arm64/v8", ["n1"]),
    ],
)
def test_nodes_for(second: BuilderNode, platforms: str, needed: list[str]) -> None:
    builder = Builder(name="b", driver="remote", nodes=(FIRST, second))
    assert [node.name for node in nodes_for(builder, parse_platforms([platforms], HOST))] == needed


def test_a_platform_that_a_living_node_was_created_for_needs_no_other() -> None:
    first = replace(FIRST, claimed=("linux/amd64",))
    builder = Builder(name="b", driver="remote", nodes=(first, SECOND))
    assert silent_nodes(builder, (HOST,)) == ()
    assert silent_nodes(builder, (Platform(os="linux", arch="riscv64"),)) == (SECOND,)
    assert silent_nodes(Builder(name="default", driver="docker"), (HOST,)) == ()
    assert silent_nodes(None, ()) == ()


def test_the_hint_takes_the_node_out() -> None:
    builder = Builder(name="b", driver="remote", nodes=(FIRST, ARM))
    assert node_hint(builder, ARM).endswith("docker buildx create --leave --name b --node n1")
