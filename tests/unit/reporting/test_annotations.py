"""Annotations: escapes by GitHub's rules, and files as the repository has them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.model.finding import Finding
from buildx_tasks.model.result import BUILT, FAILED, ArtifactResult, Failure, Results
from buildx_tasks.reporting.annotations import annotation, error_annotations, result_annotations, text_annotations


def locate(path: str) -> str:
    """Everything below /repo is in the repository."""
    return path.removeprefix("/repo/") if path.startswith("/repo/") else "" if path.startswith("/") else f"sub/{path}"


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """A command as GitHub's runner reads it (ActionCommand.cs): name, properties, message."""
    assert line.startswith("::")
    head, _end, message = line.removeprefix("::").partition("::")
    name, _blank, properties = head.partition(" ")
    values = dict(item.split("=", 1) for item in properties.split(",") if item)
    return name, {key: unescaped(value, ",:") for key, value in values.items()}, unescaped(message)


def unescaped(text: str, more: str = "") -> str:
    for char in f"\r\n{more}%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text


@given(st.text(), st.text(min_size=1), st.text(min_size=1))
def test_what_github_reads_is_what_was_said(message: str, title: str, file: str) -> None:
    line = annotation("error", message, file=file, line=3, title=title)
    assert "\n" not in line
    assert "\r" not in line
    assert read_command(line) == ("error", {"file": file, "line": "3", "title": title}, message)


def failed(**fields: Any) -> ArtifactResult:
    return ArtifactResult(image="app", tag="app:1", status=FAILED, failure=Failure(message="it failed", **fields))


@pytest.mark.parametrize(
    ("build", "command"),
    [
        (
            failed(place="../x/Dockerfile:3", file="/repo/x/Dockerfile", hint="repair it"),
            "::error file=x/Dockerfile,line=3,title=build of app failed::it failed%0Arepair it",
        ),
        (
            failed(place="/other/Dockerfile:3", file="/other/Dockerfile"),
            "::error title=build of app failed::/other/Dockerfile:3: it failed",
        ),
        (failed(place="Dockerfile:3"), "::error title=build of app failed::Dockerfile:3: it failed"),
        (failed(), "::error title=build of app failed::it failed"),
    ],
    ids=["in the repository", "outside", "not on this machine", "no place"],
)
def test_a_failure_is_an_error_at_its_place(build: ArtifactResult, command: str) -> None:
    assert result_annotations(Results(builds=(build,)), locate) == [command]


def test_a_finding_of_buildkits_checks_is_a_warning_once() -> None:
    found = Finding(
        message="two CMD", file="a,b/Dockerfile", line=7, path="app", code="MultipleCmd", severity="warning"
    )
    builds = tuple(ArtifactResult(image=name, tag="t", status=BUILT, findings=(found,)) for name in ("app", "web"))
    assert result_annotations(Results(builds=builds), locate) == [
        "::warning file=sub/a%2Cb/Dockerfile,line=7,title=MultipleCmd::two CMD"
    ]


def test_a_failure_of_the_run_itself() -> None:
    results = Results(failure=Failure(message="a hook failed", hint="look"))
    assert result_annotations(results, locate) == ["::error title=buildx.build::a hook failed%0Alook"]


def test_lines_that_begin_with_a_place() -> None:
    text = "skaffold.yaml:3:5: build: unknown key\nno place: here\n./lib/skaffold.yaml:9: odd\n/etc/x:1: outside"
    assert text_annotations("warning", text, locate) == [
        "::warning file=sub/skaffold.yaml,line=3,col=5::build: unknown key",
        "::warning file=sub/lib/skaffold.yaml,line=9::odd",
    ]


def test_an_error_without_a_place_is_one_annotation() -> None:
    lines = error_annotations(
        ["no builder ci\nrun this", "skaffold.yaml:1:1: kind: bad", "no builder ci\nrun this"], locate
    )
    assert lines == [
        "::error title=buildx.build::no builder ci%0Arun this",
        "::error file=sub/skaffold.yaml,line=1,col=1::kind: bad",
    ]
