"""Where a Dockerfile is looked for, and what a build is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.execution.sources.sources import find_dockerfile, gather_sources
from buildx_tasks.model.config import Artifact, DockerArtifact


@pytest.mark.parametrize(
    ("files", "context", "dockerfile", "chosen"),
    [
        (["Dockerfile", "context/Dockerfile"], "context", "Dockerfile", "context/Dockerfile"),
        (
            ["context/context/Dockerfile", "context/Dockerfile"],
            "context",
            "context/Dockerfile",
            "context/context/Dockerfile",
        ),
        (["context/Dockerfile"], "context", "context/Dockerfile", "context/Dockerfile"),
        (["Dockerfile"], "context", "Dockerfile", "Dockerfile"),
        (["elsewhere/Dockerfile"], "context", "elsewhere/Dockerfile", "elsewhere/Dockerfile"),
        ([], "context", "Dockerfile", "context/Dockerfile"),
        (["context/Dockerfile"], "context", "./Dockerfile", "context/Dockerfile"),
        (["shared/Dockerfile"], "context", "../shared/Dockerfile", "shared/Dockerfile"),
        (["context/Dockerfile"], "./context/.", "Dockerfile", "context/Dockerfile"),
    ],
)
def test_where_it_is(tmp_path: Path, files: list[str], context: str, dockerfile: str, chosen: str) -> None:
    (tmp_path / "context").mkdir()
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_dockerfile(tmp_path / context, dockerfile, tmp_path) == tmp_path / chosen


def test_an_absolute_name_is_looked_up_in_the_context_too(tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    assert find_dockerfile(tmp_path / "context", str(elsewhere), tmp_path) == elsewhere
    inside = tmp_path / "context" / str(elsewhere).lstrip("/")
    inside.parent.mkdir(parents=True)
    inside.touch()
    assert find_dockerfile(tmp_path / "context", str(elsewhere), tmp_path) == inside


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("FROM a\nARG foo1\nARG foo3=x\n", {"foo1", "foo3"}),
        ("FROM a AS one\nARG foo1\nFROM one\nARG SKAFFOLD_GO_GCFLAGS\n", {"foo1", "SKAFFOLD_GO_GCFLAGS"}),
        ("ARG BASE=x\nFROM $BASE\n", {"BASE"}),
        ("FROM a\n# ARG foo\nRUN echo ARG bar\n", set()),
        ("FROM a\narg foo\n", {"foo"}),
        ("FROM a\nARG foo bar\n", {"foo"}),
    ],
)
def test_the_arguments_that_it_declares(tmp_path: Path, text: str, declared: set[str]) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    facts = gather_sources([Artifact(image="app")], tmp_path)["app"]
    assert set(facts.declared_args or ()) == declared
    assert facts.dockerfile_exists


@pytest.mark.parametrize(
    ("context", "said"), [("app", ""), ("nowhere", "does not exist"), ("Dockerfile", "is not a folder")]
)
def test_contexts(tmp_path: Path, context: str, said: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "Dockerfile").touch()
    artifact = Artifact(image="app", context=context, docker=DockerArtifact())
    assert gather_sources([artifact], tmp_path)["app"].context == said
