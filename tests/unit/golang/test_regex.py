from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.golang.regex import RegexError, TooMuchWorkError, compile_regex
from buildx_tasks.golang.regex.dfa import Dfa
from buildx_tasks.golang.regex.escapes import read_class_escape
from buildx_tasks.golang.regex.parser import parse_regex
from buildx_tasks.golang.regex.pike import PikeVm
from buildx_tasks.golang.regex.program import compile_nodes

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
    (r"\B", ""),
    (r"^\B$", ""),
    (r"\p{Greek}", "λ"),
    (r"\p{han}", "漢"),
    (r"\p{Old_Italic}", "\U00010300"),
    (r"\P{Latin}", "λ"),
    (r"\p{^Latin}", "λ"),
    (r"\p{Uppercase_Letter}", "É"),
    (r"(?i)\p{Lu}", "é"),
    ("(?i)k", "\u212a"),
    (r"(?i)[^\W]", "\u017f"),
    (r"a*\Q\E*", "aa"),
    ("(?)", ""),
    ("(?P<n>a)(?P<n>b)", "ab"),
    ("\ufffd", "\udc80"),
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
    (r"\b", ""),
    (r"\p{Greek}", "a"),
    (r"\P{Greek}", "λ"),
    ("(?i)k", "x"),
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
    r"(\w)\1",
    r"\Z",
    r"\y",
    r"\x{FFFFFF}",
    r"\p{Zz}",
    r"\C",
    "(?i-)",
    "((a{100}){100})",
    "(" * 1001 + ")" * 1001,
    "((a{100}){10}){10}",
    "x{1000}" * 101,
    "\udc80",
]


@pytest.mark.parametrize(("pattern", "text"), FOUND)
def test_finds_what_go_finds(pattern: str, text: str) -> None:
    regex = compile_regex(pattern)
    assert regex.matches(text)
    assert regex.find(text) is not None


@pytest.mark.parametrize(("pattern", "text"), NOT_FOUND)
def test_finds_nothing_that_go_does_not(pattern: str, text: str) -> None:
    regex = compile_regex(pattern)
    assert not regex.matches(text)
    assert regex.find(text) is None


@pytest.mark.parametrize("pattern", REFUSED)
def test_refuses_what_go_refuses(pattern: str) -> None:
    with pytest.raises(RegexError):
        compile_regex(pattern)


def test_swapped_greed_takes_the_shortest_and_a_question_mark_the_longest() -> None:
    assert [compile_regex(pattern).find("aaa") for pattern in ("(?U)a+", "(?U)a+?")] == [(0, 1), (0, 3)]


FACTS = json.loads((Path(__file__).parents[2] / "data" / "golang" / "regex.json").read_text(encoding="utf-8"))


def test_answers_of_go() -> None:
    """Patterns, texts and replacements, with what Go's regexp makes of them."""
    assert len(FACTS["cases"]) > 1000
    for case in FACTS["cases"]:
        pattern, text, template = case["pattern"], case["text"], case["template"]
        if "matches" not in case:
            with pytest.raises(RegexError):
                compile_regex(pattern)
            continue
        regex = compile_regex(pattern)
        assert regex.matches(text) == bool(case["matches"]), case
        assert list(regex.find_all(text)) == case["matches"], case
        assert "".join(regex.replaced(text, template, literal=False)) == case["replaced"], case


def test_tables_of_go() -> None:
    """How many characters each category and script holds, with and without case, and the sum of their code points."""
    for name, (count, total) in FACTS["tables"].items():
        fold, _, table = name.rpartition(" ")
        ranges, _ = read_class_escape(f"\\p{{{table}}}", 0, fold=bool(fold)) or ((), 0)
        codes = [code for low, high in ranges for code in range(low, high + 1) if not 0xD800 <= code <= 0xDFFF]
        assert (len(codes), sum(codes)) == (count, total), name


SAFE = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", "^", "$", r"\b"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"(?:{one})?"),
        st.tuples(st.sampled_from("ab."), st.sampled_from(["*", "+", "*?", "+?", "{2}", "{1,3}", "{,2}?"])).map(
            lambda two: two[0] + (two[1] if two[1] != "{,2}?" else "{0,2}?")
        ),
    ),
    max_leaves=8,
)


@given(SAFE, st.text("ab1 ", max_size=12))
def test_agrees_with_python_where_both_mean_the_same(pattern: str, text: str) -> None:
    expected = re.search(pattern.replace("$", r"\Z"), text, re.ASCII)
    regex = compile_regex(pattern)
    assert regex.find(text) == (expected and expected.span())
    assert regex.matches(text) is (expected is not None)


STALLING = [
    ("^([a-z]+)+$", "a", "!"),
    ("^(a|aa)+$", "a", "!"),
    ("(a*)*b", "a", ""),
    ("(a|a?)+$", "a", "b"),
    ("(.*a){20}", "b", ""),
    ("(x+x+)+y", "x", ""),
    ("(?:a?){30}a{30}$", "a", "b"),
    (r"\b(\w+\s*)+:", "ab ", "!"),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("pattern", "repeated", "end"), STALLING)
def test_patterns_that_stall_a_backtracking_engine(pattern: str, repeated: str, end: str) -> None:
    text = repeated * 2000 + end
    regex = compile_regex(pattern)
    assert regex.matches(text) is (regex.find(text) is not None)


def steps(pattern: str, text: str) -> int:
    """The instructions that both machines visit for one text."""
    program = compile_nodes([parse_regex(pattern).node])
    machine, dfa = PikeVm(program, text, 2), Dfa(program)
    machine.find(0)
    dfa.search(text)
    return machine.work + dfa.work


@pytest.mark.parametrize(("pattern", "repeated", "end"), STALLING)
def test_twice_the_text_is_at_most_twice_the_work(pattern: str, repeated: str, end: str) -> None:
    once, twice = (steps(pattern, repeated * count + end) for count in (500, 1000))
    assert twice <= 2.1 * once


def test_a_dfa_that_forgets_states_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildx_tasks.golang.regex.dfa.MAX_HELD", 20)
    regex = compile_regex.__wrapped__("(a|b)*a(a|b){6}c")
    assert regex.matches("abbabab" * 40 + "abababac") is (regex.find("abbabab" * 40 + "abababac") is not None)
    assert not regex.matches("abbabab" * 40)


@pytest.mark.timeout(60)
def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buildx_tasks.golang.regex.dfa.MAX_WORK", 100_000)
    monkeypatch.setattr("buildx_tasks.golang.regex.pike.MAX_WORK", 100_000)
    regex = compile_regex.__wrapped__("a[ab]{300}c")
    text = "".join(random.Random(1).choices("ab", k=5000))
    with pytest.raises(TooMuchWorkError):
        regex.matches(text)
    with pytest.raises(TooMuchWorkError):
        list(regex.find_all(text))
