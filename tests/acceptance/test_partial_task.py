"""``buildx.build --partial`` and ``buildx.merge``: what is planned, what is refused, and what the files say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from recording import DIGEST, Done, Here, Project, make_project

import buildx_tasks

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
TWO = f"{HEAD}build:\n  platforms: [linux/amd64, linux/arm64]\n  artifacts: [{{image: app}}]\n"
REPO = "reg.example:5000"
PART = ("--partial", "--platform", "linux/arm64", "--tag", "v1", "--default-repo", REPO, "--builder", "ci")


def project_of(tmp_path: Path, config: str = TWO) -> Project:
    project = make_project(tmp_path, config)
    project.docker.builder("ci", "remote")
    return project


def planned(here: Here, project: Project, *words: str) -> dict[str, Any]:
    done = here.invoke(project, "buildx.plan", "--format", "json", *PART, *words)
    assert done.code == 0, done.err
    plan: dict[str, Any] = json.loads(done.out)
    return plan


def build(here: Here, project: Project, *words: str) -> Done:
    return here.invoke(project, "buildx.build", *PART, "--file-output", "part.json", *words)


def test_the_result_file_says_what_a_merge_has_to_know(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path)
    done = build(here, project)
    assert done.code == 0, done.err
    (part,) = json.loads((project.folder / "part.json").read_text())["parts"]
    commit = part.pop("commit", "")
    assert commit == ""
    assert part == {
        "imageName": "app",
        "status": "built",
        "tags": [f"{REPO}/app:v1"],
        "digest": DIGEST,
        "platforms": ["linux/arm64"],
        "expectedPlatforms": ["linux/amd64", "linux/arm64"],
    }
    assert f"app -> {REPO}/app@{DIGEST}" in done.out


def test_a_dry_run_has_no_digest_and_a_failed_build_is_in_the_file(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path)
    done = build(here, project, "--dry-run", "--quiet")
    assert (done.code, json.loads(done.out)["parts"][0]["digest"]) == (0, "")
    project.docker.table["buildx build"] = (1, "", "ERROR: no\n")
    assert build(here, project).code == 1
    (part,) = json.loads((project.folder / "part.json").read_text())["parts"]
    assert (part["status"], part["digest"], part["platforms"]) == ("failed", "", ["linux/arm64"])


def test_the_platform_of_the_builder_is_the_part_where_none_is_named(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path, f"{HEAD}build:\n  artifacts: [{{image: app}}]\n")
    words = [word for word in PART if word not in ("--platform", "linux/arm64")]
    assert here.invoke(project, "buildx.build", *words, "--quiet").code == 0
    done = here.invoke(project, "buildx.build", *words, "--quiet")
    (part,) = json.loads(done.out)["parts"]
    assert (part["platforms"], part["expectedPlatforms"]) == (["linux/amd64"], [])


@pytest.mark.parametrize(
    ("artifact", "words", "code", "said"),
    [
        ("image: app", ("--no-push",), 2, "a partial build pushes by digest, and push is off (flag)"),
        ("image: app", ("--platform", "linux/s390x"), 2, "linux/s390x is not among the platforms of its config"),
        ("image: app", ("--template", "{{.}}"), 2, "a partial build has no template"),
        ("image: app", ("--builder", "off"), 4, "plain docker build can't push by digest (builder is off (flag))"),
        ("image: app", ("--builder", "default"), 4, "builder default (driver docker) can't push by digest"),
        ("image: app, docker: {cliFlags: [-t, x]}", (), 2, "cliFlags have -t, and a partial build pushes by digest"),
        ("image: app, custom: {buildCommand: make}", (), 2, "its build command pushes a tag, and a partial build"),
    ],
)
def test_what_can_not_be_a_part(
    here: Here, tmp_path: Path, artifact: str, words: tuple[str, ...], code: int, said: str
) -> None:
    make = make_project if "default" in words else project_of
    project = make(tmp_path, TWO.replace("image: app", artifact))
    given = [word for word in PART if not (words and words[0] == "--builder" and word in ("--builder", "ci"))]
    if "linux/s390x" in words:
        given = [word for word in given if word not in ("--platform", "linux/arm64")]
    done = here.invoke(project, "buildx.build", *given, "--file-output", "part.json", *words)
    assert (done.code, said in done.err) == (code, True), done.err
    assert not project.docker.builds


def test_a_result_file_is_needed(here: Here, tmp_path: Path) -> None:
    done = here.invoke(project_of(tmp_path), "buildx.build", *PART)
    assert done.code == 2
    assert "a partial build needs a result file, which buildx.merge reads" in done.err
    assert "name it:  --file-output part.json" in done.err


def test_no_attestation_comes_by_itself_and_one_that_is_asked_for_does(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path)
    plan = json.dumps(planned(here, project))
    assert ('"-t"' in plan, '"--push"' in plan, "BUILDX_NO_DEFAULT_ATTESTATIONS" in plan) == (False, False, True)
    asked = json.dumps(planned(here, project, "--attest", "max"))
    assert "BUILDX_NO_DEFAULT_ATTESTATIONS" not in asked
    assert "mode=max" in asked


def test_an_image_for_one_platform_is_what_a_whole_build_makes(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path, TWO.replace("image: app", "image: app, platforms: [linux/arm64]"))
    assert "BUILDX_NO_DEFAULT_ATTESTATIONS" not in json.dumps(planned(here, project))


def test_an_artifact_for_other_platforms_is_left_out_unless_it_is_required(here: Here, tmp_path: Path) -> None:
    artifacts = "[{image: app}, {image: tool, platforms: [linux/amd64]}]"
    project = project_of(tmp_path, TWO.replace("[{image: app}]", artifacts))
    done = build(here, project)
    assert (done.code, "WARNING" in done.err) == (0, False), done.err
    assert "Skipped (it is not built for linux/arm64): tool" in done.out
    assert [item["imageName"] for item in json.loads((project.folder / "part.json").read_text())["parts"]] == ["app"]
    requiring = artifacts.replace("image: app", "image: app, requires: [{image: tool}]")
    project.write("skaffold.yaml", TWO.replace("[{image: app}]", requiring))
    done = build(here, project)
    assert (done.code, "artifact 'app' requires 'tool', which is not built for linux/arm64" in done.err) == (2, True)
    project.write("skaffold.yaml", TWO.replace("[{image: app}]", "[{image: tool, platforms: [linux/amd64]}]"))
    assert build(here, project).code == 0
    assert json.loads((project.folder / "part.json").read_text()) == {"version": 1, "parts": []}


def test_registry_caches_of_the_image_are_those_of_the_platform(here: Here, tmp_path: Path) -> None:
    own = "image: app, docker: {cacheFrom: [app, 'app:main', 'other.example/x:y', 'type=gha']}"
    project = project_of(tmp_path, TWO.replace("image: app", own))
    text = json.dumps(planned(here, project, "--cache-tag", "c"))
    assert f"{REPO}/app:c-linux-arm64" in text
    assert f"{REPO}/app:main-linux-arm64" in text
    assert "other.example/x:y-linux" not in text
    without = json.dumps(planned(here, project))
    assert f"{REPO}/app:v1-linux-arm64" in without
    assert "no cache is written, because it would overwrite the image" in without or "--cache-to" not in without


def test_a_part_is_reproducible_where_that_is_asked_for(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path)
    project.env["SOURCE_DATE_EPOCH"] = "1700000000"
    plan = json.dumps(planned(here, project, "--reproducible"))
    assert "push-by-digest=true,name-canonical=true,push=true,rewrite-timestamp=true" in plan
    assert '"-t"' not in plan


def test_annotations_of_the_index_are_for_the_merge(here: Here, tmp_path: Path) -> None:
    block = (
        ".buildx: {artifacts: {app: {annotations: {'index:a': '1', 'manifest,index:b': '2', 'manifest[linux/amd64]:c': "
        "'3', 'manifest[linux/arm64]:d': '4', 'manifest-descriptor:e': '5', 'index-descriptor:f': '6', 'x.y/z': '7', "
        "'odd:g': '{{.IMAGE_TAG}}'}}}}\n"
    )
    project = project_of(tmp_path, TWO + block)
    plan = json.dumps(planned(here, project))
    assert [text in plan for text in ("index:", "c=3", "e=5", "f=6")] == [False] * 4
    assert [text in plan for text in ("manifest:b=2", "manifest[linux/arm64]:d=4", "x.y/z=7", "odd:g=v1")] == [True] * 4
    assert "push=true,oci-mediatypes=true" in plan
    assert build(here, project).code == 0
    (part,) = json.loads((project.folder / "part.json").read_text())["parts"]
    assert part["indexAnnotations"] == {"a": "1", "b": "2"}
    assert part["descriptorAnnotations"] == {"linux/arm64": {"e": "5"}}


def test_from_python(tmp_path: Path) -> None:
    project = project_of(tmp_path)
    project.docker.save()
    results = buildx_tasks.build(
        project.folder / "skaffold.yaml",
        environ=project.environment(),
        cwd=project.folder,
        partial=True,
        platform=["linux/arm64"],
        tag="v1",
        default_repo=REPO,
        builder="ci",
    )
    (part,) = results.parts()
    assert (part.digest, part.platforms, results.builds[0].reference) == (
        DIGEST,
        ("linux/arm64",),
        f"{REPO}/app@{DIGEST}",
    )


def merged(here: Here, project: Project, *words: str) -> Done:
    return here.invoke(project, "buildx.merge", *words)


def test_files_that_are_not_parts_are_all_named(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path)
    project.write("build.json", '{"builds": []}')
    project.write("x.json", "{")
    done = merged(here, project, "build.json", "x.json", "gone.json", "p*.json")
    assert done.code == 2
    assert "build.json is the result of a whole build, not of one with --partial" in done.err
    assert "x.json is not JSON: " in done.err
    assert "gone.json can't be read: No such file or directory" in done.err
    assert merged(here, project).err.startswith("no result file of a partial build is named")


def test_a_pattern_in_quotes_and_a_registry_that_is_not_there(here: Here, tmp_path: Path) -> None:
    project = project_of(tmp_path)
    build(here, project)
    data = json.loads((project.folder / "part.json").read_text().replace(REPO, "127.0.0.1:9"))
    project.write("part-a.json", json.dumps(data))
    data["parts"][0] |= {"platforms": ["linux/amd64"], "digest": f"sha256:{'b' * 64}"}
    project.write("part-b.json", json.dumps(data))
    done = merged(here, project, "--part", "part-?.json", "--file-output", "build.json")
    assert (done.code, "127.0.0.1:9" in done.err) == (1, True), done.err
    assert not (project.folder / "build.json").exists()
