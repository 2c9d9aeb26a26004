"""The table of the benchmarks: what is over budget is marked, and the generated configs are what they claim."""

from __future__ import annotations

import pytest

from benchmarks.measure import Row, alternate, median, paired, table
from benchmarks.projects import old_config
from buildx_tasks import upgrade_text, validate_text


@pytest.mark.parametrize(
    ("value", "least", "ok"), [(1.0, False, True), (1.01, False, False), (1.0, True, True), (0.99, True, False)]
)
def test_a_budget_is_a_limit_or_a_floor(value: float, least: bool, ok: bool) -> None:
    assert Row(what="x", value=value, limit=1, least=least).ok is ok


def test_the_table_marks_what_is_over() -> None:
    lines = table([Row(what="slow", value=2, limit=1, unit="s"), Row(what="quick", value=9, limit=1, least=True)])
    _head, slow, quick = lines.splitlines()
    assert slow.split() == ["OVER", "2", "s", "<=", "1", "s", "slow"]
    assert quick.split() == ["ok", "9", ">=", "1", "quick"]


def test_times_are_taken_by_turns() -> None:
    order: list[str] = []
    times = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 3
    assert [len(taken) for taken in times.values()] == [3, 3]


def test_pairs_are_compared_within_their_round() -> None:
    assert paired([1, 10, 2], [2, 11, 9]) == 1
    assert median([3, 1, 2]) == 2


def test_the_generated_config_is_old_and_valid() -> None:
    text = old_config(3)
    assert not [finding for finding in validate_text(text) if finding.severity == "error"]
    assert upgrade_text(text).count("#") == text.count("#")
    assert old_config(460).count("\n") > 5000
