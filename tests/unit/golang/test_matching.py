from __future__ import annotations

import pytest

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
    ],
)
def test_equality_search_and_negation(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected
