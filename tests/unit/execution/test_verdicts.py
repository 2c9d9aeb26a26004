from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from buildx_tasks.execution import verdicts
from buildx_tasks.execution.verdicts import KEPT, LIBRARIES, VerdictCache, _code, key_of

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
    verdicts = VerdictCache(tmp_path / "memory" / "below a file")
    verdicts.keep(KEY)
    assert verdicts.holds(KEY)


NOT_JUDGING = {"invoke", "rich", "sh", "urllib3"}
"""Tasks, terminals, processes and connections: no verdict is about these."""


def stamp() -> str:
    _code.cache_clear()
    try:
        return _code()
    finally:
        _code.cache_clear()


def test_compiled_code_changes_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "document").mkdir()
    (tmp_path / "document" / "judge.py").write_text("")
    monkeypatch.setattr(verdicts, "PACKAGE", tmp_path)
    before = stamp()
    (tmp_path / "document" / "__pycache__").mkdir()
    (tmp_path / "document" / "__pycache__" / "judge.cpython.pyc").write_text("")
    assert stamp() == before


def closure_of(*names: str) -> tuple[set[Path], set[str]]:
    """The files of ours that modules import, directly or not, and the top-level names of everything else."""
    files: set[Path] = set()
    others: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if not name.startswith("buildx_tasks"):
            others.add(name.partition(".")[0])
            continue
        found = importlib.util.find_spec(name) if name.count(".") < 2 or _is_module(name) else None
        if found is None or found.origin is None or Path(found.origin) in files:
            continue
        files.add(Path(found.origin))
        for node in ast.walk(ast.parse(Path(found.origin).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return files, others


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # what is imported is no module, but something in one
        return False


def test_the_stamp_covers_every_module_that_a_verdict_depends_on() -> None:
    """Every caller of `key_of` with all that it imports, and the schema; the libraries are named one by one."""
    callers = [path for path in verdicts.PACKAGE.rglob("*.py") if re.search(r"\bkey_of\(", path.read_text("utf-8"))]
    names = [".".join(path.relative_to(verdicts.PACKAGE.parent).with_suffix("").parts) for path in callers]
    files, others = closure_of(*names)
    schema = {path for folder in ("_schema", "../schema") for path in (verdicts.PACKAGE / folder).glob("*.json")}
    assert len(callers) >= 4
    assert len(files) > 50
    assert schema
    stamped = {
        Path(line.rsplit(" ", 2)[0])
        for folder in (verdicts.PACKAGE, verdicts.PACKAGE.parent / "schema")
        for line in verdicts._stamps(str(folder))
    }
    assert {path.resolve() for path in files | schema} <= {path.resolve() for path in stamped}
    foreign = others - set(sys.stdlib_module_names)
    assert foreign - NOT_JUDGING <= set(LIBRARIES)


@pytest.mark.parametrize("change", ["edit", "touch", "add", "remove", "schema"])
def test_any_change_of_the_code_is_another_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    package = tmp_path / "buildx_tasks"
    (package / "deep" / "er").mkdir(parents=True)
    (tmp_path / "schema").mkdir()
    module, newest = package / "deep" / "er" / "judge.py", package / "newest.py"
    for file, text in ((module, "a = 1\n"), (newest, ""), (tmp_path / "schema" / "build.json", "{}")):
        file.write_text(text)
        os.utime(file, (1, 1))
    os.utime(newest, (9, 9))
    monkeypatch.setattr(verdicts, "PACKAGE", package)
    before = stamp()
    if change == "edit":
        module.write_text("a = 10\n")
        os.utime(module, (1, 1))
    elif change == "touch":
        os.utime(module, (2, 2))  # older than the newest still
    elif change == "add":
        (package / "deep" / "more.py").write_text("")
    elif change == "remove":
        module.unlink()
    else:
        (tmp_path / "schema" / "build.json").write_text("{} ")
    assert stamp() != before


def test_another_version_of_a_library_is_another_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "judging.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(verdicts, "LIBRARIES", ("judging", "not_installed"))
    before = stamp()
    os.utime(tmp_path / "judging.py", (1, 1))
    assert stamp() != before


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "memory"
    verdicts = VerdictCache(file)
    for number in range(KEPT + 50):
        verdicts.keep(key_of("kind", str(number)))
    assert len(file.read_text().splitlines()) < KEPT


WRITER = """
import sys
from pathlib import Path
from buildx_tasks.execution.verdicts import VerdictCache, key_of
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
    verdicts = VerdictCache.of({})
    verdicts.keep(KEY)
    assert verdicts.file is None
