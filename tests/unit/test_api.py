"""The Python API as a face: typed arguments with the names of the docs, one line for an expected failure."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

import pytest
from recording import Project as Folder
from recording import make_project

import buildx_tasks
from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.config import graph
from buildx_tasks.model.arguments import SettingArguments
from buildx_tasks.model.layers import kind_of
from buildx_tasks.model.settings import KEYS

CONFIG = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts: [{image: app, context: app}]\n"
PAGE = Path(__file__).parents[2] / "docs" / "python.md"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    project = make_project(tmp_path, CONFIG)
    project.docker.save()
    return project


def where(folder: Folder) -> Any:
    return {"environ": folder.environment(), "cwd": folder.folder, "warn": lambda _text: None}


def test_every_setting_is_an_argument_of_its_kind() -> None:
    hints = get_type_hints(SettingArguments)
    assert {name.replace("_", "-") for name in hints} == {*KEYS} - {"filename"}
    kinds = {"bool": "boolean", "int": "number", "str": "text", "Sequence": "list", "Mapping": "mapping"}
    for name, hint in hints.items():
        word = re.split(r"\W", str(hint).replace("collections.abc.", "").replace("typing.", ""))[0]
        assert kinds[word] == kind_of(name.replace("_", "-")), name


@pytest.mark.parametrize("call", [buildx_tasks.plan, buildx_tasks.build, buildx_tasks.Project])
def test_an_unknown_argument_is_a_type_error_with_the_nearest(call: Any, folder: Folder) -> None:
    with pytest.raises(TypeError) as raised:
        call(**where(folder), biulder="ci", nothing_like_it=1)
    name = call.__name__
    assert str(raised.value).splitlines() == [
        f"{name}() got an unexpected keyword argument 'biulder'. Did you mean 'builder'?",
        f"{name}() got an unexpected keyword argument 'nothing_like_it'",
    ]


def test_a_project_plans_and_builds_and_reads_its_config_once(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real: Any = vars(graph)["read_config_file"]

    def noted(location: Any, *rest: Any) -> Any:
        read.append(location.shown)
        return real(location, *rest)

    monkeypatch.setattr(graph, "read_config_file", noted)
    log = io.StringIO()
    with buildx_tasks.Project(default_repo="reg.example", tag="v1", **where(folder)) as project:
        assert [config.file for config in project.configs()] == ["skaffold.yaml"]
        assert project.plan().steps[0].tag == "reg.example/app:v1"
        assert project.build(log=log).ok
    assert read == ["skaffold.yaml"]
    assert "Build [app] succeeded" in log.getvalue()
    assert project.plan(tag="v2").steps[0].tag == "reg.example/app:v2"
    assert project.plan().steps[0].tag == "reg.example/app:v1"


def test_an_expected_failure_is_one_message_for_nox(folder: Folder) -> None:
    class SessionError(Exception):
        pass

    def error(message: str) -> NoReturn:
        raise SessionError(message)

    with (
        pytest.raises(SessionError) as raised,
        buildx_tasks.Project("none.yaml", fail=error, **where(folder)) as project,
    ):
        project.build()
    assert "none.yaml" in str(raised.value)
    with pytest.raises(CannotStart), buildx_tasks.Project("none.yaml", **where(folder)) as project:
        project.build()
    with pytest.raises(ZeroDivisionError), buildx_tasks.Project(fail=error, **where(folder)):
        _ = 1 / 0


def test_output_is_the_setting(folder: Folder) -> None:
    plan = buildx_tasks.plan(output=["type=oci,dest=app.tar"], **where(folder))
    assert [item.value.kind for item in plan.steps[0].request.outputs] == ["export"]


def test_the_page_names_every_export_and_every_error() -> None:
    text = PAGE.read_text()
    functions = {name for name in buildx_tasks.EXPORTS if name not in ("buildx", "schema", "namespace")}
    assert all(f"`{name}" in text for name in functions)
    errors = {one.__name__ for one in BuildxTasksError.__subclasses__()}
    assert all(f"`{name}`" in text for name in errors if not name.startswith("_"))
