"""Where a failed build's Dockerfile is from here, and under which ID buildx keeps its log."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from buildx_tasks.document.buildkit.erroroutput import ErrorOutput
from buildx_tasks.execution.run.failedbuild import from_here, log_command
from buildx_tasks.model.config import Artifact, DockerArtifact
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, DOCKER, Because, BuildRequest


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("project/billing/Dockerfile", "project/docker/web.Dockerfile", "shared/Dockerfile", "Dockerfile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("FROM scratch\n")
    return tmp_path / "project"


def artifact(context: str, dockerfile: str = "Dockerfile") -> Artifact:
    return Artifact(image="app", context=context, docker=DockerArtifact(dockerfile=dockerfile))


@pytest.mark.parametrize(
    ("context", "dockerfile", "said", "place"),
    [
        ("billing", "Dockerfile", "Dockerfile:6", "billing/Dockerfile:6"),
        ("billing", "docker/web.Dockerfile", "web.Dockerfile:2", "docker/web.Dockerfile:2"),
        ("../shared", "Dockerfile", "Dockerfile:1", "../shared/Dockerfile:1"),
        ("billing", "Dockerfile", "other:1", "other:1"),
        ("https://example.com/x.git", "Dockerfile", "Dockerfile:1", "Dockerfile:1"),
        ("billing", "Dockerfile", "", ""),
    ],
)
def test_the_place_is_a_path_from_here(here: Path, context: str, dockerfile: str, said: str, place: str) -> None:
    found = from_here(ErrorOutput(error="x", place=said), artifact(context, dockerfile), str(here))
    assert found.place == place
    assert bool(found.file) is (place != said)
    assert not found.file or Path(found.file).is_file()


def test_far_away_it_is_the_absolute_path(here: Path) -> None:
    deep = here / "a/b/c"
    deep.mkdir(parents=True)
    file = here / "billing/Dockerfile"
    found = from_here(ErrorOutput(error="x", place="Dockerfile:6"), artifact(str(file.parent)), str(deep))
    assert (found.place, found.file) == (f"{file}:6", str(file))


def asked(tool: str) -> BuildRequest:
    return BuildRequest(image="app", tool=Because(tool, ""))


class TestLogCommand:
    @pytest.fixture(autouse=True)
    def _state(self, here: Path, tmp_path: Path) -> None:
        self.here, self.buildx = here, tmp_path / "buildx"
        self.environ = {"BUILDX_CONFIG": str(self.buildx)}
        self.plan = BuildPlan(folder=str(here), keeps_history=True)
        self.step = BuildStep(artifact=artifact("billing"), tag="app:1", request=asked(BUILDX), builder="ci")
        self.begun = time.time()

    def wrote(
        self, name: str, builder: str = "ci", context: str = "billing", dockerfile: str = "", at: float = 1
    ) -> None:
        file = self.buildx / "refs" / builder / "ci0" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"LocalPath": str(self.here / context), "DockerfilePath": dockerfile}))
        os.utime(file, (self.begun + at, self.begun + at))

    def found(self, **changes: object) -> str:
        return log_command(self.plan, replace(self.step, **changes), self.environ, self.begun)  # type: ignore[arg-type]

    def test_it_is_the_build_of_this_context_that_began_with_ours(self) -> None:
        self.wrote("before", at=-60)
        self.wrote("elsewhere", context="docker")
        self.wrote("otherwise", dockerfile=str(self.here / "billing/other.Dockerfile"))
        self.wrote("another", builder="else")
        self.wrote("ours")
        (self.buildx / "refs/ci/ci0/broken").write_text("{")
        (self.buildx / "refs/ci/ci0/list").write_text("[]")
        assert self.found() == "docker buildx history logs --builder ci ours"

    def test_of_two_that_fit_none_is_named(self) -> None:
        self.wrote("ours")
        self.wrote("twin")
        assert self.found() == ""

    def test_without_a_builder_it_is_looked_for_in_all_and_none_is_named(self) -> None:
        self.wrote("ours", builder="default")
        assert self.found(builder="") == "docker buildx history logs ours"

    def test_where_nothing_keeps_it_there_is_no_command(self) -> None:
        assert self.found() == ""
        self.wrote("ours")
        assert self.found(request=asked(DOCKER)) == ""
        self.plan = replace(self.plan, keeps_history=False)
        assert self.found() == ""
