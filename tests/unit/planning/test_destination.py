from __future__ import annotations

import pytest

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact, LocalBuild
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.request import BUILDX, DOCKER, EXPORT, LOAD, PUSH, STAY
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.build.destination import Destination, DestinationOptions, choose_destination
from buildx_tasks.planning.build.engine import Tool

APP = Artifact(image="app")
TWO = PlatformSet(platforms=(Platform(os="linux", arch="arm64"), Platform(os="linux", arch="amd64")))
ONE = PlatformSet()
FULL = Tool(
    name=BUILDX, reason="r", builder="b", driver="docker", exports_cache=True, exports_images=True, loads=True,
    loads_indexes=True, builds_indexes=True,
)  # fmt: skip
FAR = Tool(name=BUILDX, reason="r", builder="far", driver="remote", exports_cache=True, builds_indexes=True)
CLASSIC = Tool(name=BUILDX, reason="r", builder="b", driver="docker", loads=True)
PLAIN = Tool(name=DOCKER, reason="r", loads=True)


def choose(
    tag: str = "localhost:5000/app:v1",
    tool: Tool = FULL,
    platforms: PlatformSet = ONE,
    push: bool | None = None,
    local: bool | None = None,
    cluster_pushes: bool = True,
    outputs: tuple[Spec, ...] = (),
    cli_flags: tuple[str, ...] = (),
) -> Destination:
    options = DestinationOptions(
        settings=Settings(push=push),
        local=LocalBuild(push=local),
        cluster_pushes=cluster_pushes,
        cluster_reason="the cluster",
        outputs=outputs,
        cli_flags=cli_flags,
    )
    return choose_destination(APP, tag, platforms, options, tool)


@pytest.mark.parametrize(
    ("push", "local", "tag", "cluster_pushes", "expected"),
    [
        (None, None, "localhost:5000/app:v1", True, PUSH),
        (None, None, "localhost:5000/app:v1", False, LOAD),
        (None, None, "app:v1", True, LOAD),
        (None, None, "user/app:v1", True, LOAD),
        (None, True, "app:v1", False, PUSH),
        (None, False, "localhost:5000/app:v1", True, LOAD),
        (True, False, "app:v1", False, PUSH),
        (False, True, "localhost:5000/app:v1", True, LOAD),
    ],
)
def test_flag_beats_config_beats_cluster_and_name(
    push: bool | None, local: bool | None, tag: str, cluster_pushes: bool, expected: str
) -> None:
    destination = choose(tag, push=push, local=local, cluster_pushes=cluster_pushes)
    assert destination.output == expected
    assert destination.pushes is (expected == PUSH)


def test_without_a_daemon_the_result_stays_in_the_cache_and_we_say_so() -> None:
    destination = choose("app:v1", tool=FAR)
    assert destination.output == STAY
    assert "stays in the build cache of builder far" in destination.warning


def test_an_index_needs_a_builder_that_makes_one() -> None:
    with pytest.raises(EngineUnfit, match="one platform at a time") as caught:
        choose(tool=CLASSIC, platforms=TWO)
    assert "docker buildx create" in caught.value.hint
    with pytest.raises(EngineUnfit, match="plain docker build"):
        choose(tool=PLAIN, platforms=TWO)


def test_an_index_that_is_not_pushed_needs_a_store_that_holds_one() -> None:
    assert choose("app:v1", platforms=TWO).output == LOAD
    with pytest.raises(EngineUnfit, match="several platforms") as caught:
        choose("app:v1", platforms=TWO, tool=FAR)
    assert "--platform linux/arm64" in caught.value.hint


@pytest.mark.parametrize(
    ("outputs", "push", "expected", "pushes"),
    [
        ((Spec("oci", (("dest", "a.tar"),)),), None, EXPORT, False),
        ((Spec("oci", (("dest", "a.tar"),)),), True, PUSH, True),
        ((Spec("registry"),), None, EXPORT, True),
        ((Spec("image", (("push", "true"),)),), None, EXPORT, True),
        ((Spec("image"),), None, EXPORT, False),
    ],
)
def test_exporters_replace_push_and_load(
    outputs: tuple[Spec, ...], push: bool | None, expected: str, pushes: bool
) -> None:
    destination = choose(outputs=outputs, push=push)
    assert (destination.output, destination.pushes) == (expected, pushes)


def test_a_push_among_the_cli_flags_counts() -> None:
    assert choose("app:v1", cli_flags=("--push",)).output == PUSH


def test_a_push_among_the_cli_flags_can_be_off_or_be_the_value_of_another_flag() -> None:
    assert choose("app:v1", cli_flags=("--push=false",)).output == LOAD
    assert choose("app:v1", cli_flags=("--label", "--push")).output == LOAD
    assert choose("app:v1", cli_flags=("-otype=local,dest=x",)).output == EXPORT
