"""``schema.modeline``: the comment that names a config's schema to editors, and the schema beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import Here, Project, make_project

from buildx_tasks.document.schema.catalogue import project as project_schema

NEW = "apiVersion: skaffold/v4beta14\nkind: Config\n"
OLD = "apiVersion: skaffold/v2beta29\nkind: Config\n"
NEW_SCHEMA, OLD_SCHEMA = ".skaffold.v4beta14.schema.json", ".skaffold.v2beta29.schema.json"
LINE = "# yaml-language-server: $schema="


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path, NEW)


def text(project: Project) -> str:
    with (project.folder / "skaffold.yaml").open(newline="") as stream:
        return stream.read()


def test_comment_and_schema_are_written_once(here: Here, project: Project) -> None:
    done = here.invoke(project, "schema.modeline")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{NEW_SCHEMA}: written\nskaffold.yaml: 1 comment written, for {NEW_SCHEMA}\n"
    assert text(project) == f"{LINE}{NEW_SCHEMA}\n{NEW}"
    assert json.loads((project.folder / NEW_SCHEMA).read_text()) == project_schema("v4beta14")
    before = (project.folder / "skaffold.yaml").stat().st_mtime_ns
    again = here.invoke(project, "schema.modeline")
    assert again.out == f"skaffold.yaml: points to {NEW_SCHEMA} already\n"
    assert (project.folder / "skaffold.yaml").stat().st_mtime_ns == before


def test_a_check_writes_nothing(here: Here, project: Project) -> None:
    for words in (("schema.modeline", "--check"), ("--dry", "schema.modeline")):
        done = here.invoke(project, *words)
        assert done.code == int("--check" in words)
        assert (
            done.out == f"{NEW_SCHEMA}: would be written\nskaffold.yaml: 1 comment would be written, for {NEW_SCHEMA}\n"
        )
        assert text(project) == NEW
        assert not (project.folder / NEW_SCHEMA).exists()
    done = here.invoke(project, "schema.modeline", "--check")
    assert done.err == "skaffold.yaml: editors do not find the schema\nrun:  buildx-tasks schema.modeline\n"
    here.invoke(project, "schema.modeline")
    assert here.invoke(project, "schema.modeline", "--check").code == 0
    (project.folder / NEW_SCHEMA).unlink()
    assert here.invoke(project, "schema.modeline", "--check").code == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"# About.\n\n{NEW}", f"{LINE}{NEW_SCHEMA}\n# About.\n\n{NEW}"),
        (f"# About.\n{LINE}old.json # why\n{NEW}", f"# About.\n{LINE}{NEW_SCHEMA} # why\n{NEW}"),
        (f"#yaml-language-server:$schema=x\n---\n{NEW}", f"#yaml-language-server:$schema={NEW_SCHEMA}\n---\n{NEW}"),
        (f"---\n{NEW}", f"{LINE}{NEW_SCHEMA}\n---\n{NEW}"),
        (f"{NEW}---\n{OLD}", f"{LINE}{NEW_SCHEMA}\n{NEW}---\n{LINE}{OLD_SCHEMA}\n{OLD}"),
        (
            f"{NEW}---\n# second\n{LINE}x\n{OLD}---\n{NEW}",
            f"{LINE}{NEW_SCHEMA}\n{NEW}---\n# second\n{LINE}{OLD_SCHEMA}\n{OLD}---\n{LINE}{NEW_SCHEMA}\n{NEW}",
        ),
        (f"{NEW}{LINE}too-late.json\n", f"{LINE}{NEW_SCHEMA}\n{NEW}{LINE}too-late.json\n"),
        (NEW.replace("\n", "\r\n"), f"{LINE}{NEW_SCHEMA}\r\n" + NEW.replace("\n", "\r\n")),
        (f"\ufeff{NEW}", f"\ufeff{LINE}{NEW_SCHEMA}\n{NEW}"),
        (NEW.rstrip("\n"), f"{LINE}{NEW_SCHEMA}\n" + NEW.rstrip("\n")),
        (
            "--- {apiVersion: skaffold/v4beta14,\n kind: Config}\n",
            f"{LINE}{NEW_SCHEMA}\n--- {{apiVersion: skaffold/v4beta14,\n kind: Config}}\n",
        ),
        (f"{NEW}bild: {{}}\n", f"{LINE}{NEW_SCHEMA}\n{NEW}bild: {{}}\n"),
    ],
)
def test_everything_else_stays_as_it_is(here: Here, project: Project, before: str, after: str) -> None:
    (project.folder / "skaffold.yaml").write_text(before, newline="")
    assert here.invoke(project, "schema.modeline").code == 0
    assert text(project) == after
    assert here.invoke(project, "schema.modeline", "--check").code == 0
    assert (project.folder / OLD_SCHEMA).exists() is (OLD in before)


def test_an_upgraded_config_gets_the_schema_of_its_new_version(here: Here, project: Project) -> None:
    project.write("skaffold.yaml", OLD)
    here.invoke(project, "schema.modeline")
    assert here.invoke(project, "schema.upgrade").code == 0
    assert text(project) == f"{LINE}{OLD_SCHEMA}\n{NEW}"
    assert here.invoke(project, "schema.modeline", "--check").code == 1
    assert here.invoke(project, "schema.modeline").code == 0
    assert text(project) == f"{LINE}{NEW_SCHEMA}\n{NEW}"


def test_configs_share_a_schema_in_one_folder(here: Here, project: Project) -> None:
    project.write("a/b/skaffold.yaml", NEW)
    words = ("schema.modeline", "--filename", "**/skaffold.yaml", "--folder", ".")
    done = here.invoke(project, *words)
    assert done.out.splitlines()[0] == f"{NEW_SCHEMA}: written"
    assert (project.folder / "a/b/skaffold.yaml").read_text() == f"{LINE}../../{NEW_SCHEMA}\n{NEW}"
    assert sorted(project.folder.rglob("*.json")) == [project.folder / NEW_SCHEMA]
    assert here.invoke(project, *words, "--check").code == 0
    done = here.invoke(project, *words[:-1], "with blank")
    assert (done.code, "path with blanks: with blank/" in done.err) == (2, True)


@pytest.mark.parametrize("content", ["{}", "not JSON", '{"$id": "urn:other"}', "[]"])
def test_a_file_of_somebody_else_is_kept(here: Here, project: Project, content: str) -> None:
    project.write(NEW_SCHEMA, content)
    done = here.invoke(project, "schema.modeline")
    assert (done.code, done.out) == (2, "")
    assert "exists and is not a schema of buildx-tasks\nmove it, or name another  --folder\n" in done.err
    assert (text(project), (project.folder / NEW_SCHEMA).read_text()) == (NEW, content)
    project.write(NEW_SCHEMA, json.dumps({"$id": "urn:buildx-tasks:skaffold:v4beta14", "old": True}))
    assert here.invoke(project, "schema.modeline").code == 0
    assert json.loads((project.folder / NEW_SCHEMA).read_text()) == project_schema("v4beta14")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("a: [", "skaffold.yaml:2:1: "),
        ("kind: Config\n", "apiVersion is missing"),
        ("", "skaffold.yaml: contains no config"),
        (f"{NEW}---\napiVersion: skaffold/v9\n", "skaffold.yaml:4:1: apiVersion: 'skaffold/v9' is newer"),
        (f'{NEW}--- {{apiVersion: skaffold/v4beta14, kind: "Con\n fig"}}\n', "write each --- on a line of its own"),
    ],
)
def test_what_is_not_a_config_is_left_alone(here: Here, project: Project, config: str, said: str) -> None:
    project.write("skaffold.yaml", config)
    project.write("good/skaffold.yaml", NEW)
    done = here.invoke(project, "schema.modeline", "--filename", "skaffold.yaml,good")
    assert (done.code, said in done.err) == (2, True), done.err
    assert text(project) == config
    assert (project.folder / "good/skaffold.yaml").read_text().startswith(LINE)


def test_standard_input_has_no_folder(here: Here, project: Project) -> None:
    assert here.invoke(project, "schema.modeline", "--filename", "-").code == 2
