"""`buildx.check` through the command line, with a docker that answers as buildx does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import Here, make_project

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      context: app
      requires: [{image: base, alias: BASE}]
      docker: {target: final, buildArgs: {MODE: "{{.MODE}}"}, secrets: [{id: a, src: gone}], ssh: default}
    - image: base
    - image: other
      custom: {buildCommand: "true"}
"""
CLEAN = json.dumps({"warnings": [], "sources": []})
FOUND = json.dumps(
    {
        "warnings": [
            {
                "ruleName": "StageNameCasing",
                "description": "Stage names should be lowercase",
                "url": "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
                "detail": "Stage name 'Base' should be lowercase",
                "location": {"ranges": [{"start": {"line": 3}, "end": {"line": 3}}]},
            },
            {"ruleName": "Whole", "description": "said of the whole file"},
        ],
        "sources": [{"filename": "Dockerfile", "data": "RlJPTSBzY3JhdGNo"}],
    },
    indent=2,
)
BROKEN = json.dumps(
    {
        "warnings": None,
        "buildError": {"message": "unknown instruction: RUNX", "location": {"ranges": [{"start": {"line": 2}}]}},
    }
)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


def test_the_command_is_the_builds_own_without_what_a_check_does_not_need(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, CONFIG)
    project.env["MODE"] = "fast"
    project.docker.table["buildx build"] = (0, CLEAN, "")
    done = here.invoke(project, "buildx.check")
    assert (done.code, done.out) == (0, "0 findings in 2 Dockerfiles\n")
    calls = {call["argv"][2]: call["argv"] for call in project.docker.builds}
    assert calls["app"] == [
        *["buildx", "build", "app", "--file", str(project.folder / "app/Dockerfile")],
        *["--build-arg", "BASE=base:latest", "--build-arg", "MODE=fast", "--target", "final"],
        *["--builder", "default"],
        # Nobody knows whether the base was ever built.
        *["--build-context", calls["app"][-3], "--call", "check,format=json"],
    ]
    assert calls["app"][-3].startswith("base:latest=/")
    assert set(calls) == {"app", "."}


def test_findings_are_told_with_their_place_and_end_with_1(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, CONFIG)
    project.docker.table["buildx build app"] = (1, f"{FOUND}\n", "some progress {not a result}\n")
    project.docker.table["buildx build"] = (1, BROKEN, "")
    done = here.invoke(project, "buildx.check")
    assert done.code == 1
    assert done.out.splitlines() == [
        "app/Dockerfile:1: warning: Whole: said of the whole file [app]",
        (
            "app/Dockerfile:3: warning: StageNameCasing: Stage name 'Base' should be lowercase"
            " (https://docs.docker.com/go/dockerfile/rule/stage-name-casing/) [app]"
        ),
        "Dockerfile:2: error: unknown instruction: RUNX [base]",
        "3 findings in 2 Dockerfiles",
    ]
    report = json.loads(here.invoke(project, "buildx.check", "--format", "json", "--artifact", "app").out)
    assert not report["ok"]
    assert [item["image"] for item in report["artifacts"]] == ["app", "base"]
    assert report["artifacts"][0]["findings"][1]["rule"] == "StageNameCasing"
    assert "::error file=Dockerfile,line=2" in here.invoke(project, "buildx.check", "--format", "github").out


@pytest.mark.parametrize(
    ("words", "answer", "code", "said"),
    [
        ("buildx version", (0, "github.com/docker/buildx v0.14.1 abc\n", ""), 4, "need docker buildx 0.15 (--call)"),
        ("buildx version", (1, "", "docker: unknown command: docker buildx\n"), 4, "docker buildx does not answer"),
        ("buildx build", (1, "", "ERROR: unsupported request frontend.lint\n"), 4, "can't check Dockerfiles"),
        ("buildx build", (1, "", "ERROR: something else\n"), 1, "check of artifact 'app' failed: something else"),
    ],
)
def test_what_cannot_be_checked(
    here: Here, tmp_path: Path, words: str, answer: tuple[int, str, str], code: int, said: str
) -> None:
    project = make_project(tmp_path, CONFIG)
    project.env["MODE"] = "fast"
    project.docker.table[words] = answer
    done = here.invoke(project, "buildx.check")
    assert done.code == code
    assert said in done.err


def test_a_format_that_is_none(here: Here, tmp_path: Path) -> None:
    done = here.invoke(make_project(tmp_path, CONFIG), "buildx.check", "--format", "xml")
    assert done.code == 2
    assert "one of: text, json, github" in done.err


def test_what_runs_only_when_building_does_not_run(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, CONFIG.replace('"{{.MODE}}"', '\'{{cmd "touch" "ran"}}\''))
    project.docker.table["buildx build"] = (0, CLEAN, "")
    assert here.invoke(project, "buildx.check").code == 0
    assert not (project.folder / "ran").exists()
    assert "MODE=cmd-touch-runs-when-building" in {word for call in project.docker.builds for word in call["argv"]}
