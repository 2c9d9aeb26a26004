"""Tasks and the Python API are two faces of one run: the same outcome, the same notes, each question asked once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recording import Here, Project, make_project

import buildx_tasks
from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.cluster import kube
from buildx_tasks.model.result import Results
from buildx_tasks.planning.config import select
from buildx_tasks.planning.tags import references

CONFIG = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts: [{image: reg.example/app, context: app}]\n"
LOST_CACHE = "#9 exporting cache to registry\n#9 ERROR: failed to push reg.example/app:cache: denied\n"
LOST = "artifact 'reg.example/app': the image is there, but its cache could not be written: "


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path, CONFIG)
    project.docker.table["buildx build"] = (0, "", LOST_CACHE)
    return project


def api(project: Project, **settings: Any) -> Results:
    project.docker.save()
    return buildx_tasks.build(
        environ=project.environment(), cwd=project.folder, default_repo="", tag="v1", push=True, **settings
    )


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--strict",), 1)])
def test_a_warning_of_a_build_fails_the_task_under_strict(
    here: Here, project: Project, flags: tuple[str, ...], code: int
) -> None:
    done = here.invoke(project, "buildx.build", "--tag", "v1", "--push", *flags)
    assert done.code == code
    assert LOST in done.err


def test_a_warning_of_a_build_fails_the_api_under_strict(project: Project) -> None:
    warnings: list[str] = []
    assert api(project, warn=warnings.append).ok
    assert any("cache could not be written" in text for text in warnings)
    with pytest.raises(WorkFailed, match="cache could not be written") as raised:
        api(project, strict=True, warn=lambda _text: None)
    assert raised.value.hint == "--strict turns every warning into an error"
    assert api(project, strict=True, check=False, warn=lambda _text: None).ok


def test_the_api_gives_the_notes_of_a_plan_to_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, here: Here
) -> None:
    block = ".buildx: {builder: later, builders: {later: {driver: remote, endpoint: 'tcp://127.0.0.1:9'}}}\n"
    project = make_project(tmp_path, f"{CONFIG}{block}")
    note = "builder later (remote) does not exist yet: buildx-tasks buildx.build creates it"
    done = here.invoke(project, "buildx.plan", "--tag", "v1")
    assert f"note: {note}\n" in done.err
    project.docker.save()
    with caplog.at_level(logging.INFO, "buildx_tasks"):
        buildx_tasks.plan(environ=project.environment(), cwd=project.folder, tag="v1")
    assert note in caplog.messages


def test_each_question_is_asked_once(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path, f"{CONFIG}.buildx: {{cacheTag: main}}\n")
    project.write("../home/.kube/config", "current-context: dev\n")
    counts: Counter[str] = Counter()

    from buildx_tasks.execution import pipeline
    from buildx_tasks.planning.build import plan

    def counted(module: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(module, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            counts[name] += 1
            return real(*args, **kwargs)

        for place in (module, *(item for item in (pipeline, plan) if hasattr(item, name))):
            monkeypatch.setattr(place, name, call)

    counted(kube, "_load")
    counted(select, "select_artifacts")
    counted(references, "check_policies")
    assert here.invoke(project, "buildx.plan").code == 0
    assert counts == {"_load": 1, "select_artifacts": 1, "check_policies": 1}
