"""The regular expressions of template functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.regex import find_all, first_match, matched, replaced


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a+", "caat", ["aa"]),
        ("a(?i)b|c", "aB C ab", ["aB", "C", "ab"]),
        (r"\d+", "12٣", ["12"]),
        (r"\S+", "a\vb c", ["a\vb", "c"]),
        (r"\pL+", "aé1", ["aé"]),
        ("[a-c&&~~]+", "b&~d", ["b&~"]),
        ("x*", "abxd", ["", "", "x", ""]),
        ("", "ab", ["", "", ""]),
        ("(?P<n>a)|b", "ab", ["a", "b"]),
    ],
)
def test_matches(pattern: str, text: str, expected: list[str]) -> None:
    assert list(find_all(pattern, text)) == expected


@pytest.mark.parametrize("pattern", ["(", "a**", "(?=a)", "(a)\\1", "a" * 2000])
def test_refused(pattern: str) -> None:
    with pytest.raises(GoError, match="wrong regular expression"):
        matched(pattern, "")


@pytest.mark.parametrize(
    ("pattern", "text", "new", "expected"),
    [
        ("x*", "abxd", "-", "-a-b-d-"),
        ("a(x*)b", "-ab-axxb-", "T", "-T-T-"),
        ("a(x*)b", "-ab-axxb-", "$1", "--xx-"),
        ("a(x*)b", "-ab-axxb-", "$1W", "---"),
        ("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-"),
        ("(?P<k>a)(b)?", "a", "<$k${2}$0$3$nope$$>", "<aa$>"),
        ("a", "a", "$", "$"),
        ("a", "a", "${", "${"),
        ("a", "a", "$99999", ""),
        ("a", "a", "\\1", "\\1"),
    ],
)
def test_replacement(pattern: str, text: str, new: str, expected: str) -> None:
    assert "".join(replaced(pattern, text, new, literal=False)) == expected


@pytest.mark.timeout(20)
def test_no_pattern_stalls_on_a_long_text() -> None:
    text = "a" * 5000 + "!"
    assert not matched("^([a-z]+)+$", text)
    assert first_match("^(a|aa)+$", text) == ""
    assert list(find_all("(a*)*!", text)) == [text]
    assert "".join(replaced("(?:a+)+$", text, "", literal=True)) == text


def test_a_search_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildx_tasks.golang.regex.pike.MAX_WORK", 10_000)
    with pytest.raises(GoError, match="takes too long"):
        list(find_all("a.*b|a", "a" * 1000))


@given(st.text(alphabet="ab()[]{}|*+?\\^$.-:,PQEims<>12dwsDWS&~", max_size=12), st.text("ab-&~", max_size=8))
def test_any_pattern(pattern: str, text: str) -> None:
    try:
        found = list(find_all(pattern, text))
    except GoError:
        return
    assert all(part in text for part in found)
