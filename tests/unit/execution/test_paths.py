"""Files that a config names are read only as far as a file of that kind can be long."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.configfile import locate, read_config_file
from buildx_tasks.execution.config.inputs import Input
from buildx_tasks.execution.paths import LARGEST_FILE, read_regular
from buildx_tasks.execution.sources.inputdigest import read_dockerfile
from buildx_tasks.execution.verdicts import VerdictCache

SOON = pytest.mark.timeout(20)


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert read_regular(tmp_path / "f") == b"abc"
    assert read_regular(str(tmp_path / "f"), limit=3) == b"abc"


@SOON
def test_devices_pipes_and_folders_are_no_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", tmp_path / "pipe"):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(path)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abcd")
    with pytest.raises(OSError, match="more than 3 bytes") as caught:
        read_regular(tmp_path / "f", limit=3)
    assert caught.value.errno == errno.EFBIG


@SOON
def test_a_dockerfile_without_an_end_is_an_error() -> None:
    with pytest.raises(CannotStart, match="/dev/zero: it is not a regular file"):
        read_dockerfile(Path("/dev/zero"))


@SOON
def test_a_config_without_an_end_is_an_error(tmp_path: Path) -> None:
    text = f"more than {LARGEST_FILE} bytes"
    with pytest.raises(CannotStart, match=text):
        read_config_file(locate("/dev/zero", tmp_path, tmp_path), VerdictCache(None))
    with pytest.raises(CannotStart, match=text):
        Input("/dev/zero", Path("/dev/zero")).read(io.BytesIO())
    with pytest.raises(CannotStart, match=text):
        Input("<stdin>").read(io.BytesIO(b"\0" * (LARGEST_FILE + 1)))
