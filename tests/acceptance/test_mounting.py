"""`namespace` in the tasks.py of projects as they are, through Invoke's own program and loader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from buildx_tasks.testing import TasksFile

CONFIG = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild: {artifacts: [{image: app}]}\n"
HEAD = "from invoke import Collection, task\nimport buildx_tasks\n"
OWN = '''
@task(default=True, aliases=["t"])
def test_all(c):
    """Test everything."""
    print("tests ran, color is", c.config.get("color", "none"))

@task
def lint(c):
    """Lint."""
    print("lint ran")
'''
MOUNT = "ns = buildx_tasks.namespace(__name__)\n"
SINGLE = HEAD + OWN + MOUNT
SHAPES: dict[str, dict[str, str]] = {
    "single module": {"tasks.py": SINGLE},
    "package": {
        "tasks/__init__.py": HEAD + "from tasks.own import lint, test_all\n" + MOUNT,
        "tasks/own.py": HEAD + OWN,
    },
    "Collection.from_module": {
        "tasks.py": HEAD
        + "import own\n"
        + "ns = Collection.from_module(own)\nns.configure({'color': 'red'})\n"
        + MOUNT,
        "own.py": HEAD + OWN,
    },
    "explicit ns": {
        "tasks.py": HEAD
        + OWN
        + "@task\ndef html(c):\n    print('html ran')\n@task\ndef hidden(c):\n    pass\n"
        + "ns = Collection(test_all, lint, docs=Collection(html))\nns.configure({'color': 'red'})\n"
        + MOUNT
    },
    "explicit namespace": {
        "tasks.py": HEAD + OWN + "namespace = Collection(test_all, lint)\nns = buildx_tasks.namespace(__name__)\n"
    },
    "auto_dash_names false": {"tasks.py": SINGLE, "invoke.yaml": "tasks: {auto_dash_names: false}\n"},
}
Make = Callable[..., TasksFile]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a project of these files."""

    def project(files: dict[str, str]) -> TasksFile:
        folder = tmp_path / "project"
        for name, text in {"skaffold.yaml": CONFIG, "Dockerfile": "FROM scratch\n", **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return TasksFile(folder, tmp_path / "scratch")

    return project


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_there_stays_and_ours_comes_beside_it(make: Make, shape: str) -> None:
    with_us = make(SHAPES[shape])
    all_names = with_us.names
    ours = {name for name in all_names if name.startswith(("buildx.", "schema."))}
    assert {"buildx.build", "buildx.config.set", "schema.upgrade"} <= ours
    test = "test_all" if "false" in shape else "test-all"
    assert {test, "lint"} <= all_names
    assert ("docs.html" in all_names) == (shape == "explicit ns")
    assert "hidden" not in all_names
    for words in ((), ("t",), (test,)):
        done = with_us.run(*words)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("tests ran")
    configured = shape in ("Collection.from_module", "explicit ns")
    assert f"color is {'red' if configured else 'none'}" in with_us.run("t").out
    done = with_us.run("lint", "buildx.build", "--tag", "v1", "--no-push")
    assert (done.code, done.err) == (0, "")
    assert "app:v1" in with_us.docker.builds[0]["argv"]
    assert with_us.run("--list").err == ""
    assert "invoke schema.upgrade" in upgrade_hint(with_us)


def upgrade_hint(project: TasksFile, command: str = "schema.validate") -> str:
    """What is said about a config that is too old for a key."""
    (project.folder / "old.yaml").write_text(
        CONFIG.replace("v4beta13", "v2beta29").replace("}]", ", docker: {cacheTo: [a]}}]")
    )
    done = project.run(command, "--filename", "old.yaml")
    assert done.code == 1, done.err
    return done.out


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_namespace_of_ours_alone_names_what_it_leaves_out(make: Make, place: str) -> None:
    line = "ns = buildx_tasks.namespace()\n"
    project = make({"tasks.py": HEAD + (line + OWN if place == "before" else OWN + line)})
    done = project.run("--list")
    assert done.code == 0
    assert done.err == (
        "WARNING: tasks.py: the tasks lint, test-all are missing from its namespace\n"
        "write as the last line:  ns = buildx_tasks.namespace(__name__)\n"
    ).replace("test-all", "test_all")
    assert project.run("--complete", "--", "invoke buildx").err == ""


def test_a_task_after_the_last_line_is_named_too(make: Make) -> None:
    project = make({"tasks.py": SINGLE + "@task\ndef late(c):\n    pass\n"})
    assert "the tasks late are missing" in project.run("--list").err


@pytest.mark.parametrize(
    "rest",
    [
        "ns = Collection(lint, test_all)\n[*map(ns.add_collection, buildx_tasks.namespace().collections.values())]\n",
        "ns = buildx_tasks.namespace()\nns.add_task(lint)\nns.add_task(test_all)\n",
    ],
)
def test_nothing_is_said_where_nothing_is_lost(make: Make, rest: str) -> None:
    project = make({"tasks.py": HEAD + OWN + rest})
    assert {"lint", "test-all", "buildx.build"} <= project.names
    assert project.run("--list").err == ""


CLASHES = {
    "@task\ndef schema(c):\n    pass\n": "a task named schema",
    "@task(name='buildx')\ndef own(c):\n    pass\n": "a task named buildx",
    "@task(aliases=['schema'])\ndef own(c):\n    pass\n": "a task named schema",
    "@task\ndef own(c):\n    pass\nns = Collection(own, buildx=Collection(own))\n": "a collection named buildx",
    "@task\ndef schema(c):\n    pass\nns = Collection(schema, buildx=Collection(schema))\n": (
        "a collection named buildx and a task named schema"
    ),
}


@pytest.mark.parametrize("own", CLASHES)
def test_a_name_that_is_taken_is_an_error_with_a_way_out(make: Make, own: str) -> None:
    project = make({"tasks.py": HEAD + own + MOUNT})
    done = project.run("--list")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"tasks.py has {CLASHES[own]} already\n"
        'mount the tasks under another name:  ns = buildx_tasks.namespace(__name__, name="img")\n'
    )
    (project.folder / "tasks.py").write_text(HEAD + own)
    before = project.names
    (project.folder / "tasks.py").write_text(HEAD + own + MOUNT.replace(")", ', name="img")'))
    after = TasksFile(project.folder, project.scratch / "again").names
    assert before < after
    assert {"img.build", "img.config.set", "img.schema.validate"} <= after
    assert not {name for name in after - before if not name.startswith("img.")}


