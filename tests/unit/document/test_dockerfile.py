"""Dockerfiles as instructions, and what they copy from their context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.document.formats.dockercopy import copied_sources
from buildx_tasks.document.formats.dockerfile import DockerfileError, parse_dockerfile
from buildx_tasks.document.formats.dockerwords import BadWordError, expand_word, split_words


def parsed(text: str) -> list[tuple[str, ...]]:
    return [(one.name, *one.flags, *one.words) for one in parse_dockerfile(text).instructions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a", [("from", "a")]),
        ("\ufeffFROM a\r\n\r\nRUN x\r\n", [("from", "a"), ("run", "x")]),
        ("  from\ta AS  b  ", [("from", "a", "AS", "b")]),
        ("FROM --platform=$X a", [("from", "--platform=$X", "a")]),
        ("# c\nFROM a\n  # d\nRUN x # e", [("from", "a"), ("run", "x # e")]),
        ("FROM a\nRUN x \\\n  y \\  \n# comment\n\n   # other\n z", [("from", "a"), ("run", "x   y  z")]),
        ("FROM a\nRUN x\\\\\nRUN y", [("from", "a"), ("run", "x\\\\"), ("run", "y")]),
        ("FROM a\nRUN x \\", [("from", "a"), ("run", "x")]),
        ("# escape=`\nFROM a\nRUN x `\n y \\", [("from", "a"), ("run", "x  y \\")]),
        ("#syntax=x\n# ESCAPE = `\n#check=skip=all\nFROM a\nRUN b `\nc", [("from", "a"), ("run", "b c")]),
        ("# note\n# escape=`\nFROM a\nRUN b `", [("from", "a"), ("run", "b `")]),
        ("FROM a\nCOPY a b /c/", [("from", "a"), ("copy", "a", "b", "/c/")]),
        ('FROM a\nCOPY ["a b", "c"]', [("from", "a"), ("copy", "a b", "c")]),
        ("FROM a\nCOPY [a b]", [("from", "a"), ("copy", "[a", "b]")]),
        ("FROM a\nCOPY --from=b --chown='1 2' x y", [("from", "a"), ("copy", "--from=b", "--chown=1 2", "x", "y")]),
        ("FROM a\nCOPY -- --x y", [("from", "a"), ("copy", "--x", "y")]),
        ("FROM a\nENV a b c", [("from", "a"), ("env", "a", "b c")]),
        ("FROM a\nENV a=1 b='x y' c=\"z\"", [("from", "a"), ("env", "a", "1", "b", "'x y'", "c", '"z"')]),
        ("FROM a\nLABEL a=b\\ c", [("from", "a"), ("label", "a", "b\\ c")]),
        ("ARG A=1 B\nFROM a", [("arg", "A=1", "B"), ("from", "a")]),
        ("FROM a\nARG  A='x y'", [("from", "a"), ("arg", "A='x y'")]),
        ("FROM a\nWORKDIR /a b", [("from", "a"), ("workdir", "/a b")]),
        ("FROM a\nRUN <<EOF\nFROM b\n EOF\nEOF\nRUN x", [("from", "a"), ("run", "<<EOF"), ("run", "x")]),
        ("FROM a\nRUN <<-EOF\nFROM b\n\tEOF\nRUN x", [("from", "a"), ("run", "<<-EOF"), ("run", "x")]),
        ("FROM a\nCOPY <<A <<'B' /c\nFROM 1\nA\nFROM 2\nB", [("from", "a"), ("copy", "<<A", "<<'B'", "/c")]),
        ('FROM a\nRUN 3<< "E"F > x\nFROM b\nEF\nRUN y', [("from", "a"), ("run", '3<< "E"F > x'), ("run", "y")]),
        ('FROM a\nRUN "<<EOF"\nRUN x', [("from", "a"), ("run", '"<<EOF"'), ("run", "x")]),
        ('FROM a\nRUN ["<<EOF"]\nRUN x', [("from", "a"), ("run", "<<EOF"), ("run", "x")]),
        ("FROM a\nUSER <<EOF\nRUN x", [("from", "a"), ("user", "<<EOF"), ("run", "x")]),
        ("FROM a\nONBUILD RUN <<EOF\nFROM b\nEOF", [("from", "a"), ("onbuild", "RUN <<EOF")]),
        ("FROM a\nRUN x <<< y", [("from", "a"), ("run", "x <<< y")]),
        ("# syntax=own/frontend\nMAGIC\nFROM", [("magic",), ("from",)]),
    ],
)
def test_instructions(text: str, expected: list[tuple[str, ...]]) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("FROM", 1, "FROM needs an argument"),
        ("FROM a b", 1, "FROM takes an image"),
        ("FROM a AS 1b", 1, "invalid name for a build stage: '1b'"),
        ("FROM a\n\nMAGIC x", 3, "unknown instruction MAGIC"),
        ("\nRUN x\nFROM a", 2, "RUN before the first FROM"),
        ("FROM a\nCOPY x", 2, "COPY needs a source and a destination"),
        ("FROM a\nADD", 2, "ADD needs an argument"),
        ("FROM a\nCOPY [1, 2]", 2, "a JSON array must hold strings only"),
        ("FROM a\nENV", 2, "ENV needs an argument"),
        ("FROM a\nENV a", 2, "two arguments are needed"),
        ("FROM a\nENV a=b c", 2, "'c' has no ="),
        ("FROM a\nENV =b", 2, "ENV has a blank name"),
        ("FROM a\nARG =b", 2, "ARG has a blank name"),
        ("FROM a\nRUN <<EOF\nx", 2, "heredoc 'EOF' has no end"),
        ("# escape=x\nFROM a", 1, "invalid escape token 'x'"),
        ("# syntax=a\n# syntax=b\nFROM a", 2, "only one syntax parser directive"),
        ("# syntax=x\nENV a", 2, "two arguments are needed"),
        ("FROM a\nCOPY " + "[" * 20000 + " x", 2, "COPY: "),
    ],
)
def test_mistakes(text: str, line: int, reason: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_dockerfile(text, "app/Dockerfile")
    assert caught.value.message.startswith(f"app/Dockerfile:{line}: ")
    assert reason in caught.value.message


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_no_instructions(text: str) -> None:
    with pytest.raises(DockerfileError, match="the file has no instructions"):
        parse_dockerfile(text)


def test_declared_args() -> None:
    text = "ARG A\nFROM x\nARG B=1 C\nARG \\\n  D='x'\nRUN <<E\nARG F\nE\nFROM y\narg a"
    assert parse_dockerfile(text).declared_args() == {"A", "B", "D", "a"}


ALL = "FROM ubuntu\n"


@pytest.mark.parametrize(
    ("text", "args", "expected"),
    [
        (ALL + "COPY server.go .", {}, [("server.go",)]),
        (ALL + "ADD a /etc/1\nCOPY a b ./", {}, [("a",), ("a", "b")]),
        (ALL + 'COPY ["a b", "c", "/d"]', {}, [("a b", "c")]),
        (ALL + "COPY 'a b' /d", {}, None),
        (ALL + 'COPY "a" /d', {}, [("a",)]),
        (ALL + "ADD https://example.com/x http://y z /d", {}, [("z",)]),
        (ALL + "ADD https://example.com/x /d", {}, []),
        (ALL + "ADD git@github.com:a/b.git /d", {}, [("git@github.com:a/b.git",)]),
        (ALL + "COPY <<EOF /d\nhello\nEOF\nCOPY a /d", {}, [("a",)]),
        (ALL + "COPY a .\nFROM b\nCOPY --from=0 /x ./\nCOPY c .", {}, [("a",), ("c",)]),
        (ALL + "COPY --chown=1:1 a b", {}, [("a",)]),
        (ALL + "COPY $foo /quux # COPY bar /quux", {}, [("",)]),
        (ALL + "COPY # nothing here", {}, []),
        # ENV
        (ALL + "ENV foo bar\nCOPY $foo /quux # COPY bar /quux", {}, [("bar",)]),
        (ALL + "ENV baz=bar \\\n foo=docker\nCOPY $foo/nginx.conf ${baz} .", {}, [("docker/nginx.conf", "bar")]),
        (ALL + "ENV a=1\nFROM x\nENV b=2\nCOPY $a$b .", {}, [("12",)]),
        (ALL + "ENV a=$b b=1\nCOPY $a .", {}, [("$b",)]),
        (ALL + "ENV a=x\nCOPY ${a:-y} ${z:-y} ${a:+q} .", {}, [("x", "y", "q")]),
        # ARG
        (ALL + "ARG FOO\nCOPY $FOO .", {"FOO": "server.go"}, [("server.go",)]),
        (ALL + "ARG FOO\nCOPY ${FOO} .", {"FOO": "server.go"}, [("server.go",)]),
        (ALL + "ARG FOO=server.go\nCOPY $FOO .", {}, [("server.go",)]),
        (ALL + "ARG FOO=server.go\nCOPY $FOO .", {"FOO": None}, [("server.go",)]),
        (ALL + "ARG FOO=server.go\nCOPY $FOO .", {"FOO": "worker.go"}, [("worker.go",)]),
        (ALL + "ARG FOO=server.go\nARG FOO=worker.go\nCOPY $FOO .", {}, [("worker.go",)]),
        (ALL + "ARG FOO=server.go\nARG FOO2\nCOPY $FOO2 .", {"FOO2": "worker.go"}, [("worker.go",)]),
        (ALL + "ARG FOO=x\nCOPY $FOO-1 $FOO_1 .", {}, [("x-1", "")]),
        (ALL + "COPY $FOO .\nARG FOO=x", {}, [("",)]),
        (ALL + "ARG A=1\nARG B=$A-2\nCOPY $B .", {}, [("1-2",)]),
        (ALL + "ARG A='x y'\nCOPY $A .", {}, [("x y",)]),
        (ALL + "ARG A=b=c\nCOPY $A .", {}, [("b",)]),
        (ALL + "ARG A=1 B=2\nCOPY $A$B .", {}, [("1",)]),
        ("ARG A=x\nFROM y\nCOPY $A .", {}, [("x",)]),
        (ALL + "ARG A=a\\b\nCOPY $A .", {}, [("ab",)]),
        (ALL + "ENV E=$A\nARG A=1\nENV F=$A\nCOPY $F$E .", {}, [("1$A",)]),
        (ALL + "ONBUILD COPY a b", {}, []),
    ],
)
def test_copied_sources(text: str, args: dict[str, str | None], expected: list[tuple[str, ...]] | None) -> None:
    dockerfile = parse_dockerfile(text)
    if expected is None:
        with pytest.raises(DockerfileError, match="Dockerfile:2: COPY: missing '"):
            copied_sources(dockerfile, args)
    else:
        assert list(copied_sources(dockerfile, args)) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("'a $b'", "a $b"),
        ('"a $v"', "a val"),
        ('"\\$v \\" \\x \\\\"', '$v " \\x \\'),
        ("\\$v\\a", "$va"),
        ("a\\", "a"),
        ('"a\\"', None),
        ("$v$none.$", "val.$"),
        ("$v_x ${v}_x", " val_x"),
        ("$1a ${10}", "a "),
        ("${e-d}|${e:-d}|${n-d}|${v:-d}", "|d|d|val"),
        ("${e+d}|${e:+d}|${n+d}|${v:+d}", "d|||d"),
        ("${v?x}|${e?x}", "val|"),
        ("${n:-${v}}", "val"),
        ("${v#v}|${v%l}|${p#*/}|${p##*/}|${p%/*}|${p%%/*}|${p#x}", "al|va|b/c|c|a/b|a|a/b/c"),
        ("${p/b/X}|${p//\\//-}|${v/?/X}|${p/z/X}", "a/X/c|a-b-c|Xal|a/b/c"),
        ("${p##*}|${p%*}|${p#*}|${p%%?/*}|${p%?/*}|${p##*/?/}", "|a/b/c|a/b/c||a/|c"),
        ("${n?}", None),
        ("${e:?empty}", None),
        ("${", None),
        ("${}", None),
        ("${v", None),
        ("${v:", None),
        ("${v^}", None),
        ("${v/a}", None),
        ("${v#\\q}", None),
        ("'a", None),
        ("${n:-" * 30 + "}" * 30, None),
    ],
)
def test_words(word: str, expected: str | None) -> None:
    variables = {"v": "val", "e": "", "p": "a/b/c"}
    if expected is None:
        with pytest.raises(BadWordError):
            expand_word(word, variables)
    else:
        assert expand_word(word, variables) == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("modifier", ["#", "##", "%", "%%", "/", "//"])
def test_many_stars_in_a_substitution_do_not_stall(modifier: str) -> None:
    pattern = "*a" * 15 + "*b*a" + ("/x" if modifier in "//" else "")
    assert expand_word(f"${{v{modifier}{pattern}}}", {"v": "a" * 3000}) == "a" * 3000


def test_other_escapes() -> None:
    assert expand_word("a`$v\\", {"v": "x"}, "`") == "a$v\\"
    assert expand_word("$a'$b'", None) == "$a$b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b' \"c d\"e f\\ g", ["'a b'", '"c d"e', "f\\ g"]),
        ("a \\", ["a"]),
        ("'a", ["'a"]),
        ("''", ["''"]),
        ("", []),
    ],
)
def test_splitting(text: str, expected: list[str]) -> None:
    assert split_words(text) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                "FROM a\n",
                "COPY ",
                "ARG ",
                "ENV ",
                "RUN ",
                "\\\n",
                "<<E",
                "\n",
                "$A",
                "${A:-",
                "}",
                "'",
                '"',
                " ",
                "x",
                "=",
                "[",
                "]",
                "--from=",
                "# syntax=b\n",
                "# escape=`\n",
            ]
        ),
        max_size=15,
    ).map("".join)
)
def test_any_dockerfile(text: str) -> None:
    try:
        found = copied_sources(parse_dockerfile(text), {"A": "1"})
    except DockerfileError:
        return
    assert all(isinstance(source, str) for sources in found for source in sources)


@pytest.mark.parametrize(("target", "there"), [("a", True), ("B", True), ("0", True), ("2", False), ("c", False)])
def test_a_stage_is_called_by_its_name_or_its_number(target: str, there: bool) -> None:
    assert parse_dockerfile("ARG X\nFROM x AS a\nFROM a as b\n").has_stage(target) is there


CROSS = """\
FROM --platform=$BUILDPLATFORM golang AS build
RUN go build
FROM scratch AS tools
RUN tool
FROM alpine AS base
FROM base AS other
RUN other
FROM base
COPY --from=build /app /app
"""


@pytest.mark.parametrize(
    ("text", "target", "runs"),
    [
        (CROSS, "", False),
        (CROSS, "build", False),
        (CROSS, "Tools", True),
        (CROSS, "other", True),
        (CROSS + "RUN here\n", "", True),
        (CROSS + "RUN --mount=type=bind,from=tools true\n", "build", False),
        (CROSS.replace("--from=build", "--from=tools"), "", True),
        (CROSS.replace("--from=build", "--from=1"), "", True),
        (CROSS.replace("--from=build", "--from=0"), "", False),
        (CROSS.replace("COPY --from=build /app", "COPY --from=alpine /app"), "", False),
        (CROSS.replace("$BUILDPLATFORM", "$TARGETPLATFORM"), "", True),
        (CROSS.replace("$BUILDPLATFORM", "linux/amd64"), "", False),
        ("FROM a AS a\nCOPY --from=a / /\n", "", False),
        ("FROM --platform=linux/amd64 x AS x\nRUN --mount=from=y,target=/y y\nFROM y AS y\nRUN z\nFROM x\n", "", False),
        ("FROM y AS y\nRUN z\nFROM --platform=linux/amd64 x\nRUN --mount=type=bind,from=y y\n", "", True),
        ("FROM scratch\nONBUILD RUN x\n", "", False),
    ],
)
def test_whether_a_step_runs_on_the_platform_that_is_built(text: str, target: str, runs: bool) -> None:
    assert parse_dockerfile(text).runs_on_target(target) is runs
