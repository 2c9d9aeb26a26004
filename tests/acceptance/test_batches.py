"""Several artifacts by one bake, with a docker that records what it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import DIGEST, Here, Project, make_project

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts:\n"
THREE = f"{HEAD}    - {{image: app, context: app}}\n    - {{image: web}}\n    - {{image: db}}\n"
BUILD = ("buildx.build", "--tag", "v1", "--default-repo", "reg.example")
FAILURE = """\
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> RUN make
--------------------
ERROR: target web: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 2
"""


def three(folder: Path) -> Project:
    return make_project(folder, THREE)


def test_one_command_builds_them_and_each_has_its_result(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    done = here.invoke(project, *BUILD, "--file-output", "build.json")
    assert done.code == 0
    (bake,) = project.docker.bakes
    assert project.docker.builds == []
    assert bake["argv"][:2] == ["buildx", "bake"]
    words = bake["argv"]
    assert words[words.index("--builder") + 1] == "default"
    assert words[words.index("--progress") + 1] == "rawjson"
    targets = bake["bake"]["target"]
    assert list(targets) == ["app", "web", "db"]
    assert targets["app"]["tags"] == ["reg.example/app:v1"]
    assert targets["app"]["output"] == ["type=registry"]
    entries = json.loads((project.folder / "build.json").read_text())["builds"]
    assert [entry["tag"] for entry in entries] == [f"reg.example/{name}:v1@{DIGEST}" for name in targets]
    assert "Building 3 artifacts in parallel, 3 of them by 1 bake" in done.out


def test_what_is_asked_for_by_concurrency_is_kept(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    here.invoke(project, *BUILD, "--concurrency", "2")
    assert (len(project.docker.bakes), len(project.docker.builds)) == (0, 3)


def test_batches_fit_into_a_concurrency_that_is_asked_for(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    here.invoke(project, *BUILD, "--concurrency", "2", "--batch-size", "2")
    assert (len(project.docker.bakes), len(project.docker.builds)) == (1, 1)


def test_after_a_bake_that_can_t_even_begin_each_is_built_by_itself(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    project.docker.table["buildx bake"] = (1, "", "ERROR: additional privileges requested\n")
    done = here.invoke(project, *BUILD)
    assert done.code == 0
    assert len(project.docker.builds) == 3
    assert done.out.count("the bake of its batch failed: it is built by itself") == 3
    assert "3 built" in done.out


def test_the_target_that_docker_names_has_failed_and_the_others_are_built(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    project.docker.table["buildx bake"] = (1, "", FAILURE)
    done = here.invoke(project, *BUILD)
    assert done.code == 1
    assert sorted(call["argv"][2] for call in project.docker.builds) == [".", "app"]
    assert "build [web] failed: RUN make (Dockerfile:2)" in done.err or "(Dockerfile:2)" in done.err
    assert "2 built, 1 failed" in done.out
    assert "target web" not in done.err


def test_a_registry_s_hiccup_is_tried_again_by_itself(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    said = "failed to push app:v1: unexpected status from PUT request to https://r/: 503 Service Unavailable"
    project.docker.table["buildx bake"] = (1, "", f"ERROR: target app: failed to solve: {said}\n")
    done = here.invoke(project, *BUILD)
    assert done.code == 0
    assert "trying again in" in done.out
    assert "(1 of 3)" in done.out
    assert len(project.docker.builds) == 3


def test_an_old_plugin_builds_each_by_itself(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    project.docker.table["buildx version"] = (0, "github.com/docker/buildx v0.12.1 abc\n", "")
    here.invoke(project, *BUILD)
    assert (len(project.docker.bakes), len(project.docker.builds)) == (0, 3)


HELP = """\
      --execution string         Set execution mode ("fail-fast", "defer-output", "defer-error") (default "fail-fast")
      --max-concurrency int      Most targets at once
"""


def test_a_newer_bake_is_bounded_and_told_to_go_on(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    project.docker.table["buildx version"] = (0, "github.com/docker/buildx v0.40.0 abc\n", "")
    project.docker.table["buildx bake --help"] = (0, HELP, "")
    here.invoke(project, *BUILD)
    (bake,) = project.docker.bakes
    assert {"--execution=defer-error", "--max-concurrency=3"} <= {*bake["argv"]}


def test_a_plan_shows_the_batches(here: Here, tmp_path: Path) -> None:
    project = three(tmp_path)
    text = here.invoke(project, "buildx.plan", "--tag", "v1").out
    assert "# 3 artifacts, 3 at a time, 3 of them by 1 bake\n" in text
    assert "# one docker buildx bake builds app, web, db\n" in text
    data = json.loads(here.invoke(project, "buildx.plan", "--tag", "v1", "--format", "json").out)
    assert data["batches"] == [["app", "web", "db"]]


def test_values_of_build_args_that_look_secret_stay_in_the_environment(here: Here, tmp_path: Path) -> None:
    secret = "docker: {buildArgs: {API_TOKEN: hush}}"
    config = f"{HEAD}    - {{image: app, context: app, {secret}}}\n    - {{image: web, {secret}}}\n"
    project = make_project(tmp_path, config)
    project.docker.environment = ("API_TOKEN",)
    done = here.invoke(project, *BUILD)
    (bake,) = project.docker.bakes
    assert bake["env"]["API_TOKEN"] == "hush"
    assert "hush" not in json.dumps([bake["argv"], bake["bake"]]) + done.out + done.err
    assert bake["bake"]["target"]["app"]["args"] == {"API_TOKEN": "${API_TOKEN}"}


def pushed(name: str) -> str:
    """Raw progress of a target that was pushed to the end."""
    times = {"started": "2026-11-24T19:29:35Z", "completed": "2026-11-24T19:29:36Z"}
    vertex = {"digest": "sha256:1", "name": f"[{name}] exporting to image", **times}
    what = f"pushing manifest for reg.example/{name}:v1@{DIGEST}"
    return json.dumps({"vertexes": [vertex], "statuses": [{"id": what, "vertex": "sha256:1", **times}]}) + "\n"


@pytest.mark.parametrize(("platforms", "again"), [("linux/amd64", ["."]), ("linux/amd64,linux/arm64", [".", "app"])])
def test_what_was_pushed_before_the_failure_is_kept(
    here: Here, tmp_path: Path, platforms: str, again: list[str]
) -> None:
    """Of several platforms the nodes may have pushed parts only."""
    project = three(tmp_path)
    project.docker.table["buildx bake"] = (1, "", pushed("app") + FAILURE)
    done = here.invoke(project, *BUILD, "--platform", platforms, "--file-output", "build.json")
    assert done.code == 1
    assert sorted(call["argv"][2] for call in project.docker.builds) == again
    entries = json.loads((project.folder / "build.json").read_text())["builds"]
    assert [entry["tag"] for entry in entries] == [f"reg.example/{name}:v1@{DIGEST}" for name in ("app", "db")]


def test_hooks_run_before_the_bake(here: Here, tmp_path: Path) -> None:
    hook = "hooks: {before: [{command: ['false']}]}"
    project = make_project(tmp_path, THREE.replace("image: db", f"image: db, {hook}"))
    done = here.invoke(project, *BUILD)
    assert done.code == 1
    assert list(project.docker.bakes[0]["bake"]["target"]) == ["app", "web"]
    assert "build [db] failed: pre-build hook false ended with 1" in done.err
