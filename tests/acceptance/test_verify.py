"""`buildx.verify` as a task, on a docker that builds nothing: what it asks for, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from recording import Here, make_project

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
ONE = f"{HEAD}build: {{artifacts: [{{image: app, context: app}}]}}\n"


@pytest.mark.parametrize(
    ("artifact", "words", "said"),
    [
        ("{image: app, custom: {buildCommand: make}}", (), "only what docker buildx builds can be compared"),
        ("{image: app, context: app, docker: {cliFlags: [--push]}}", (), "cliFlags have --push"),
        ("{image: app, context: app}", ("--builder=off",), "only what docker buildx builds can be compared"),
        ("{image: app, context: app}", ("--format=xml",), "--format can't be 'xml'"),
    ],
)
def test_what_can_not_be_compared(here: Here, tmp_path: Path, artifact: str, words: tuple[str, ...], said: str) -> None:
    project = make_project(tmp_path, f"{HEAD}build: {{artifacts: [{artifact}]}}\n")
    done = here.invoke(project, "buildx.verify", "--tag=t", *words)
    assert (done.code, said in done.err) == (2, True), done.err


def test_it_builds_without_caches_and_pushes_nothing(here: Here, tmp_path: Path) -> None:
    artifact = "{image: app, context: app, docker: {cacheFrom: [app], cacheTo: ['app:cache']}}"
    config = f"{HEAD}build: {{artifacts: [{artifact}]}}\n"
    project = make_project(tmp_path, config)
    project.docker.builder("ci", "remote")
    done = here.invoke(project, "buildx.verify", "--tag=t", "--push", "--default-repo=r.example", "--builder=ci")
    assert done.code == 1
    assert "something else than an OCI layout" in done.err  # this docker writes none
    builds = [call["argv"] for call in project.docker.builds]
    assert len(builds) == 2
    for words in builds:
        assert "--no-cache" in words
        assert words[words.index("--output") + 1].startswith("type=oci,tar=false,dest=")
        assert not {"--push", "--load", "--cache-from", "--cache-to"}.intersection(words)


def test_a_dry_run_builds_nothing(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    done = here.invoke(project, "--dry", "buildx.verify", "--tag=t")
    assert (done.code, "Skipping build phase" in done.out) == (0, True), done.err
    assert project.docker.builds == []
