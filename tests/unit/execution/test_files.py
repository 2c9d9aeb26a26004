from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import keep_old, write_atomic


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


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_keeps_the_file_and_nothing_else(full: Path) -> None:
    (full / "file").write_bytes(b"old" * 12_000)
    with pytest.raises(CannotStart, match="No space left on device"):
        write_atomic(full / "file", b"new" * 12_000)
    with pytest.raises(CannotStart, match=r"file\.bak can't be written: No space left on device"):
        keep_old(full / "file", b"old" * 12_000)
    assert [item.name for item in full.iterdir()] == ["file"]
    assert (full / "file").read_bytes() == b"old" * 12_000


@pytest.mark.parametrize("links", [True, False])
def test_an_old_text_is_kept_under_the_first_free_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_paths: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "file"
    path.write_bytes(b"now")
    path.chmod(0o640)
    os.utime(path, (1, 2))
    assert [keep_old(path, text).name for text in (b"a", b"b")] == ["file.bak", "file.bak1"]
    assert [(tmp_path / name).read_bytes() for name in ("file.bak", "file.bak1")] == [b"a", b"b"]
    status = (tmp_path / "file.bak1").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime) == (0o640, 2)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "file.bak", "file.bak1"]


KILLED = """
import sys
from pathlib import Path
from buildx_tasks.execution import tempfiles
with tempfiles.written_aside(Path(sys.argv[1]), b"half", None):
    print("written", flush=True)
    sys.stdin.read()
"""


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_of_one_that_lives(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "written\n"
    (tmp_path / ".file.buildx-tasks-mine").touch()
    runs[0].send_signal(signal.SIGKILL)
    runs[0].communicate()
    assert len(list(tmp_path.iterdir())) == 4
    write_atomic(path, b"new")
    left = {item.name for item in tmp_path.iterdir()} - {"file", ".file.buildx-tasks-mine"}
    assert len(left) == 1
    runs[1].communicate()
    assert {item.name for item in tmp_path.iterdir()} == {"file", ".file.buildx-tasks-mine"}


def test_a_file_that_another_run_removed_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock
    taken: list[Path] = []

    def flock(descriptor: int, how: int) -> None:
        if not taken:
            taken.extend(tmp_path.glob(".file.*"))
            taken[0].unlink()
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    write_atomic(tmp_path / "file", b"new")
    assert len(taken) == 1
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_atomic(path, b"a")
    write_atomic(path, b"b")
    assert path.read_bytes() == b"b"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("before", [None, 0o644, 0o600])
def test_a_private_file_is_its_owners_alone(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.touch(before)
    write_atomic(path, b"new", private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("private", [True, False])
def test_nobody_reads_a_private_file_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    path = tmp_path / "file"
    if not private:
        path.touch(0o600)
    modes: list[int] = []
    real = os.open

    def opened(name: object, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            modes.append(mode)
        return real(str(name), flags, mode)

    monkeypatch.setattr(os, "open", opened)
    write_atomic(path, b"new", private=private)
    assert modes == [0o600]
