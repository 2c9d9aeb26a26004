from __future__ import annotations

from pathlib import Path

from buildx_tasks.execution.config.envfile import load_environment_file


def test_adds_what_the_environment_lacks(tmp_path: Path) -> None:
    (tmp_path / "skaffold.env").write_text("A=file\nB=file\nC=file\n")
    assert load_environment_file(tmp_path, {"A": "own", "B": ""}) == {"A": "own", "B": "", "C": "file"}


def test_no_file_adds_nothing(tmp_path: Path) -> None:
    warnings: list[str] = []
    assert load_environment_file(tmp_path, {"A": "1"}, warnings.append) == {"A": "1"}
    assert not warnings


def test_problems_are_warnings(tmp_path: Path) -> None:
    warnings: list[str] = []
    (tmp_path / "skaffold.env").write_text("A=1\nnonsense\n")
    assert load_environment_file(tmp_path, {}, warnings.append) == {"A": "1"}
    (tmp_path / "skaffold.env").write_bytes(b"A=\xff")
    assert load_environment_file(tmp_path, {}, warnings.append) == {}
    (tmp_path / "skaffold.env").unlink()
    (tmp_path / "skaffold.env").mkdir()
    assert load_environment_file(tmp_path, {}, warnings.append) == {}
    assert [line.split(":", 2)[:2] for line in warnings] == [
        ["skaffold.env", "2 is not used"],
        ["skaffold.env is not used", " it is not UTF-8 text"],
        ["skaffold.env is not used", " Is a directory"],
    ]
