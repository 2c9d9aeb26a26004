"""Folders for the time of a run, and those that killed runs have left."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

from buildx_tasks.execution.tempfolders import scratch_folder


def test_it_is_ours_alone_and_gone_afterwards(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), scratch_folder("x-", tmp_path) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        (folder / "deep/link").symlink_to(tmp_path)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "x-dead").mkdir()
    (tmp_path / "x-dead/file").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "x-file").write_text("")
    (tmp_path / "x-link").symlink_to(tmp_path / "other")
    with scratch_folder("x-", tmp_path) as alive:
        with scratch_folder("x-", tmp_path):
            assert alive.exists()
        assert {path.name for path in tmp_path.iterdir()} == {alive.name, "other", "x-file", "x-link"}
