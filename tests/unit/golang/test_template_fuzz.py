"""Whatever the text: it is a template or a TemplateError, it prints text or a TemplateError."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from buildx_tasks.golang.template import TemplateError, parse_template
from buildx_tasks.golang.template.sprig import SPRIG

NOW = datetime(2015, 3, 7, 11, 6, 39, tzinfo=UTC)
VALUES = {"FOO": "foo", "A": "1,2", "EMPTY": "", "ODD": "\udcff\ud800é"}

ATOMS = st.sampled_from(
    [
        ".FOO",
        ".A",
        ".EMPTY",
        ".ODD",
        ".NOPE",
        ".",
        "$",
        "nil",
        "true",
        "1",
        "-1",
        "2.5",
        "0x1f",
        "'c'",
        '"s"',
        "`r`",
        "list",
        "now",
    ]
)
NAMES = st.sampled_from(sorted(SPRIG))
PIECES = st.one_of(
    ATOMS,
    NAMES,
    st.sampled_from(
        [
            "{{",
            "}}",
            "{{- ",
            " -}}",
            "(",
            ")",
            "|",
            " ",
            ",",
            ":=",
            "=",
            "$x",
            "if ",
            "else ",
            "end",
            "range ",
            "with ",
            "break",
            "/*",
            "*/",
            "\n",
            "text",
        ]
    ),
)
EXPRESSIONS: st.SearchStrategy[str] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(lambda name, args: f"({name} {' '.join(args)})", NAMES, st.lists(inner, max_size=3)),
        st.builds(lambda left, name: f"({left} | {name})", inner, NAMES),
        st.builds(lambda value, field: f"({value}).{field}", inner, st.sampled_from(["FOO", "Year", "x"])),
    ),
    max_leaves=8,
)
ACTIONS = st.one_of(
    st.builds("{{{{{}}}}}".format, EXPRESSIONS),
    st.builds("{{{{if {}}}}}a{{{{else}}}}b{{{{end}}}}".format, EXPRESSIONS),
    st.builds("{{{{with {}}}}}{{{{.}}}}{{{{end}}}}".format, EXPRESSIONS),
    st.builds("{{{{range $i, $e := {}}}}}{{{{$e}}}}{{{{end}}}}".format, EXPRESSIONS),
    st.builds("{{{{$x := {}}}}}{{{{$x}}}}".format, EXPRESSIONS),
)


def outcome(text: str) -> str | TemplateError:
    try:
        template = parse_template(text)
        assert all(isinstance(name, str) for name in template.fields())
        return template.render(VALUES, now=NOW)
    except TemplateError as error:
        return error


def check(text: str) -> None:
    found = outcome(text)
    if isinstance(found, TemplateError):
        assert found.reason
        assert 0 <= found.offset <= len(text)
        assert "\n" not in found.message
    else:
        assert isinstance(found, str)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    check(text)


@given(st.text(max_size=30))
def test_any_action(text: str) -> None:
    check("{{" + text + "}}")


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_any_tokens(text: str) -> None:
    check(text)


@settings(max_examples=500)
@given(st.lists(ACTIONS, min_size=1, max_size=3).map("".join))
def test_any_expression(text: str) -> None:
    check(text)


def test_deep_and_long() -> None:
    for text in (
        "(" * 5000,
        "{{" + "(" * 5000,
        "{{if .A}}" * 5000,
        "{{.A" + ".B" * 5000 + "}}",
        "{{.A" + "|print" * 2000 + "}}",
    ):
        check(text)
