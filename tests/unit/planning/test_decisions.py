"""One artifact before its command: networks, all platforms, and how images reach those that require them."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import BuildxTasksError, CannotStart, EngineUnfit
from buildx_tasks.model.config import Artifact, Config, DockerArtifact, LocalBuild
from buildx_tasks.model.engine import Daemon, Engine
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.request import BUILDX, CUSTOM, DOCKER, EXPORT, LOAD, PUSH, STAY
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.decisions import ArtifactDecision, check_reach, decide_artifact, needs_layout
from buildx_tasks.planning.build.destination import Destination
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.facts import Facts, SourceFacts

BUILT_IN = Tool(name=BUILDX, reason="r", builder="default", driver="docker", loads=True, builds_indexes=True)
CLASSIC = Tool(name=BUILDX, reason="r", builder="default", driver="docker", loads=True)
FAR = Tool(name=BUILDX, reason="r", builder="far", driver="remote", builds_indexes=True)
PLAIN = Tool(name=DOCKER, reason="r", loads=True)
SCRIPT = Tool(name=CUSTOM, reason="r", loads=True)
UP = Engine(cli="28.0", buildx="0.29", daemon=Daemon(version="28.0"))
DOWN = Engine(cli="28.0", buildx="0.29")


def drafted(
    network: str = "",
    tool: Tool = BUILT_IN,
    settings: Settings | None = None,
    local: LocalBuild | None = None,
    engine: Engine = UP,
    platforms: tuple[str, ...] = (),
) -> ArtifactDecision:
    artifact = Artifact(image="app", docker=DockerArtifact(network=network), platforms=platforms, file="s.yaml", line=3)
    facts = Facts(engine=engine, sources={"app": SourceFacts(dockerfile="/d", dockerfile_exists=True)})
    config = Config(artifacts=(artifact,), local=local or LocalBuild())
    return decide_artifact(config, artifact, "app:v1", tool, settings or Settings(), facts)


class TestNetwork:
    @pytest.mark.parametrize("network", ["", "host", "none", "default", "Host", "bridge", "Bridge"])
    def test_buildkit_knows_these(self, network: str) -> None:
        assert drafted(network).tool is BUILT_IN

    @pytest.mark.parametrize("network", ["container:db", "Container:{{.DB}}", "mynet"])
    def test_others_are_left_to_the_legacy_builder_as_in_skaffold(self, network: str) -> None:
        tool = drafted(network).tool
        assert (tool.name, tool.legacy) == (DOCKER, True)
        assert network in tool.reason

    def test_plain_docker_is_told_to_be_the_legacy_one(self) -> None:
        assert drafted("container:db", PLAIN).tool.legacy

    @pytest.mark.parametrize(
        ("settings", "local", "engine"),
        [
            (Settings(builder="far"), LocalBuild(), UP),
            (Settings(), LocalBuild(use_buildkit=True), UP),
            (Settings(), LocalBuild(), DOWN),
        ],
    )
    def test_who_asks_for_buildkit_is_told(self, settings: Settings, local: LocalBuild, engine: Engine) -> None:
        with pytest.raises(EngineUnfit, match=r"s\.yaml:3: artifact 'app': builder far has no network 'container:db'"):
            drafted("container:db", FAR, settings, local, engine)


class TestAllPlatforms:
    def test_a_docker_build_is_for_platforms_that_have_names(self) -> None:
        tool = Tool(name=BUILDX, reason="r", builder="b", platforms=("linux/amd64", "linux/arm64"))
        with pytest.raises(CannotStart, match="can't be for all platforms") as caught:
            drafted(tool=tool, platforms=("all",))
        assert "--platform linux/amd64,linux/arm64" in caught.value.hint

    def test_all_stands_for_the_platforms_of_the_artifact(self) -> None:
        decision = drafted(settings=Settings(platform=("all",)), platforms=("linux/arm64",))
        assert [str(platform) for platform in decision.platforms] == ["linux/arm64"]

    def test_one_of_all_is_the_hosts(self) -> None:
        decision = drafted(settings=Settings(platform=("all",), disable_multi_platform_build=True))
        assert decision.platforms == PlatformSet(platforms=(Platform(os="linux", arch="amd64"),))


def decision(tool: Tool, output: str, *, pushes: bool = False, image: str = "base") -> ArtifactDecision:
    return ArtifactDecision(
        config=Config(),
        artifact=Artifact(image=image),
        tag=f"{image}:v1",
        tool=tool,
        platforms=PlatformSet(),
        destination=Destination(output=output, reason="", pushes=pushes or output == PUSH),
        outputs=(),
    )


class TestReach:
    """What a dependent gets of an image that it requires, for every kind of output and of builder."""

    @pytest.mark.parametrize(
        ("dependency", "dependent", "expected"),
        [
            (decision(BUILT_IN, PUSH), BUILT_IN, "reference"),
            (decision(FAR, PUSH), FAR, "reference"),
            (decision(PLAIN, PUSH), PLAIN, "reference"),
            (decision(SCRIPT, PUSH), FAR, "reference"),
            (decision(BUILT_IN, EXPORT, pushes=True), FAR, "reference"),
            (decision(BUILT_IN, LOAD), BUILT_IN, "reference"),
            (decision(CLASSIC, LOAD), CLASSIC, "reference"),
            (decision(PLAIN, LOAD), PLAIN, "reference"),
            (decision(PLAIN, LOAD), BUILT_IN, "reference"),
            (decision(BUILT_IN, LOAD), PLAIN, "reference"),
            (decision(FAR, LOAD), PLAIN, "reference"),
            (decision(SCRIPT, LOAD), BUILT_IN, "reference"),
            (decision(SCRIPT, LOAD), PLAIN, "reference"),
            (decision(BUILT_IN, LOAD), SCRIPT, "reference"),
            (decision(FAR, STAY), SCRIPT, "reference"),
            (decision(FAR, LOAD), FAR, "layout"),
            (decision(FAR, STAY), FAR, "layout"),
            (decision(FAR, EXPORT), FAR, "layout"),
            (decision(BUILT_IN, EXPORT), BUILT_IN, "layout"),
            (decision(SCRIPT, LOAD), FAR, "loaded into the docker daemon, where builder far can't see it"),
            (decision(PLAIN, LOAD), FAR, "loaded into the docker daemon, where builder far can't see it"),
            (decision(CLASSIC, EXPORT), CLASSIC, "exported, where builder default can't see it"),
            (decision(FAR, EXPORT), PLAIN, "exported, where plain docker build can't see it"),
            (decision(FAR, STAY), PLAIN, "not kept, where plain docker build can't see it"),
        ],
    )
    def test_every_output_and_builder(self, dependency: ArtifactDecision, dependent: Tool, expected: str) -> None:
        top = decision(dependent, LOAD, image="top")
        try:
            check_reach(dependency, top)
            found = "layout" if needs_layout(dependency, top) else "reference"
        except BuildxTasksError as error:
            found = error.message
        assert expected in found
        assert found in ("layout", "reference") or found.startswith("artifact 'top' requires 'base', which is ")
