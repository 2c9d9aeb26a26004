from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from buildx_tasks.execution.cache.verdicts import KEPT, VerdictCache, _code, key_of

KEY = key_of("kind", "content")


def test_what_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "memory"
    assert VerdictCache(file).recall(KEY) is None
    VerdictCache(file).keep(KEY, "0.29.1")
    assert VerdictCache(file).recall(KEY) == "0.29.1"
    VerdictCache(file).keep(KEY, "0.30.0")
    assert VerdictCache(file).recall(KEY) == "0.30.0"


def test_keys_differ_by_kind_and_content() -> None:
    assert len({KEY, key_of("kind", "other"), key_of("other", "content"), key_of("kind\ncontent", "")}) == 4


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"short -\n", b"no blank\n\n" * 10])
def test_junk_in_the_file_is_passed_over(tmp_path: Path, junk: bytes) -> None:
    file = tmp_path / "memory"
    file.write_bytes(junk)
    assert VerdictCache(file).recall(KEY) is None


def test_a_file_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("")
    memory = VerdictCache(tmp_path / "memory" / "below a file")
    memory.keep(KEY)
    assert memory.holds(KEY)


def test_compiled_code_changes_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "document").mkdir()
    (tmp_path / "document" / "judge.py").write_text("")
    monkeypatch.setattr("buildx_tasks.execution.cache.verdicts.PACKAGE", tmp_path)
    keys = set()
    for folder in ("", "document/__pycache__"):
        (tmp_path / folder).mkdir(exist_ok=True)
        _code.cache_clear()
        keys.add(key_of("kind", "content"))
    _code.cache_clear()
    assert len(keys) == 1


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "memory"
    memory = VerdictCache(file)
    for number in range(KEPT + 50):
        memory.keep(key_of("kind", str(number)))
    assert len(file.read_text().splitlines()) < KEPT


WRITER = """
import sys
from pathlib import Path
from buildx_tasks.execution.cache.verdicts import VerdictCache, key_of
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 100):
    VerdictCache(Path(sys.argv[1])).keep(key_of("kind", str(number)))
"""


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "memory"
    argv = [sys.executable, "-c", WRITER, str(file)]
    # Elsewhere than in the checkout, which python -c would import before what is installed.
    writers = [subprocess.Popen([*argv, str(first)], cwd=tmp_path) for first in (0, 100, 200)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert all(VerdictCache(file).holds(key_of("kind", str(number))) for number in range(300))


def test_without_a_home_nothing_is_kept() -> None:
    memory = VerdictCache.of({})
    memory.keep(KEY)
    assert memory.file is None
