from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import write_atomic


def test_a_new_file_gets_the_usual_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "new", b"a\r\nb")
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == b"a\r\nb"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o444])
def test_the_mode_stays(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_the_file_is_replaced_and_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_atomic(path, b"new")
        assert reader.read() == b"old"


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_stays_a_link(tmp_path: Path, dangling: bool) -> None:
    target, link = tmp_path / "dotfiles" / "config", tmp_path / "config"
    target.parent.mkdir()
    if not dangling:
        target.write_bytes(b"old")
    link.symlink_to("dotfiles/config")
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(item.name for item in target.parent.iterdir()) == ["config"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    write_atomic(Path(f"/dev/fd/{writing}"), b"text")
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        assert stream.read() == b"text"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"missing/file can't be written: No such file or directory"):
        write_atomic(tmp_path / "missing" / "file", b"")


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(CannotStart, match="Is a directory"):
        write_atomic(tmp_path / "file", b"")
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
