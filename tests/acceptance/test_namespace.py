"""The mounted namespace, through invoke's own program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from invoke.collection import Collection
from invoke.tasks import Task

import buildx_tasks
from buildx_tasks.tasks.program import main
from buildx_tasks.tasks.task import GuardedTask


def every_task(collection: Collection) -> Iterator[tuple[str, Task]]:  # type: ignore[type-arg]
    for name in collection.task_names:
        yield name, collection[name]


def test_every_task_is_guarded_and_documented() -> None:
    tasks = dict(every_task(buildx_tasks.namespace()))
    assert "schema.versions" in tasks
    for name, task in tasks.items():
        assert isinstance(task, GuardedTask), name
        first = (task.__doc__ or "").splitlines()[0]
        assert 0 < len(first) <= 60, name
        bare = [argument.name for argument in task.get_arguments() if not argument.help]
        assert not bare, f"{name}: help is missing for {bare}"


def test_the_program_lists_the_tasks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["buildx-tasks", "--list"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert not caught.value.code
    assert "schema.versions" in capsys.readouterr().out
