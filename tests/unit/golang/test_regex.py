from __future__ import annotations

import pytest

from buildx_tasks.golang.regex import compile_go

FOUND = [
    ("V.*E", "VALUE"),
    ("^VAL", "VALUE"),
    ("", "anything"),
    ("a(?i)b|c", "C"),
    ("(?i:É)", "é"),
    ("(?m)x$", "x\ny"),
    ("(?s)a.b", "a\nb"),
    ("[[:alpha:]]+", "12a"),
    ("[^[:^digit:]]", "7"),
    ("[]a]", "]"),
    ("[[]", "["),
    ("[a-]", "-"),
    (r"[\d\-x]", "-"),
    (r"[\S]", "x"),
    (r"\pL", "é"),
    (r"\p{Lu}", "É"),
    (r"\P{Lu}", "é"),
    (r"\Qa.b\E+", "a.bb"),
    (r"\x{1F600}", "\U0001f600"),
    (r"\101\x42", "AB"),
    ("a{,2}", "a{,2}"),
    ("^a{2}$", "aa"),
    ("(?U)^a+", "aaa"),
    ("(?P<name>a)(?<other>b)", "ab"),
    (r"a\z", "a"),
]
NOT_FOUND = [
    ("x$", "x\n"),
    ("a.b", "a\nb"),
    ("a(?i)b|c", "AB"),
    ("(?i)(?-i)A", "a"),
    ("[^[:alpha:]]", "abc"),
    ("a{,2}b", "aab"),
    (r"\d", "\u0663"),
    (r"^\w$", "é"),
    (r"\s", "\v"),
    (r"[^\s\S]", "x"),
]
REFUSED = [
    "\\",
    "(",
    ")",
    "[a-",
    "[z-a]",
    "[[:nope:]]",
    "*a",
    "(|*)",
    "a**",
    "a*+",
    "a{2,1}",
    "a{1001}",
    "(?=a)",
    "(?!a)",
    "(?<=a)b",
    "(?>a)",
    "x(?#c)",
    "(?)",
    r"(\w)\1",
    r"\Z",
    r"\y",
    r"\x{FFFFFF}",
    r"\p{Zz}",
    r"\p{Greek}",
]


@pytest.mark.parametrize(("pattern", "text"), FOUND)
def test_finds_what_go_finds(pattern: str, text: str) -> None:
    found = compile_go(pattern)
    assert found is not None
    assert found.search(text), found.pattern


@pytest.mark.parametrize(("pattern", "text"), NOT_FOUND)
def test_finds_nothing_that_go_does_not(pattern: str, text: str) -> None:
    found = compile_go(pattern)
    assert found is not None
    assert not found.search(text), found.pattern


@pytest.mark.parametrize("pattern", REFUSED)
def test_refuses_what_go_refuses(pattern: str) -> None:
    assert compile_go(pattern) is None


def test_swapped_greed_takes_the_shortest_and_a_question_mark_the_longest() -> None:
    shortest, longest = compile_go("(?U)a+"), compile_go("(?U)a+?")
    assert shortest is not None
    assert longest is not None
    assert [pattern.search("aaa")[0] for pattern in (shortest, longest)] == ["a", "aaa"]  # type: ignore[index]
