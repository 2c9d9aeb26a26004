"""Go's regular expressions on Python's engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.planning.template.errors import GoError
from buildx_tasks.planning.template.regex import compile_regex, find_all, replaced


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a+", "caat", ["aa"]),
        ("a+?", "caat", ["a", "a"]),
        ("(?i)b", "aBb", ["B", "b"]),
        ("a(?i)b|c", "aB C ab", ["aB", "C", "ab"]),
        ("(a(?i)b)c", "aBc aBC", ["aBc"]),
        ("(?i:b)c", "Bc BC", ["Bc"]),
        ("(?i)a(?-i)b", "Ab AB", ["Ab"]),
        ("(?s).", "\n", ["\n"]),
        (".", "\n", []),
        ("a$", "a\n", []),
        ("(?m)^a$", "a\na", ["a", "a"]),
        (r"a\z", "a\n", []),
        (r"\Aa", "aa", ["a"]),
        (r"\bfoo\b", "foo food", ["foo"]),
        (r"\d+", "12٣", ["12"]),
        (r"\w+", "aé_1", ["a", "_1"]),
        (r"\s", "\v \u00a0", [" "]),
        (r"\S+", "a\vb c", ["a\vb", "c"]),
        (r"[\s]+", "\v \t", [" \t"]),
        (r"[\S]+", "\v \t", ["\v"]),
        (r"[^\d]+", "1ab2", ["ab"]),
        (r"[\D]", "1a", ["a"]),
        ("[[:alpha:]]+", "ab1", ["ab"]),
        ("[[:^alpha:]]+", "ab1é", ["1é"]),
        ("[[:punct:]]+", "a-[]!b", ["-[]!"]),
        ("[]a-]+", "-]ab", ["-]a"]),
        ("[^]a]", "]ab", ["b"]),
        ("[a-c&&~~]+", "b&~d", ["b&~"]),
        (r"[\x41-\x43]", "ABD", ["A", "B"]),
        (r"\x{e9}\101\012", "éA\n", ["éA\n"]),
        (r"\Qa.b\E+", "a.bb axb", ["a.bb"]),
        (r"\Q*", "a*", ["*"]),
        (r"\.\-\/", ".-/", [".-/"]),
        ("a{2}", "aaa", ["aa"]),
        ("a{,2}", "a{,2}", ["a{,2}"]),
        ("a{x", "a{x", ["a{x"]),
        ("x*", "abxd", ["", "", "x", ""]),
        ("", "ab", ["", "", ""]),
        ("(?P<n>a)|b", "ab", ["a", "b"]),
        ("é", "é", ["é"]),
        ("#x y", "#x y", ["#x y"]),
    ],
)
def test_matches(pattern: str, text: str, expected: list[str]) -> None:
    assert [found[0] for found in find_all(pattern, text)] == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "a)",
        "[",
        "[a",
        "[]",
        "[^]",
        "[z-a]",
        "[a-\\d]",
        "[[:nope:]]",
        "*",
        "a**",
        "a+*",
        "a++",
        "a{2}{3}",
        "(?i)*",
        "|*",
        "(*)",
        "a{1001}",
        "a{2,1}",
        "a{99999999999}",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?>a)",
        "(?#c)",
        "(?U)a",
        "(?)",
        "(?i-i)a",
        "(?P<n>a)(?P<n>b)",
        "(?P<1>a)",
        "\\1",
        "(a)\\1",
        "\\pL",
        "\\Z",
        "\\C",
        "\\é",
        "\\",
        "\\x{110000}",
        "(" * 60 + ")" * 60,
        "a" * 2000,
    ],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(GoError):
        compile_regex(pattern)


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


@given(st.text(alphabet="ab()[]{}|*+?\\^$.-:,PQEims<>12dwsDWS&~", max_size=12), st.text("ab-&~", max_size=8))
def test_any_pattern(pattern: str, text: str) -> None:
    try:
        found = [match[0] for match in find_all(pattern, text)]
    except GoError:
        return
    assert all(part in text for part in found)
