"""``buildx.init``: from a folder with Dockerfiles to a config that can be planned at once."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from recording import Docker, Here, Project

import buildx_tasks

SCHEMA = ".skaffold.v4beta14.schema.json"
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")


@pytest.fixture
def empty(tmp_path: Path) -> Project:
    """A folder without anything in it."""
    project = Project(tmp_path / "shop", Docker(tmp_path / "docker"))
    project.folder.mkdir()
    return project


def git(project: Project, *words: str) -> None:
    subprocess.run(("git", *WHO, *words), cwd=project.folder, check=True, capture_output=True)


def images(project: Project) -> list[str]:
    configs = buildx_tasks.load(project.folder / "skaffold.yaml")
    return [artifact.image for config in configs for artifact in config.artifacts]


def monorepo(project: Project) -> None:
    project.write("base/Dockerfile", "FROM scratch\n")
    project.write("go.mod", "module shop\n")
    project.write("api/Dockerfile", "FROM golang:1.24\nCOPY go.mod api/ ./\n")
    project.write("api/main.go", "")
    project.write("web/Dockerfile", "ARG BASE=base\nFROM $BASE\nCOPY . .\n")
    project.write("web/Dockerfile.debug", "FROM web\n")


def test_what_is_written_is_valid_and_planned_at_once(empty: Project, here: Here) -> None:
    monorepo(empty)
    done = here.invoke(empty, "buildx.init")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "skaffold.yaml: 4 artifacts\n"
        "  api        api/Dockerfile, context .\n"
        "  base       base/Dockerfile, context base\n"
        "  web        web/Dockerfile, context web, requires base\n"
        "  web-debug  web/Dockerfile.debug, context web, requires web\n"
        "next:  buildx-tasks buildx.plan\n"
    )
    text = (empty.folder / "skaffold.yaml").read_text()
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA}\n# See every command ")
    assert here.invoke(empty, "schema.validate", "--strict", "--upstream").code == 0
    assert here.invoke(empty, "schema.modeline", "--check").code == 0
    planned = here.invoke(empty, "buildx.plan", "--format", "json")
    assert (planned.code, planned.err) == (0, "")
    builds = {item["imageName"]: item for item in json.loads(planned.out)["builds"]}
    assert "api/Dockerfile" in " ".join(builds["api"]["command"])
    assert builds["web"]["needs"] == ["base"]
    assert any(word.startswith("BASE=") for word in builds["web"]["command"])
    assert any(word.startswith("web=") for word in builds["web-debug"]["command"])
    assert here.invoke(empty, "buildx.build").code == 0


def test_it_never_writes_over_a_config(empty: Project, here: Here) -> None:
    empty.write("Dockerfile", "FROM scratch\n")
    for name, link in (("skaffold.yaml", False), ("skaffold.yml", False), ("skaffold.yaml", True)):
        place = empty.folder / name
        place.symlink_to("nowhere") if link else place.write_text("mine\n")
        done = here.invoke(empty, "buildx.init")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"{name} exists already\nsee what it builds:  buildx-tasks buildx.list\n")
        assert link or place.read_text() == "mine\n"
        assert here.invoke(empty, "buildx.init", "--filename", name).code == 2
        place.unlink()
    assert not (empty.folder / SCHEMA).exists()


def test_a_dry_run_prints_the_config(empty: Project, here: Here) -> None:
    empty.write("Dockerfile", "FROM scratch\n")
    empty.write("skaffold.yaml", "mine\n")
    printed = here.invoke(empty, "buildx.init", "--dry-run")
    assert (printed.code, printed.err) == (0, "")
    assert "    - image: shop\n      context: .\n" in printed.out
    assert here.invoke(empty, "--dry", "buildx.init").out == printed.out
    assert sorted(path.name for path in empty.folder.iterdir()) == ["Dockerfile", "skaffold.yaml"]
    assert "yaml-language-server" not in here.invoke(empty, "buildx.init", "--dry-run", "--no-modeline").out


def test_another_file_is_named_in_what_comes_next(empty: Project, here: Here) -> None:
    empty.write("Dockerfile", "FROM scratch\n")
    empty.write("skaffold.yaml", "mine\n")
    done = here.invoke(empty, "buildx.init", "--filename", "images.yaml", "--no-modeline")
    assert done.out.endswith("next:  buildx-tasks buildx.plan --filename images.yaml\n")
    assert here.invoke(empty, "buildx.plan", "--filename", "images.yaml").code == 0
    assert not (empty.folder / SCHEMA).exists()


@pytest.mark.parametrize("repository", [True, False])
def test_what_is_ignored_is_not_searched(empty: Project, here: Here, repository: bool) -> None:
    if repository:
        git(empty, "init", "-q")
    empty.write(".gitignore", "/build/\n*.local\n!keep/\n")
    for name in (
        "Dockerfile",
        "build/Dockerfile",
        "Dockerfile.local",
        "node_modules/x/Dockerfile",
        "a/vendor/y/Dockerfile",
        ".devcontainer/Dockerfile",
        "keep/build/Dockerfile",
        ".Dockerfile",
    ):
        empty.write(name, "FROM scratch\n")
    assert here.invoke(empty, "buildx.init").code == 0
    assert images(empty) == ["shop", "keep"]


def test_without_git_hidden_and_foreign_folders_are_not_searched(empty: Project, here: Here) -> None:
    (empty.folder.parent / "bin").mkdir()
    empty.docker.save()
    empty.env["PATH"] = f"{empty.docker.folder}"
    for name in ("api/Dockerfile", "node_modules/x/Dockerfile", ".cache/Dockerfile"):
        empty.write(name, "FROM scratch\n")
    assert here.invoke(empty, "buildx.init").code == 0
    assert images(empty) == ["api"]


def test_tags_are_git_commits_where_there_is_one(empty: Project, here: Here) -> None:
    git(empty, "init", "-q")
    git(empty, "remote", "add", "origin", "git@git.example:team/Store.git")
    empty.write("Dockerfile", "FROM scratch\n")
    assert "inputDigest" in here.invoke(empty, "buildx.init", "--dry-run").out
    git(empty, "add", ".")
    git(empty, "commit", "-qm", "first")
    assert here.invoke(empty, "buildx.init").code == 0
    assert "inputDigest" not in (empty.folder / "skaffold.yaml").read_text()
    assert images(empty) == ["store"]
    planned = here.invoke(empty, "buildx.plan", "--format", "json")
    assert planned.err == ""
    (empty.folder / "part").mkdir()
    empty.write("part/Dockerfile", "FROM scratch\n")
    part = Project(empty.folder / "part", empty.docker)
    assert "image: part\n" in here.invoke(part, "buildx.init", "--dry-run").out


def test_the_ignore_file_of_a_context_says_what_is_in_it(empty: Project, here: Here) -> None:
    empty.write("api/Dockerfile", "FROM scratch\nCOPY src/ lib/*.js /\n")
    for name in ("api/src/x", "api/lib/x.js", "src/x", "lib/x.js"):
        empty.write(name, "")
    assert "context: api\n" in here.invoke(empty, "buildx.init", "--dry-run").out
    empty.write("api/.dockerignore", "*\n")
    assert "context: .\n" in here.invoke(empty, "buildx.init", "--dry-run").out
    empty.write("api/.dockerignore", "*\n!src\n!lib/*.js\n")
    assert "context: api\n" in here.invoke(empty, "buildx.init", "--dry-run").out
    # This one counts in whatever context the Dockerfile is built.
    empty.write("api/Dockerfile.dockerignore", "lib\n")
    done = here.invoke(empty, "buildx.init", "--dry-run")
    assert "context: api\n" in done.out
    assert done.err == "note: context api has no lib/*.js, which api/Dockerfile copies\n"


def test_what_is_not_a_dockerfile_is_named(empty: Project, here: Here) -> None:
    empty.write("a/Dockerfile", "FROM scratch\n")
    empty.write("b/Dockerfile", "hello: world\n")
    empty.write("c/Dockerfile", "ARG ONE\n")
    (empty.folder / "d").mkdir()
    (empty.folder / "d" / "Dockerfile").write_bytes(b"FROM \xff\n")
    empty.write("e/Dockerfile/x", "")
    (empty.folder / "a" / "Containerfile").symlink_to("Dockerfile")
    done = here.invoke(empty, "buildx.init", "--dry-run")
    assert done.out.count("image: ") == 1
    first, second, third = done.err.splitlines()
    assert first == "WARNING: b/Dockerfile:1: unknown instruction HELLO:; it is left out"
    assert second == "WARNING: c/Dockerfile: there is no FROM in it; it is left out"
    assert third.startswith("WARNING: d/Dockerfile can't be read: ")


def test_an_empty_folder_has_nothing_to_write(empty: Project, here: Here) -> None:
    done = here.invoke(empty, "buildx.init")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        f"no Dockerfile was found in {empty.folder} and below\n"
        "write one first, or go to the folder that has some\nhidden and ignored folders are not searched\n"
    )
    assert list(empty.folder.iterdir()) == []


def test_a_mounted_task_is_called_as_it_is_mounted(empty: Project) -> None:
    empty.write("Dockerfile", "FROM scratch\n")
    empty.write("tasks.py", 'import buildx_tasks\n\nns = buildx_tasks.namespace(__name__, name="img")\n')
    done = empty.invoke("img.init")
    assert done.stdout.endswith("next:  python -m invoke img.plan\n"), done.stderr
    assert "python -m invoke img.build --default-repo" in (empty.folder / "skaffold.yaml").read_text()
