from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.matching import matches


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("VALUE", "VALUE", True),
        ("V.*E", "VALUE", True),
        ("^V.*E$", "VALUE", True),
        ("^VAL", "VALUE", True),
        ("ALU", "VALUE", True),
        ("!OTHER", "VALUE", True),
        ("OTHER", "VALUE", False),
        ("!VALUE", "VALUE", False),
        ("", "VALUE", True),
        ("", "", True),
        ("^$", "", True),
        ("!1", "", True),
        ("1", "", False),
        ("!", "", False),
        ("^s^", "^s^", True),
        (".*-i.*-am.*-test.*", "wohoo-i-am-test-or", True),
        ("!run", "dev", True),
        ("!(run)|(dev)", "dev", False),
        ("(run)|(dev)", "dev", True),
        ("\\", "prod-context", False),
        ("\\", "\\", True),
        ("[[a-z]", "b", True),
        ("(?=VAL)", "VALUE", False),
        ("!!x", "y", True),
        ("a|b", "xbx", True),
        ("^(?:a|b)$", "a|b", False),
        ("a|b", "a|b", True),
        (r"\p{Greek}", "β", True),
        (r"^\B$", "", True),
    ],
)
def test_equality_search_and_negation(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", ["^([a-z]+)+$", "^([a-z-]*)*/$", "(a|a)*b$"])
def test_a_long_value_does_not_stall_a_pattern(pattern: str) -> None:
    assert not matches(pattern, "a" * 5000 + "!")


def test_a_pattern_that_is_too_large_for_the_value_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildx_tasks.golang.regex.dfa.MAX_WORK", 1000)
    with pytest.raises(CannotStart, match="is too large for a value of 5000 characters"):
        matches("a[ab]{300}c", "aabab" * 1000)
