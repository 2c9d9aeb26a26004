from __future__ import annotations

import pytest

from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.layers import Layer, resolve
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.engine import choose_tool, wants_buildx

UP = Daemon(version="28.2.2", store=CONTAINERD)
DOWN = Daemon(error="Cannot connect to the Docker daemon")


def settings(builder: str = "") -> Settings:
    return resolve([Layer("flag", {"builder": builder})] if builder else [])


@pytest.mark.parametrize(
    ("builder", "engine", "expected", "reason"),
    [
        ("off", Engine(cli="28.2.2", buildx="0.29.1"), False, "builder is off (flag)"),
        ("", Engine(cli="28.2.2"), False, "docker buildx is not available"),
        ("ci", Engine(cli="28.2.2"), False, "docker buildx is not available"),
        ("ci", Engine(cli="20.10.1", buildx="0.13"), True, "builder ci is configured (flag)"),
        ("", Engine(cli="20.10.1", buildx="0.13", selected="mine"), True, "docker buildx use"),
        ("", Engine(cli="20.10.1", buildx="0.13", alias=True), True, "alias"),
        ("", Engine(cli="23.0.0", buildx="0.13"), True, "default builder of docker 23.0.0"),
        ("", Engine(cli="28.2.2+dfsg1", buildx="0.13"), True, "default builder of docker 28.2.2+dfsg1"),
        ("", Engine(cli="20.10.24", buildx="0.13"), False, "not the default builder of docker 20.10.24"),
    ],
)
def test_buildx_is_used_when_it_is_there_and_wanted(builder: str, engine: Engine, expected: bool, reason: str) -> None:
    wanted, why = wants_buildx(settings(builder), engine)
    assert wanted is expected
    assert reason in why


def test_without_docker_there_is_nothing_to_do() -> None:
    with pytest.raises(EngineUnfit, match="docker is not installed"):
        choose_tool(settings(), Engine())


def test_an_unknown_builder_names_the_known_ones_and_the_commands() -> None:
    engine = Engine(
        cli="28.2.2", buildx="0.29.1", builder=Builder(name="remot", known=False), known_builders=("default", "remote")
    )
    with pytest.raises(EngineUnfit) as caught:
        choose_tool(settings("remot"), engine)
    text = str(caught.value)
    assert "no builder named 'remot'" in text
    assert "did you mean remote?" in text
    assert "known builders: default, remote" in text
    assert "docker buildx create --name remot" in text
    assert "buildx-tasks buildx.config.set --global buildx-builder" in text


def test_a_dead_builder_says_why() -> None:
    engine = Engine(cli="28.2.2", buildx="0.29.1", builder=Builder(name="far", error="nothing answers at tcp://x:1"))
    with pytest.raises(EngineUnfit, match="builder far: nothing answers at tcp://x:1"):
        choose_tool(settings("far"), engine)


def test_the_docker_driver_needs_the_daemon_and_a_remote_one_does_not() -> None:
    own = Engine(cli="28.2.2", buildx="0.29.1", builder=Builder(name="default", driver="docker"), daemon=DOWN)
    with pytest.raises(EngineUnfit, match="none answers: Cannot connect"):
        choose_tool(settings(), own)
    node = BuilderNode(status="running", platforms=("linux/amd64",))
    far = Engine(cli="28", buildx="0.29.1", builder=Builder(name="far", driver="remote", nodes=(node,)), daemon=DOWN)
    tool = choose_tool(settings("far"), far)
    assert (tool.builder, tool.exports_cache, tool.builds_indexes, tool.loads) == ("far", True, True, False)


@pytest.mark.parametrize(
    ("driver", "store", "exports", "builds_indexes", "loads_indexes"),
    [
        ("docker", CONTAINERD, True, True, True),
        ("docker", CLASSIC, False, False, False),
        ("remote", CLASSIC, True, True, False),
        ("docker-container", CONTAINERD, True, True, True),
    ],
)
def test_abilities_follow_driver_and_image_store(
    driver: str, store: str, exports: bool, builds_indexes: bool, loads_indexes: bool
) -> None:
    engine = Engine(
        cli="28", buildx="0.29", builder=Builder(name="b", driver=driver), daemon=Daemon(version="28", store=store)
    )
    tool = choose_tool(settings("b"), engine)
    assert (tool.exports_cache, tool.builds_indexes, tool.loads_indexes) == (exports, builds_indexes, loads_indexes)


def test_plain_docker_is_a_warning_only_when_buildx_is_missing() -> None:
    assert choose_tool(settings("off"), Engine(cli="28", daemon=UP)).warnings == ()
    (warning,) = choose_tool(settings("ci"), Engine(cli="28", daemon=UP)).warnings
    assert "builder ci is ignored" in warning


def test_plain_docker_without_a_daemon_can_do_nothing() -> None:
    with pytest.raises(EngineUnfit, match="no docker daemon answers"):
        choose_tool(settings(), Engine(cli="28", daemon=DOWN))
