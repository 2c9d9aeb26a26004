"""Which files a schema task looks at."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.inputs import find_inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("skaffold.yaml", "a/skaffold.yaml", "b/c/skaffold.yml", "with,comma.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], ["skaffold.yaml"]),
        (["skaffold.yaml"], ["skaffold.yaml"]),
        (["a"], ["a/skaffold.yaml"]),
        (["b/c"], ["b/c/skaffold.yml"]),
        (["**/skaffold.y*ml"], ["a/skaffold.yaml", "b/c/skaffold.yml", "skaffold.yaml"]),
        (["a,b/c", "skaffold.yaml"], ["a/skaffold.yaml", "b/c/skaffold.yml", "skaffold.yaml"]),
        (["with,comma.yaml"], ["with,comma.yaml"]),
        (["a", "a/*.yaml"], ["a/skaffold.yaml"]),
        (["-"], ["<stdin>"]),
    ],
)
def test_names_folders_and_patterns(folder: Path, names: list[str], shown: list[str]) -> None:
    assert [item.shown for item in find_inputs(names, folder)] == shown


def test_patterns_may_be_absolute(folder: Path) -> None:
    assert [item.path for item in find_inputs([f"{folder}/*/skaffold.yaml"], Path("/"))] == [folder / "a/skaffold.yaml"]


def test_skaffold_yml_is_the_second_default(tmp_path: Path) -> None:
    (tmp_path / "skaffold.yml").touch()
    assert [item.shown for item in find_inputs([], tmp_path)] == ["skaffold.yml"]


def test_all_that_is_missing_is_told_at_once(folder: Path) -> None:
    with pytest.raises(CannotStart) as caught:
        find_inputs(["x.yaml", "skaffold.yaml", "y/*.yaml", "b"], folder)
    missing = ["x.yaml: no such file", "y/*.yaml: no such file", "b: no skaffold.yaml or skaffold.yml in it"]
    assert caught.value.message.splitlines() == missing
    with pytest.raises(CannotStart, match=r"no skaffold\.yaml or skaffold\.yml in"):
        find_inputs([], folder / "b")


def test_reading_keeps_what_is_no_text(folder: Path) -> None:
    (folder / "skaffold.yaml").write_bytes(b"a: \xff\r\n")
    (item,) = find_inputs([], folder)
    assert item.read(io.BytesIO()) == "a: \udcff\r\n"
    (stdin,) = find_inputs(["-"], folder)
    assert stdin.read(io.BytesIO(b"b: 1")) == "b: 1"


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    (item,) = find_inputs([], folder)
    (folder / "skaffold.yaml").unlink()
    with pytest.raises(CannotStart, match=r"skaffold\.yaml can't be read: No such file"):
        item.read(io.BytesIO())
