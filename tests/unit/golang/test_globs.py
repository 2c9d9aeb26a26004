"""Go's filepath.Match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.golang.globs import BadPatternError, Glob, check_glob


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "a", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False),
        ("a*b*c*d*e*/f", "axbxcxdxe/f", True),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", False),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a?b", "a☺b", True),
        ("a[^a]b", "a☺b", True),
        ("a???b", "a☺b", False),
        ("[a-ζ]*", "\u03b1", True),
        ("*[a-ζ]", "A", False),
        ("a?b", "a/b", False),
        ("a*b", "a/b", False),
        ("[\\]a]", "]", True),
        ("[\\-x]", "-", True),
        ("[x\\-]", "z", False),
        ("[b-a]", "a", False),
        ("[^b-a]", "a", True),
        ("*x", "xxx", True),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_matches(pattern: str, name: str, expected: bool) -> None:
    assert Glob(pattern).matches(name) is expected


@pytest.mark.parametrize(
    "pattern", ["[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "[^bc", "a[", "a*[", "*\\"]
)
def test_mistakes(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        Glob(pattern)


@pytest.mark.parametrize(("pattern", "rejected"), [("a[", True), ("x*[", False), ("*[", True), (".*[", True)])
def test_go_does_not_look_behind_the_first_mismatch(pattern: str, rejected: bool) -> None:
    if rejected:
        with pytest.raises(BadPatternError):
            check_glob(pattern)
    else:
        check_glob(pattern)


@pytest.mark.timeout(20)
def test_many_stars_do_not_stall() -> None:
    assert not Glob("*a" * 15 + "b").matches("a" * 5000)


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_the_rule_said_slowly(pattern: str, name: str) -> None:
    def matches(pattern: str, name: str) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "*":
            return any(matches(pattern[1:], name[at:]) for at in range(len(name) + 1))
        return bool(name) and pattern[0] in ("?", name[0]) and matches(pattern[1:], name[1:])

    assert Glob(pattern).matches(name) is matches(pattern, name)
