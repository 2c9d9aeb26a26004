"""Findings in three formats, from findings made by hand."""

from __future__ import annotations

import json

import pytest

from buildx_tasks.model.changes import Changes
from buildx_tasks.model.finding import Finding
from buildx_tasks.reporting.findings import findings_github, findings_json, findings_text, summary
from buildx_tasks.reporting.versions import versions_json, versions_text

TYPO = Finding(
    file="skaffold.yaml",
    line=6,
    column=5,
    path="build.artifacts[0].dokcer",
    message="unknown key 'dokcer'",
    hint="did you mean 'docker'?",
    code="unknown-key",
)
IGNORED = Finding(file="a,b:c.yaml", line=7, message="100%\nsure", code="ignored-key", severity="warning")


def test_text_is_one_line_a_finding() -> None:
    assert findings_text(["skaffold.yaml", "a,b:c.yaml"], [TYPO, IGNORED]).splitlines()[:1] == [
        "skaffold.yaml:6:5: build.artifacts[0].dokcer: unknown key 'dokcer', did you mean 'docker'?"
    ]
    assert findings_text(["x"], [IGNORED]).endswith("sure (warning)")


@pytest.mark.parametrize(
    ("files", "text"), [(["skaffold.yaml"], "skaffold.yaml is valid"), (["a", "b"], "2 files are valid")]
)
def test_text_says_that_all_is_well(files: list[str], text: str) -> None:
    assert findings_text(files, []) == text


def test_json_is_for_machines() -> None:
    report = json.loads(findings_json(["skaffold.yaml"], [TYPO]))
    assert report["valid"] is False
    assert report["files"] == ["skaffold.yaml"]
    assert report["findings"][0]["path"] == "build.artifacts[0].dokcer"
    assert report["findings"][0]["line"] == 6


@pytest.mark.parametrize("findings", [[], [IGNORED]])
def test_json_calls_a_file_with_warnings_valid(findings: list[Finding]) -> None:
    assert json.loads(findings_json(["x"], findings))["valid"] is True


def test_github_annotations_are_escaped() -> None:
    assert findings_github([], [TYPO, IGNORED]).splitlines() == [
        (
            "::error file=skaffold.yaml,line=6,col=5,title=unknown-key::"
            "build.artifacts[0].dokcer: unknown key 'dokcer', did you mean 'docker'?"
        ),
        "::warning file=a%2Cb%3Ac.yaml,line=7,col=1,title=ignored-key::100%25%0Asure",
    ]
    assert findings_github(["x"], []) == ""


@pytest.mark.parametrize(
    ("files", "findings", "text"),
    [
        (["skaffold.yaml"], [TYPO], "1 error in skaffold.yaml"),
        (["skaffold.yaml", "b", "c"], [TYPO, TYPO, IGNORED], "2 errors and 1 warning in 2 of 3 files"),
        (["a", "b"], [], "no problem in 0 of 2 files"),
    ],
)
def test_summary(files: list[str], findings: list[Finding], text: str) -> None:
    assert summary(files, findings) == text


CHANGES = Changes(
    version="v4beta13",
    added=("a.b",),
    ours=("docker.cacheTo",),
    removed=(("c", "d"), ("e", "")),
    retyped=("f",),
)


def test_versions_as_text() -> None:
    assert versions_text([Changes(version="v3"), CHANGES]).splitlines() == [
        "skaffold/v3",
        "skaffold/v4beta13",
        "  + a.b",
        "  + docker.cacheTo (buildx-tasks only)",
        "  - c -> d",
        "  - e",
        "  ~ f",
    ]


def test_versions_as_json() -> None:
    (row,) = json.loads(versions_json([CHANGES]))
    assert row["version"] == "skaffold/v4beta13"
    assert row["removed"] == {"c": "d", "e": ""}
