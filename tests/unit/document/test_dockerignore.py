"""Which paths an ignore file leaves out of a context."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.document.formats.dockerignore import ignore_rules, parse_dockerignore
from buildx_tasks.errors import CannotStart


@pytest.mark.parametrize(
    ("pattern", "ignored", "kept"),
    [
        ("docs", ["docs", "docs/a", "docs/a/b"], ["doc", "docs2", "a/docs"]),
        ("/docs", ["docs", "docs/a"], ["a/docs"]),
        ("docs/", ["docs", "docs/a"], ["a/docs"]),
        ("./docs//a/../b", ["docs/b", "docs/b/c"], ["docs/a", "docs"]),
        ("*", ["a", "a/b", ".dot"], []),
        ("*.md", ["a.md", ".md", "a.md/b"], ["a/b.md", "a.mdx"]),
        ("*/tmp*", ["a/tmp", "a/tmpfile", "a/tmp/x/y"], ["tmp", "a/b/tmp"]),
        ("*/*/tmp", ["a/b/tmp", "a/b/tmp/c"], ["a/tmp", "a/b/c/tmp"]),
        ("tmp?", ["tmp1", "tmpé", "tmp1/x"], ["tmp", "tmp12", "tmp/"]),
        ("a?b", ["axb"], ["a/b", "ab"]),
        ("**", ["a", "a/b"], []),
        ("**/*.go", ["a.go", "a/b.go", "a/b/c.go", "a.go/x"], ["a.gox"]),
        (
            "**/node_modules",
            ["node_modules", "a/node_modules", "a/b/node_modules/c"],
            ["xnode_modules", "a/node_modulesx"],
        ),
        ("**modules", ["modules", "node_modules", "a/my-modules/x"], ["modulesx"]),
        ("**mod?", ["mods", "a/mods"], ["xmods"]),
        ("dir/**", ["dir/a", "dir/a/b"], ["dir", "dirx", "x/dir/a"]),
        ("dir**", ["dir", "dirx", "dir/a"], ["di", "x/dir"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b", "a/b/c"], ["a", "ab", "b"]),
        ("a**/b", ["a/b", "ab", "a/x/b"], ["a"]),
        ("**/a/**/*.txt", ["a/1.txt", "x/a/y/z/1.txt"], ["1.txt", "b/1.txt"]),
        ("*/**", ["a/b", "a/b/c"], ["a"]),
        ("a[b-d]e", ["abe", "ade"], ["ae", "aae", "a/e"]),
        ("a[^b-d]e", ["aae", "aze"], ["abe"]),
        ("[a-c&&|~]", ["a", "&", "|", "~"], ["d"]),
        (r"[\]\-]", ["]", "-"], ["a"]),
        (r"\*x", ["*x"], ["ax"]),
        (r"a\\b", ["a\\b"], ["ab"]),
        (".*", [".git", ".git/x", ".a"], ["a", "a/.b"]),
        ("a.b+c(d)|e{f}$", ["a.b+c(d)|e{f}$"], ["aXb+c(d)|e{f}$"]),
        ("a|b", ["a|b", "a|b/c"], ["a", "b"]),
        ("a|b*", ["a", "ax", "b", "a|b", "a/x", "xbx"], ["x/y"]),
        ("?|b", ["b", "x", "xb", "x/b", "c/d"], []),
        ("x?{2}", ["xab", "xab/c"], ["xa", "xabc", "xa{2}"]),
        ("^a*", ["a", "ab"], ["^a"]),
        (r"a\d*", ["a1", "a1x"], ["ad", "a"]),
        ("x*[a-]", ["xa", "x-", "xya"], ["xb", "x"]),
        ("x*[]a]", ["x]", "xa"], ["xb", "x[b"]),
        ("[!a]b", ["!b", "ab"], ["xb"]),
        ("x.py-1.0+g08.whl", ["x.py-1.0+g08.whl"], ["x.py-1.00g08.whl"]),
        ("../x", [], ["x"]),
        ("/", [], ["a"]),
        (".", [], ["a", ".a"]),
    ],
)
def test_one_pattern(pattern: str, ignored: list[str], kept: list[str]) -> None:
    rules = parse_dockerignore(pattern)
    assert [path for path in ignored + kept if rules.ignores(path)] == ignored


@pytest.mark.parametrize(
    ("lines", "ignored", "kept"),
    [
        (["*.md", "!README.md"], ["a.md"], ["README.md"]),
        (["!README.md", "*.md"], ["README.md"], ["x"]),
        (["*.md", "!README*.md", "README-secret.md"], ["a.md", "README-secret.md"], ["README-1.md"]),
        (["**", "!docker/**"], ["a", "docker", "b/docker/x"], ["docker/x", "docker/x/y"]),
        (["**", "!server.go"], ["a", "a/server.go"], ["server.go"]),
        (["docs", "!docs/README.md"], ["docs", "docs/a"], ["docs/README.md"]),
        (["docs/*", "!docs/a/b"], ["docs/a", "docs/a/c"], ["docs", "docs/a/b"]),
        (["a", "!a/b", "a/b/c"], ["a/x", "a/b/c", "a/b/c/d"], ["a/b", "a/b/x"]),
        (["a", "!a"], [], ["a", "a/b"]),
        (["*", "!**/x"], ["a", "a/b"], ["x", "a/x", "a/x/y"]),
    ],
)
def test_exceptions(lines: list[str], ignored: list[str], kept: list[str]) -> None:
    rules = parse_dockerignore("\n".join(lines))
    assert [path for path in ignored + kept if rules.ignores(path)] == ignored


def test_the_file() -> None:
    text = "\ufeff# first\r\n  a  \r\n\r\n # b is no comment\n!  /c \n\t\n#!d\n"
    rules = parse_dockerignore(text)
    assert rules.ignores("a")
    assert rules.ignores("# b is no comment")
    assert rules.exceptions == ("c",)
    assert not parse_dockerignore("").ignores("a")


@pytest.mark.parametrize(
    "pattern",
    [
        *("!", "! ", "!/", "!//", "[", "[a", "[]", "[]a]", "[a-]", "[-a]", "[a-b-c]", "[b-a]", "a\\", "a[^", "**/["),
        *("x*[]", "x*[", "a\\q", "?{2}{3}", "!x*["),
    ],
)
def test_mistakes(pattern: str) -> None:
    with pytest.raises(CannotStart, match=r"x\.dockerignore:2: "):
        parse_dockerignore(f"ok\n{pattern}\n", "x.dockerignore")


def test_all_mistakes_at_once() -> None:
    with pytest.raises(CannotStart) as caught:
        parse_dockerignore("[\n!\nok")
    assert len(caught.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("lines", "directory", "pruned"),
    [
        (["a"], "a", True),
        (["a", "!a/b/c"], "a", False),
        (["a", "!a/b/c"], "a/b", False),
        (["a", "!a/b/c"], "a/x", True),
        (["a", "!ab"], "a", True),
        (["a", "!**/x"], "a", True),
        (["*", "!a*/b"], "a", True),
    ],
)
def test_pruning(lines: list[str], directory: str, pruned: bool) -> None:
    assert ignore_rules(lines).prunes(directory) is pruned


def test_many_patterns_and_paths() -> None:
    rules = ignore_rules([f"**/skip{number}/*.o" for number in range(60)] + ["!**/skip7/keep.o"])
    paths = [f"src/mod{number % 97}/skip{number % 60}/file{number}.o" for number in range(20_000)]
    assert all(rules.ignores(path) for path in paths)
    assert not rules.ignores("x/skip7/keep.o")


def test_patterns_of_a_config_are_no_lines_of_a_file() -> None:
    rules = ignore_rules(["#a", "/b", " c "])
    assert [path for path in ("#a", "b", "c") if rules.ignores(path)] == ["#a", "c"]
    with pytest.raises(CannotStart, match=r"ignore pattern '\['"):
        ignore_rules(["["])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 15, "a" * 200 + "b"),
        ("*a*" * 15 + "/c", "a" * 200 + "/b"),
        ("**/a/" * 12 + "b", "a/" * 200 + "c"),
        ("**a" * 12 + "?b", "a/" * 200 + "c"),
    ],
)
def test_no_pattern_stalls_on_a_long_path(pattern: str, path: str) -> None:
    assert not ignore_rules([pattern]).ignores(path)


NAMES = st.lists(st.text("ab.", min_size=1, max_size=2).filter(lambda name: name.strip(".")), min_size=1, max_size=3)
PATTERNS = st.lists(st.sampled_from(["a", "b", "ab", "*", "**", "a*", "?", ".a", "[ab]"]), min_size=1, max_size=3)


def matches(pattern: list[str], path: list[str]) -> bool:
    """The rule said slowly: name by name, `**` for any number of names, at the end for at least one."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path)
        return any(matches(pattern[1:], path[skip:]) for skip in range(len(path) + 1))
    expression = pattern[0].replace(".", r"\.").replace("*", "[^/]*").replace("?", "[^/]")
    return bool(path) and re.fullmatch(expression, path[0]) is not None and matches(pattern[1:], path[1:])


@given(st.lists(st.tuples(st.booleans(), PATTERNS), max_size=4), NAMES)
def test_the_rules_said_slowly(lines: list[tuple[bool, list[str]]], path: list[str]) -> None:
    rules = ignore_rules([("!" if takes_back else "") + "/".join(pattern) for takes_back, pattern in lines])
    ignored = False
    for takes_back, pattern in lines:
        if any(matches(pattern, path[: end + 1]) for end in range(len(path))):
            ignored = not takes_back
    assert rules.ignores("/".join(path)) is ignored


@given(st.text(alphabet="ab/*?[]\\!-^. #", max_size=12), st.text(alphabet="ab/.]", max_size=8))
def test_any_pattern(pattern: str, path: str) -> None:
    try:
        rules = parse_dockerignore(pattern)
    except CannotStart:
        return
    assert rules.ignores(path) in (True, False)
