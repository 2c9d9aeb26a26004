"""A short form of `nox -s soak`: its instruments find nothing here, and find what is broken on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import Row, table
from buildx_tasks.execution.files import write_atomic
from soak import fuzz as fuzzing
from soak import judge as judging
from soak.__main__ import main
from soak.builds import builds
from soak.findings import Findings
from soak.fuzz import fuzz
from soak.hostile import TEXTS
from soak.inputs import Inputs, seed_texts
from soak.interrupts import interrupts
from soak.judge import comments, judge
from soak.kills import kills, setting
from soak.stands import Stand
from soak.writers import writers

SEED = 14
HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"


@pytest.fixture
def findings(tmp_path: Path) -> Findings:
    return Findings(tmp_path / "findings")


def check(rows: list[Row], findings: Findings) -> None:
    assert not findings, findings.text()
    assert all(row.ok for row in rows), table(rows)


def test_hostile_and_random_configs_break_nothing(findings: Findings) -> None:
    check(fuzz(len(TEXTS) + 60, SEED, seed_texts(), findings, first=len(TEXTS) - 7), findings)


def test_kills_leave_whole_files(tmp_path: Path, findings: Findings) -> None:
    check(kills(4, tmp_path / "kills", findings), findings)


def test_parallel_writers_lose_nothing(tmp_path: Path, findings: Findings) -> None:
    check(writers(tmp_path, findings, count=4), findings)


def test_many_builds_leak_nothing(tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDX_TASKS_LAB", str(tmp_path))
    check(builds(4, tmp_path / "builds", findings), findings)


def test_signals_end_a_build_at_any_moment(tmp_path: Path, findings: Findings) -> None:
    check(interrupts(4, tmp_path, findings), findings)


# --- the instruments themselves


def test_inputs_are_the_same_with_the_same_seed() -> None:
    seeds = seed_texts()
    numbers = range(len(TEXTS), len(TEXTS) + 60)
    first = [Inputs(seeds, 1)[number] for number in numbers]
    assert [Inputs(seeds, 1)[number] for number in reversed(numbers)] == first[::-1]
    assert [Inputs(seeds, 2)[number] for number in numbers] != first


def test_an_exception_is_found_with_its_input(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> str:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(judging, "upgrade_text", broken)
    rows = fuzz(2, SEED, seed_texts(), findings)
    assert not all(row.ok for row in rows)
    assert {finding.rule for finding in findings} == {"upgrade: no exception"}
    assert "broken on purpose" in findings.text()
    assert len(list(findings.folder.glob("*.yaml"))) == len(findings)


@pytest.mark.parametrize(
    ("after", "rule"),
    [
        (lambda text: text + " ", "an upgrade twice is an upgrade once"),
        (lambda text: text.replace("# why", ""), "an upgrade keeps comments"),
        (lambda text: text + "x: y\n", "what is valid stays valid"),
    ],
)
def test_violated_invariants_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: object, rule: str
) -> None:
    monkeypatch.setattr(judging, "upgrade_text", after)
    verdict = judge(f"{HEAD}build: {{}}  # why\n", Stand(tmp_path))
    assert rule in [name for name, _detail in verdict.violations]


def test_a_child_that_dies_is_found_and_the_rest_is_judged(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real = fuzzing.judged

    def dying(inputs: Inputs, number: int, stand: Stand) -> fuzzing.Outcome:
        if number == 3:
            os._exit(9)
        return real(inputs, number, stand)

    monkeypatch.setattr(fuzzing, "judged", dying)
    rows = fuzz(8, SEED, seed_texts(), findings)
    assert rows[0].value == 8
    assert [finding.detail for finding in findings] == ["input 3\nthe process hung or died (exit code 9)"]


def test_a_torn_file_is_found(tmp_path: Path, findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    from buildx_tasks.execution.config import globalconfig

    def torn(path: Path, data: bytes, **more: Any) -> None:
        path.write_bytes(b"")
        write_atomic(path, data, **more)

    monkeypatch.setattr(globalconfig, "write_atomic", torn)
    kills(6, tmp_path / "kills", findings, [setting()])
    assert "the file holds the old text or the new one" in {finding.rule for finding in findings}


def test_comments_are_those_between_tokens() -> None:
    text = "# a\nb: 'no # comment' # c\nd: |  # header\n  # text\n# e\n"
    assert sorted(comments(text)) == ["# a", "# c", "# e"]


def test_the_exit_status_says_whether_something_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "findings"
    assert main(["fuzz", "--inputs=3", f"--findings={folder}"]) == 0
    assert "fuzzed configs" in capsys.readouterr().out
    monkeypatch.setattr(fuzzing, "MEGABYTES", -1)
    assert main(["fuzz", "--inputs=3", f"--findings={folder}"]) == 1
    assert str(folder) in capsys.readouterr().out
