"""Templates: what is one, what is not, and where the mistake stands."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.golang.template import TemplateError, parse_template


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("{{", 1, 3, "unclosed action"),
        ("ab{{.A", 1, 7, "unclosed action"),
        ("{{.A\n", 2, 1, "unclosed action"),
        ("{{.A }", 1, 6, "unexpected '}' in operand"),
        ("{{}}", 1, 3, "missing value for command"),
        ("{{- -}}", 1, 5, "wrong number '-'"),
        ("{{/* x", 1, 3, "unclosed comment"),
        ("{{/* x */ y}}", 1, 10, "comment ends before closing delimiter"),
        ("{{ /* x */ }}", 1, 4, "unexpected '/' in command"),
        ('{{"a}}', 1, 3, "unterminated quoted string"),
        ('{{"a\n"}}', 1, 3, "unterminated quoted string"),
        ("{{`a}}", 1, 3, "unterminated raw quoted string"),
        ("{{'a}}", 1, 3, "unterminated character constant"),
        ("{{'ab'}}", 1, 3, "wrong char \"'ab'\""),
        ('{{"\\q"}}', 1, 3, "wrong string"),
        ('{{"\\ud800"}}', 1, 3, "wrong string"),
        ("{{0x}}", 1, 3, "wrong number '0x'"),
        ("{{9223372036854775808}}", 1, 3, "wrong number"),
        ("{{1e999}}", 1, 3, "wrong number"),
        ("{{" + "9" * 5000 + "}}", 1, 3, "wrong number"),
        ("{{3x}}", 1, 3, "bad number syntax: '3x'"),
        ("{{2i}}", 1, 3, "complex numbers are not supported"),
        ("{{1+2}}", 1, 3, "complex numbers are not supported"),
        ("{{.A$}}", 1, 5, "bad character U+0024 '$'"),
        ("{{.A-}}", 1, 5, "bad character U+002D '-'"),
        ("{{.A\x00}}", 1, 5, "bad character U+0000"),
        ("{{\x01}}", 1, 3, "unrecognized character in action: U+0001"),
        ("{{: .A}}", 1, 3, "expected :="),
        ("{{(.A}}", 1, 6, "unclosed left paren"),
        ("{{.A)}}", 1, 5, "unexpected right paren"),
        ("{{()}}", 1, 4, "missing value for parenthesized pipeline"),
        ("{{|}}", 1, 3, "unexpected '|' in command"),
        ("{{.A | | .B}}", 1, 8, "unexpected '|' in command"),
        ("{{.A,.B}}", 1, 5, "unexpected ',' in operand"),
        ("{{.A 'b'.C}}", 1, 6, "unexpected . after"),
        ("{{nil.A}}", 1, 3, "unexpected . after 'nil'"),
        ("{{.A(.B)}}", 1, 5, "unexpected '(' in operand"),
        ('{{.A | "b"}}', 1, 8, "stage 2 of the pipeline can't be called"),
        ("{{.A | .}}", 1, 8, "stage 2 of the pipeline can't be called"),
        ("{{$x}}", 1, 3, "undefined variable '$x'"),
        ("{{$x = 1}}", 1, 3, "undefined variable '$x'"),
        ("{{if .A}}{{$x := 1}}{{end}}{{$x}}", 1, 30, "undefined variable '$x'"),
        ("{{$x, $y := 1}}", 1, 5, "too many declarations in command"),
        ("{{range $a, $b, $c := .}}{{end}}", 1, 15, "too many declarations in range"),
        ("{{range $a, .B}}{{end}}", 1, 13, "range can only initialize variables"),
        ("{{end}}", 1, 3, "unexpected {{end}}"),
        ("a\nb {{else}}", 2, 5, "unexpected {{else}}"),
        ("{{if .A}}", 1, 3, "{{if}} has no {{end}}"),
        ("{{if .A}}{{else}}", 1, 3, "{{if}} has no {{end}}"),
        ("{{if}}{{end}}", 1, 5, "missing value for if"),
        ("{{if .A}}{{else}}{{else}}{{end}}", 1, 20, "expected {{end}} of {{if}}"),
        ("{{if .A}}{{end .B}}", 1, 16, "unexpected '.B' in end"),
        ("{{with .A}}{{else if .B}}{{end}}", 1, 19, "unexpected 'if' in input"),
        ("{{range .A}}{{else with .B}}{{end}}", 1, 20, "unexpected 'with' in input"),
        ("{{break}}", 1, 3, "{{break}} outside {{range}}"),
        ("{{range .A}}{{else}}{{continue}}{{end}}", 1, 23, "{{continue}} outside {{range}}"),
        ('{{define "x"}}{{end}}', 1, 3, "{{define}} is not supported"),
        ('{{template "x"}}', 1, 3, "{{template}} is not supported"),
        ('{{block "x" .}}{{end}}', 1, 3, "{{block}} is not supported"),
        ("{{nosuch .A}}", 1, 3, "unknown function 'nosuch'"),
        ("{{.A | nosuch}}", 1, 8, "unknown function 'nosuch'"),
        ("{{" + "(" * 60 + ".A" + ")" * 60 + "}}", 1, 53, "nested more than 50 deep"),
        ("{{if .A}}" * 60 + "{{end}}" * 60, 1, 453, "nested more than 50 deep"),
    ],
)
def test_mistakes(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    error = caught.value
    assert reason in error.reason
    assert (error.line, error.column) == (line, column)
    assert f"{line}:{column}: {reason}"[:40] in error.message
    assert error.template == text
    assert isinstance(error, CannotStart)
    assert "\n" not in error.message


def test_a_near_function_is_offered() -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template("{{.A | trimSufix}}")
    assert "did you mean trimSuffix" in caught.value.hint


@pytest.mark.parametrize("name", ["default", "cmd", "env", "trunc"])
def test_builtins_only(name: str) -> None:
    parse_template(f"{{{{{name}}}}}")
    with pytest.raises(TemplateError, match="unknown function"):
        parse_template(f"{{{{{name}}}}}", functions="builtin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ()),
        ("{{.A}}-{{.B}}-{{.A}}", ("A", "B")),
        ("{{.A.B}}", ("A", "B")),
        ("{{$.A}}", ("A",)),
        ("{{$x := .A}}{{$x}}", ("A",)),
        ("{{(.A).B}}", ("A", "B")),
        ("{{if .A}}{{.B}}{{else if .C}}{{.D}}{{else}}{{.E}}{{end}}", ("A", "B", "C", "D", "E")),
        ("{{range .A}}{{.B}}{{else}}{{.C}}{{end}}", ("A", "B", "C")),
        ("{{with .A}}{{.B}}{{end}}", ("A", "B")),
        ('{{printf "%s" .A | eq .B (print .C)}}', ("A", "B", "C")),
        ("{{/* .A */}}", ()),
        ("{{.}}", ()),
    ],
)
def test_fields(text: str, expected: tuple[str, ...]) -> None:
    assert parse_template(text).fields() == expected


def test_long_templates_are_shown_in_part() -> None:
    with pytest.raises(TemplateError) as caught:
        parse_template("x" * 5000 + "{{")
    assert len(caught.value.message) < 300
