"""What tags are made from, gathered for the selected images only and no more than their policies need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from buildx_tasks.execution.sources.sources import gather_sources
from buildx_tasks.execution.sources.tagfacts import gather_tag_facts
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.config import Artifact, Config, CustomArtifact, CustomDependencies, Dependency, DockerArtifact
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.tagpolicy import CustomTemplate, GitCommit, InputDigest, TagPolicy
from buildx_tasks.planning.facts import NOT_COMPUTED, TagFacts
from buildx_tasks.planning.tags.inputdigest import combined_digest, file_digest


class Runner:
    """Remembers what was run; every command prints a list with one file."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []

    def capture(self, command: Command) -> Completed:
        self.seen.append(command.argv)
        return Completed(command=command, code=0, stdout='["main.go"]')

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise NotImplementedError

    def stop(self) -> None:
        pass


@pytest.fixture
def world(tmp_path: Path) -> World:
    for folder, text in {"app": "FROM $BASE\nARG BASE\nARG SRC\nCOPY $SRC /\n", "base": "FROM x\n"}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "Dockerfile").write_text(text, encoding="utf-8")
    (tmp_path / "app/main.go").write_text("m", encoding="utf-8")
    now = datetime(2015, 3, 7, tzinfo=UTC)
    return World(environ={"FILE": "main.go"}, cwd=tmp_path, home=tmp_path, now=now, runner=Runner())


def gather(world: World, policy: TagPolicy, *artifacts: Artifact, building: bool = True, tag: str = "") -> TagFacts:
    def cmd(argv: Sequence[str]) -> str:
        return "main.go"

    config = Config(artifacts=artifacts, tag_policy=policy)
    facts = gather_tag_facts([config], frozenset(["app"]), Settings(tag=tag), world, cmd, building=building)
    assert set(facts) == {"app"}
    return facts["app"]


def app(source: str = "{{.FILE}}") -> Artifact:
    docker = DockerArtifact(build_args=(("SRC", source),))
    return Artifact(image="app", context="app", docker=docker, requires=(Dependency(image="base", alias="BASE"),))


BASE = Artifact(image="base", context="base")
TOOL = Artifact(
    image="app",
    context="app",
    kind="custom",
    custom=CustomArtifact(dependencies=CustomDependencies(command="list sources")),
)


@pytest.mark.parametrize("policy", [InputDigest(), CustomTemplate(template="{{.INPUT_DIGEST}}")])
@pytest.mark.parametrize("source", ["{{.FILE}}", '{{cmd "ls"}}'])
def test_digests_of_sources(world: World, policy: TagPolicy, source: str) -> None:
    dockerfile = (world.cwd / "app/Dockerfile").read_bytes()
    parts = [
        file_digest("Dockerfile", [dockerfile]),
        file_digest("main.go", [b"m"]),
        file_digest("../base/Dockerfile", [b"FROM x\n"]),
    ]
    assert gather(world, policy, BASE, app(source)).input_digest.text == combined_digest(parts)


def test_no_digest_without_need(world: World) -> None:
    assert gather(world, GitCommit(), app()).input_digest == NOT_COMPUTED
    assert gather(world, InputDigest(), app(), tag="v1").input_digest == NOT_COMPUTED


def test_commands_of_the_config_run_only_when_building(world: World) -> None:
    assert "runs only when building" in gather(world, InputDigest(), TOOL, building=False).input_digest.error
    assert world.runner.seen == []  # type: ignore[attr-defined]
    assert gather(world, InputDigest(), TOOL).input_digest.text
    assert world.runner.seen == [("list", "sources")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM x\nARG A=1 B\nARG \\\n  C\nRUN <<E\nARG D\nE\n", {"A", "C"}),
        ("MAGIC\nARG A\n", {"A"}),
    ],
)
def test_declared_build_args(tmp_path: Path, text: str, expected: set[str]) -> None:
    (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
    facts = gather_sources([Artifact(image="app")], tmp_path)["app"]
    assert facts.declared_args == frozenset(expected)
