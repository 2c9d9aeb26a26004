"""Files are read once, and what could have changed unseen is read again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from buildx_tasks.execution.sources import filehash
from buildx_tasks.execution.sources.filehash import FileHashes, hashes_path, user_cache_folder

OLD = time.time() - 3600


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an hour later than what the files' times say, unless a test says otherwise."""
    now = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: now)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read."""
    seen: list[str] = []
    real = filehash._hash

    def spy(path: str) -> tuple[str, filehash.State]:
        seen.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(filehash, "_hash", spy)
    return seen


def digest(hashes: FileHashes, file: Path) -> str:
    return hashes.digest(str(file), file.lstat())


def test_a_file_is_read_once_and_remembered_across_runs(tmp_path: Path, reads: list[str]) -> None:
    file, memory = tmp_path / "a", tmp_path / "cache" / "memory.json"
    file.write_text("content")
    first = FileHashes(memory)
    one = digest(first, file)
    assert digest(first, file) == one
    first.save()
    assert digest(FileHashes(memory), file) == one
    assert reads == ["a"]
    assert (tmp_path / "cache" / "memory.json").stat().st_size < 400


@pytest.mark.parametrize("change", ["content", "same size", "same size and time", "another file in its place"])
def test_a_changed_file_is_read_again(tmp_path: Path, change: str) -> None:
    file, memory = tmp_path / "a", tmp_path / "memory.json"
    file.write_text("before")
    os.utime(file, (OLD, OLD))
    first = FileHashes(memory)
    before = digest(first, file)
    first.save()
    if change == "content":
        file.write_text("something longer")
    elif change == "another file in its place":
        other = tmp_path / "b"
        other.write_text("after!")
        os.utime(other, (OLD, OLD))
        other.replace(file)
    else:
        file.write_text("after!")
        if change == "same size and time":
            os.utime(file, (OLD, OLD))
    assert digest(FileHashes(memory), file) != before


def test_a_file_written_just_now_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: list[str]
) -> None:
    file, memory = tmp_path / "a", tmp_path / "memory.json"
    file.write_text("content")
    written = file.stat().st_mtime_ns
    hashes = FileHashes(memory)
    for age in (0, filehash.SAFE_AGE // 2, filehash.SAFE_AGE, -5 * 10**9):
        monkeypatch.setattr(time, "time_ns", lambda age=age: written + age)
        digest(hashes, file)
    hashes.save()
    assert reads == ["a"] * 4
    assert not memory.exists()


def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path: Path, reads: list[str]) -> None:
    file = tmp_path / "a"
    file.write_text("before")
    status = file.lstat()
    file.write_text("after it was looked at")
    hashes = FileHashes(tmp_path / "memory.json")
    hashes.digest(str(file), status)
    hashes.digest(str(file), status)
    assert reads == ["a", "a"]


def test_extended_attributes_count(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("content")
    hashes = FileHashes(None)
    before = digest(hashes, file)
    try:
        os.setxattr(file, "user.kind", b"1")
    except (AttributeError, OSError):
        pytest.skip("no extended attributes here")
    assert digest(hashes, file) != before


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"format":2,"folders":{}}',
        b'{"format":1}',
        b'{"format":1,"folders":[1]}',
        b'{"format":1,"folders":{"/x":["a"]}}',
        b'{"format":1,"folders":{"/x":{"a":[1,2,3,4]}}}',
        b'{"format":1,"folders":{"/x":{"a":null}}}',
        b"\xff\xfe",
    ],
)
def test_a_broken_memory_is_an_empty_one(tmp_path: Path, data: bytes) -> None:
    file, memory = tmp_path / "a", tmp_path / "memory.json"
    file.write_text("content")
    memory.write_bytes(data)
    hashes = FileHashes(memory)
    assert digest(hashes, file) == digest(FileHashes(None), file)
    hashes.save()
    assert json.loads(memory.read_text())["format"] == 1


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    file, memory = tmp_path / "a", tmp_path / "memory.json"
    file.write_text("content")
    first = FileHashes(memory)
    digest(first, file)
    first.save()
    again = FileHashes(memory)
    digest(again, file)
    memory.unlink()
    again.save()
    assert not memory.exists()


def test_what_is_not_looked_at_any_more_is_forgotten_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filehash, "FORGET_ABOVE", 3)
    memory = tmp_path / "memory.json"
    files = [tmp_path / f"f{number}" for number in range(10)]
    for file in files:
        file.write_text(file.name)
    first = FileHashes(memory)
    for file in files:
        digest(first, file)
    first.save()
    few = FileHashes(memory)
    files[0].write_text("changed")
    digest(few, files[0])
    few.save()
    (names,) = json.loads(memory.read_text())["folders"].values()
    assert list(names) == ["f0"]


def test_a_folder_that_cannot_be_written_is_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("content")
    hashes = FileHashes(file / "below" / "memory.json")
    digest(hashes, file)
    hashes.save()


def test_the_cache_folder_is_the_users() -> None:
    home = Path("/home/u")
    assert user_cache_folder({}, home) == Path("/home/u/.cache/buildx-tasks")
    assert user_cache_folder({"XDG_CACHE_HOME": "relative"}, home) == Path("/home/u/.cache/buildx-tasks")
    folder = user_cache_folder({"XDG_CACHE_HOME": "/c"}, home)
    assert folder == Path("/c/buildx-tasks")
    assert hashes_path(folder, Path("/a")) != hashes_path(folder, Path("/b"))