def test_the_other_name_may_be_taken_too(make: Make) -> None:
    done = make({"tasks.py": HEAD + "@task\ndef img(c):\n    pass\n" + MOUNT.replace(")", ', name="img")')}).run(
        "--list"
    )
    assert (done.code, done.err.splitlines()[0]) == (2, "tasks.py has a task named img already")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ns = buildx_tasks.namespace('other')\n", "no module 'other' is loaded"),
        ("ns = buildx_tasks.namespace(__name__, name='a.b')\n", "'a.b' is not a name for a collection"),
        (
            "ns = buildx_tasks.namespace()\n@task\ndef schema(c):\n    pass\nns.add_task(schema)\n",
            "a task named schema",
        ),
    ],
)
def test_other_mistakes_are_messages_as_well(make: Make, line: str, said: str) -> None:
    done = make({"tasks.py": HEAD + line}).run("--list")
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_config_key_of_the_project_is_not_taken_for_ours(make: Make) -> None:
    own = OWN + "ns = Collection(lint)\nns.configure({'buildx': {'image': 'mine'}})\n"
    project = make({"tasks.py": HEAD + own + MOUNT})
    done = project.run("--list")
    assert done.code == 2
    assert done.err.startswith("tasks.py configures buildx with the keys image: none of them is a setting")
    (project.folder / "tasks.py").write_text(HEAD + own + MOUNT.replace(")", ', name="img")'))
    project.env["INVOKE_IMG_CACHE_TAG"] = "variable"
    (project.folder / "invoke.yaml").write_text("img: {builder: ci}\n")
    shown = project.run("img.config.list", "--format", "json").out
    values = {item["key"]: item["value"] for item in yaml.safe_load(shown)} if shown.startswith("[") else shown
    assert "ci" in str(values)
    assert "variable" in str(values)


@pytest.mark.parametrize("mount", [MOUNT, MOUNT.replace(")", ', name="img")')])
def test_settings_of_ours_are_read_under_any_name(make: Make, mount: str) -> None:
    own = OWN + "ns = Collection(lint)\nns.configure({'buildx': {'cache_tag': 'root'}})\n"
    project = make({"tasks.py": HEAD + own + mount, "invoke.yaml": "buildx: {builder: ci}\n"})
    shown = project.run("buildx.config.list" if mount == MOUNT else "img.config.list").out
    assert "root" in shown
    assert "ci" in shown


@pytest.mark.parametrize(
    ("rest", "words", "hint"),
    [
        (MOUNT.replace(")", ', name="img")'), ("img.schema.validate",), "run: invoke img.schema.upgrade"),
        ("ns = Collection(ci=buildx_tasks.namespace())\n", ("ci.schema.validate",), "run: invoke ci.schema.upgrade"),
        ("ns = Collection(old=buildx_tasks.schema)\n", ("old.validate",), "run: invoke old.upgrade"),
        ("ns = Collection(buildx_tasks.schema.tasks['validate'])\n", ("validate",), "run: buildx-tasks schema.upgrade"),
    ],
)
def test_hints_name_the_task_as_it_is_mounted(make: Make, rest: str, words: tuple[str, ...], hint: str) -> None:
    assert hint in upgrade_hint(make({"tasks.py": HEAD + rest}), *words)


def test_a_file_of_another_name_is_in_the_hint(make: Make) -> None:
    project = make({"images.py": SINGLE})
    (project.folder / "bad.yaml").write_text("apiVersion: 7\nkind: Config\n")
    done = project.run("-c", "images", "schema.upgrade", "--filename", "bad.yaml")
    assert "invoke -c images schema.versions" in done.err
