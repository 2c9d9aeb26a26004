"""``buildx.list``: every artifact of a config, and why it is not selected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from recording import Here, Project, make_project

HEAD = "apiVersion: skaffold/v4beta14\nkind: Config\n"
MAIN = f"""{HEAD}metadata: {{name: shop}}
requires: [{{path: lib, configs: [lib]}}]
build:
  platforms: [linux/amd64, linux/arm64]
  artifacts:
    - image: web
      context: app
      requires: [{{image: base}}]
    - image: tool
      platforms: [linux/arm64]
    - image: legacy
      jib: {{}}
    - image: certs
      custom: {{buildCommand: make}}
profiles:
  - name: dev
    build: {{artifacts: [{{image: web, context: app, docker: {{target: dev}}}}, {{image: debug, context: app}}]}}
  - name: extra
    patches: [{{op: add, path: /build/artifacts/-, value: {{image: spare}}}}]
  - name: broken
    patches: [{{op: remove, path: /build/nothing}}]
"""
LIB = f"""{HEAD}metadata: {{name: lib}}
build: {{artifacts: [{{image: base, context: base}}]}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path, MAIN)
    made.write("lib/skaffold.yaml", LIB)
    return made


def listed(here: Here, project: Project, *words: str) -> dict[str, Any]:
    done = here.invoke(project, "buildx.list", "--format", "json", *words)
    assert (done.code, done.err) == (0, ""), done.err
    return {item["imageName"]: item for item in json.loads(done.out)["artifacts"]}


def verdicts(here: Here, project: Project, *words: str) -> dict[str, str]:
    return {
        image: "yes" if item["selected"] and not item["reason"] else item["reason"]
        for image, item in listed(here, project, *words).items()
    }


def test_each_artifact_with_what_is_known_of_it(here: Here, project: Project) -> None:
    found = listed(here, project)
    assert found["web"] == {
        "imageName": "web",
        "kind": "docker",
        "context": "app",
        "dockerfile": "Dockerfile",
        "platforms": ["linux/amd64", "linux/arm64"],
        "needs": ["base"],
        "config": "shop",
        "file": "skaffold.yaml",
        "line": 8,
        "selected": True,
        "reason": "",
    }
    assert (found["base"]["context"], found["base"]["config"]) == ("lib/base", "lib")
    assert found["tool"]["platforms"] == ["linux/arm64"]
    assert (found["certs"]["kind"], found["certs"]["dockerfile"]) == ("custom", "")
    assert (found["spare"]["line"], found["debug"]["line"]) == (21, 19)
    assert listed(here, project, "--platform", "linux/amd64")["web"]["platforms"] == ["linux/amd64"]
    assert project.docker.calls == []


def test_why_an_artifact_is_not_selected(here: Here, project: Project) -> None:
    jib = "built by jib: see --other-builders"
    other = {"debug": "profile dev is not active", "spare": "profile extra is not active"}
    assert (
        verdicts(here, project) == {"base": "yes", "web": "yes", "tool": "yes", "legacy": jib, "certs": "yes"} | other
    )
    named = verdicts(here, project, "--artifact", "=web")
    not_named = "--artifact selects =web"
    assert named == {
        "base": "needed by web",
        "web": "yes",
        "tool": not_named,
        "legacy": not_named,
        "certs": not_named,
        **other,
    }
    assert verdicts(here, project, "--module", "lib") == {
        **dict.fromkeys(("web", "tool", "legacy", "certs"), "--module selects lib"),
        "base": "yes",
        **other,
    }
    assert verdicts(here, project, "--other-builders", "skip")["legacy"] == "built by jib"
    assert verdicts(here, project, "--other-builders", "skaffold")["legacy"] == "yes"


def test_profiles_change_what_is_listed(here: Here, project: Project) -> None:
    left_out = "profile dev leaves it out"
    assert verdicts(here, project, "--profile", "dev") == {
        "base": "yes",
        "web": "yes",
        "debug": "yes",
        **dict.fromkeys(("tool", "legacy", "certs"), left_out),
        "spare": "profile extra is not active",
    }
    assert verdicts(here, project, "--profile", "dev,extra")["spare"] == "yes"


def test_the_table_has_the_config_where_there_are_several(here: Here, project: Project) -> None:
    done = here.invoke(project, "buildx.list", "--module", "lib")
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == ["ARTIFACT", "KIND", "CONTEXT", "PLATFORMS", "NEEDS", "SELECTED", "CONFIG"]
    assert rows[1] == ["base", "docker", "lib/base", "-", "-", "yes", "lib"]
    assert rows[2] == [
        *("web", "docker", "app", "linux/amd64,", "linux/arm64", "base"),
        *("no:", "--module", "selects", "lib", "shop"),
    ]
    assert "CONFIG" not in here.invoke(project, "buildx.list", "--filename", "lib").out


def test_other_modules_with_problems_do_not_prevent_the_list(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", MAIN.replace("requires: [{image: base}]", "requires: [{image: nothing}]"))
    done = here.invoke(project, "buildx.list", "--module", "lib", "--format", "json")
    assert [item["imageName"] for item in json.loads(done.out)["artifacts"]] == ["base"]
    assert "artifacts of other modules are not listed: skaffold.yaml:" in done.err
    assert done.code == 0


def test_errors_and_empty_configs(here: Here, project: Project) -> None:
    assert here.invoke(project, "buildx.list", "--artifact", "nothing").code == 3
    assert here.invoke(project, "buildx.list", "--format", "yaml").code == 2
    assert here.invoke(project, "buildx.list", "--module", "shpo").err.startswith("there is no module 'shpo'")
    project.write("skaffold.yaml", HEAD)
    done = here.invoke(project, "buildx.list")
    assert (done.code, done.out) == (0, "")
    assert done.err == "note: the config has no artifacts: add one under build.artifacts\n"
    assert json.loads(here.invoke(project, "buildx.list", "--format", "json").out) == {"artifacts": []}


def test_a_config_from_standard_input(project: Project) -> None:
    done = project.invoke("buildx.list", "--filename", "-", stdin=LIB)
    assert done.stdout.splitlines()[1].split() == ["base", "docker", "base", "-", "-", "yes"]
