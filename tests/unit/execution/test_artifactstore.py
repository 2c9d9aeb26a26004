"""The file of known results: whole or empty, shared between processes, never without end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.cache import store as artifactstore
from buildx_tasks.execution.cache.store import ArtifactStore


def put(path: Path, key: str, **what: str) -> None:
    store = ArtifactStore(path)
    store.put(key, **what)
    store.save()


def test_what_is_saved_is_there_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "new" / "artifacts.json"
    put(path, "k", digest="sha256:1")
    put(path, "k", image_id="sha256:2")
    entry = ArtifactStore(path).get("k")
    assert entry is not None
    assert (entry.digest, entry.id) == ("sha256:1", "sha256:2")
    assert ArtifactStore(path).get("other") is None


def test_a_new_result_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "artifacts.json"
    put(path, "k", digest="sha256:1", image_id="sha256:2")
    put(path, "k", digest="sha256:3")
    entry = ArtifactStore(path).get("k")
    assert entry is not None
    assert (entry.digest, entry.id) == ("sha256:3", "sha256:2")


def test_what_was_put_is_known_before_it_is_saved(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts.json")
    store.put("k", digest="sha256:1")
    assert store.get("k")
    assert not (tmp_path / "artifacts.json").exists()


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "artifacts.json"
    put(path, "k", digest="sha256:1")
    store = ArtifactStore(path)
    assert store.get("k")
    path.unlink()
    store.save()
    assert not path.exists()


def test_no_entry_of_many_writers_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "artifacts.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(path, f"k{number}", digest=f"sha256:{number}"), range(40)))
    store = ArtifactStore(path)
    assert all(store.get(f"k{number}") for number in range(40))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'{"format": 99}', b'{"format": 1, "entries": 3}', b"\xff"])
def test_a_broken_file_of_ours_is_an_empty_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "artifacts.json"
    path.write_bytes(data)
    assert ArtifactStore(path).get("k") is None
    put(path, "k", digest="sha256:1")
    assert ArtifactStore(path).get("k")


def test_entries_that_make_no_sense_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "artifacts.json"
    entries = {"a": 1, "b": {"digest": 5, "id": "sha256:1", "used": "x"}}
    path.write_text(json.dumps({"format": 1, "entries": entries}))
    store = ArtifactStore(path)
    assert store.get("a") is None
    entry = store.get("b")
    assert entry is not None
    assert (entry.digest, entry.id) == ("", "sha256:1")


@pytest.mark.parametrize("data", [b"abc:\n  digest: sha256:1\n", b"[]", b'{"a": {"digest": "sha256:1"}}'])
def test_a_file_of_others_is_never_written(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "cache"
    path.write_bytes(data)
    with pytest.raises(CannotStart, match="is not an artifact cache of buildx-tasks"):
        ArtifactStore(path)
    assert path.read_bytes() == data


def test_an_empty_file_may_be_used(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    path.touch()
    put(path, "k", digest="sha256:1")
    assert ArtifactStore(path).get("k")


def test_what_was_not_used_for_longest_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifactstore, "LIMIT", 3)
    path = tmp_path / "artifacts.json"
    entries = {f"k{day}": {"digest": f"sha256:{day}", "used": day} for day in range(5)}
    path.write_text(json.dumps({"format": 1, "entries": entries}))
    store = ArtifactStore(path)
    assert store.get("k0")
    store.put("new", digest="sha256:n")
    store.save()
    assert set(json.loads(path.read_text())["entries"]) == {"k4", "k0", "new"}


WRITER = """\
import sys
from pathlib import Path
from buildx_tasks.execution.cache.store import ArtifactStore
for at in range(10):
    store = ArtifactStore(Path(sys.argv[1]))
    for key in range(3):
        store.put(f"{sys.argv[2]}-{at}-{key}", digest="sha256:" + "a" * 64)
    store.put("shared", **{("digest", "image_id")[int(sys.argv[2]) % 2]: "sha256:" + "b" * 64})
    store.save()
"""


def test_many_runs_at_once_lose_nothing_and_tear_nothing(tmp_path: Path) -> None:
    """Twenty writers; one of four is killed in the middle of it."""
    path = tmp_path / "artifacts.json"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, str(at)]) for at in range(20)]
    killed = writers[::4]
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            json.loads(path.read_text())
            for writer in killed:
                writer.kill()
        time.sleep(0.01)
    store = ArtifactStore(path)
    ended = [at for at, writer in enumerate(writers) if writer not in killed]
    assert [writers[at].returncode for at in ended] == [0] * 15
    assert all(store.get(f"{at}-{turn}-{key}") for at in ended for turn in range(10) for key in range(3))
    shared = store.get("shared")
    assert shared is not None
    assert (shared.digest, shared.id) == ("sha256:" + "b" * 64,) * 2
    left = [file.name for file in tmp_path.iterdir() if file.name not in ("artifacts.json", ".artifacts.json.lock")]
    assert len(left) <= len(killed)
