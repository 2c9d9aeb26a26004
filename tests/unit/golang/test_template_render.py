"""Templates: what they print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from buildx_tasks.errors import WorkFailed
from buildx_tasks.golang.template import TemplateError, parse_template

NOW = datetime(2015, 3, 7, 11, 6, 39, 123456, tzinfo=UTC)
VALUES = {"FOO": "foo", "BAR": "bar", "EMPTY": "", "LIST": "a,b,c", "N": "3", "UNI": "añb"}


def render(text: str) -> str:
    return parse_template(text).render(VALUES, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain } text }}", "plain } text }}"),
        ("{{.FOO}}-{{.BAR}}", "foo-bar"),
        ("{{ $.FOO }}", "foo"),
        ("{{.NOPE}}", "<no value>"),
        ("{{.NOPE.MORE}}", "<no value>"),
        ("{{.EMPTY}}", ""),
        ('{{default "a" .NOPE}}:{{.ALSO}}', "a:<no value>"),
        # white space and comments
        ("a {{- .FOO -}} b", "afoob"),
        ("a\n\t {{- .FOO}} b", "afoo b"),
        ("a {{/* note */}} b", "a  b"),
        ("a {{- /* note */ -}} b", "ab"),
        ("{{.FOO\n}}", "foo"),
        ("{{- 3}}{{-3}}", "3-3"),
        # literals
        ('{{"a\\tb\\x41\\u00e9\\101\\""}}', 'a\tbAéA"'),
        ("{{`raw \\n`}}", "raw \\n"),
        ("{{'a'}} {{'\\n'}} {{'\\''}}", "97 10 39"),
        ("{{0x1F}} {{0o17}} {{017}} {{0b101}} {{1_000}} {{-5}} {{+5}}", "31 15 15 5 1000 -5 5"),
        (
            "{{1.5}} {{1e3}} {{.5}} {{1e6}} {{1e-5}} {{2.0}} {{0x1p-2}} {{1234567.0}}",
            "1.5 1000 0.5 1e+06 1e-05 2 0.25 1.234567e+06",
        ),
        ("{{true}} {{false}}", "true false"),
        # variables
        ("{{$x := .FOO}}{{$x}}{{$x = .BAR}}{{$x}}", "foobar"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}", "32"),
        ("{{$x := .NOPE}}{{$x}}", "<no value>"),
        # if
        ("{{if .FOO}}yes{{else}}no{{end}}", "yes"),
        ("{{if .EMPTY}}yes{{else}}no{{end}}", "no"),
        ("{{if .NOPE}}yes{{end}}", ""),
        ("{{if 0}}a{{else if 0.0}}b{{else if .FOO}}c{{else}}d{{end}}", "c"),
        ("{{if not .NOPE}}a{{end}}", "a"),
        ("{{if $x := .FOO}}{{$x}}{{end}}", "foo"),
        # with
        ("{{with .FOO}}[{{.}}]{{end}}", "[foo]"),
        ("{{with .NOPE}}x{{else}}{{.BAR}}{{end}}", "bar"),
        ("{{with .NOPE}}x{{else with .FOO}}{{.}}{{end}}", "foo"),
        ("{{with $x := .FOO}}{{$x}}{{$.BAR}}{{end}}", "foobar"),
        # range
        ('{{range splitList "," .LIST}}<{{.}}>{{end}}', "<a><b><c>"),
        ('{{range $x := splitList "," .LIST}}{{$x}}{{end}}', "abc"),
        ('{{range $i, $x := splitList "," .LIST}}{{$i}}{{$x}}{{end}}', "0a1b2c"),
        ('{{range $k, $v := split "," .LIST}}{{$k}}={{$v}};{{end}}', "_0=a;_1=b;_2=c;"),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range $i := 2}}{{$i}}{{end}}", "01"),
        ("{{range -1}}x{{else}}none{{end}}", "none"),
        ("{{range list}}x{{else}}none{{end}}", "none"),
        ("{{range .NOPE}}x{{else}}none{{end}}", "none"),
        ("{{range 9}}{{if eq . 2}}{{continue}}{{end}}{{if gt . 4}}{{break}}{{end}}{{.}}{{end}}", "0134"),
        ("{{$last := 0}}{{range $last = 4}}{{end}}{{$last}}", "3"),
        ("{{range 2}}{{range 2}}{{break}}{{end}}x{{end}}", "xx"),
        # pipelines
        ('{{.FOO | upper | printf "%s-%s" .BAR}}', "bar-FOO"),
        ("{{(.FOO | upper) | lower}}", "foo"),
        ("{{.FOO | }}", "foo"),
        ('{{(split "," .LIST)._1}}', "b"),
        # printing
        ("{{print nil}}", "<nil>"),
        ("{{print .NOPE}}", "<nil>"),
        ('{{list 1 "a" nil true 1.5}}', "[1 a <nil> true 1.5]"),
        ('{{split "," .LIST}}', "map[_0:a _1:b _2:c]"),
        ("{{now}}", "2015-03-07 11:06:39.123456 +0000 UTC"),
        ('{{now.Year}} {{now.Unix}} {{(now).Format "Jan 2"}} {{now.UTC.Month}}', "2015 1425726399 Mar 7 March"),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{and .FOO .BAR}} {{and .EMPTY .BAR}}|{{and 1 0 2}}", "bar |0"),
        ("{{or .EMPTY .BAR}} {{or .NOPE .EMPTY}}|{{or 0 3 2}}", "bar |3"),
        ("{{.EMPTY | or .FOO}} {{.BAR | and .FOO}}", "foo bar"),
        ('{{or .FOO (fail "not needed")}}', "foo"),
        ('{{and .EMPTY (fail "not needed")}}', ""),
        ("{{not .FOO}} {{not .EMPTY}} {{not 0}}", "false true true"),
        ('{{eq .FOO "foo"}} {{eq .FOO "a" "foo"}} {{eq 1 2}} {{eq true true}}', "true true false true"),
        ('{{ne .FOO "foo"}} {{ne 1 2}}', "false true"),
        ("{{eq .NOPE nil}} {{eq .NOPE .FOO}} {{eq nil nil}}", "true false true"),
        ("{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 2}}", "true true false true"),
        ('{{lt "a" "b"}} {{gt "b" "a"}} {{lt 1.5 2.5}}', "true true true"),
        ("{{len .FOO}} {{len .UNI}} {{len (list 1 2)}}", "3 4 2"),
        ('{{index . "FOO"}} {{index . "NOPE"}}|{{index (list 5 6) 1}} {{index "abc" 1}}', "foo |6 98"),
        ("{{slice .FOO 1}} {{slice .FOO 0 2}} {{slice .FOO}} {{slice (list 1 2 3) 1 2 3}}", "oo fo foo [2]"),
        ("{{slice .UNI 0 2}}", "a\ufffd"),
        ('{{print 1 2 "a" "b" 3 4}}', "1 2ab3 4"),
        ('{{println "a" 1}}', "a 1\n"),
        ('{{html "<a b=\\"c\\">&"}}', "&lt;a b=&#34;c&#34;&gt;&amp;"),
        ('{{js "it\'s <b>"}}', "it\\'s \\u003Cb\\u003E"),
        ('{{urlquery "a b&c/é"}}', "a+b%26c%2F%C3%A9"),
    ],
)
def test_builtins(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{with $x := nil}}tag{{end}}", "nil is not a command"),
        ("{{nil}}", "nil is not a command"),
        ("{{.FOO.BAR}}", "string has no field 'BAR'"),
        ("{{.FOO 1}}", "'FOO' can't take arguments"),
        ("{{1 2}}", "this can't take arguments"),
        ("{{$x := 1}}{{2 | $x}}", "this can't take arguments"),
        ("{{$x := $x}}", "undefined variable '$x'"),
        ("{{range .FOO}}{{end}}", "range can't go over string"),
        ("{{range true}}{{end}}", "range can't go over bool"),
        ("{{range $a, $b := 3}}{{end}}", "a number gives one variable"),
        ("{{range 1000}}{{range 1000}}{{end}}{{end}}", "more than 100000 rounds"),
        ("{{range 99999999999}}{{end}}", "more than 100000 rounds"),
        ("{{range 99999}}{{$.LIST}}{{$.LIST}}{{$.LIST}}{{$.LIST}}{{end}}", "the result grows beyond"),
        ("{{upper .NOPE}}", "there is no value; expected string"),
        ("{{upper 1}}", "wrong type: expected string, got int"),
        ("{{1 | upper}}", "upper: wrong type: expected string, got int"),
        ("{{trunc .FOO .FOO}}", "wrong type: expected int, got string"),
        ("{{trunc true .FOO}}", "wrong type: expected int, got bool"),
        ("{{trunc 1.5 .FOO}}", "wrong type: expected int, got float64"),
        ("{{upper}}", "wrong number of arguments for upper: want 1, got 0"),
        ("{{and}}", "wrong number of arguments for and: want at least 1, got 0"),
        ("{{.FOO | upper .BAR}}", "want 1, got 2"),
        ("{{eq 1}}", "missing argument for comparison"),
        ('{{eq 1 "1"}}', "incompatible types for comparison: int and string"),
        ("{{eq 1 1.0}}", "incompatible types"),
        ("{{eq (list 1) (list 1)}}", "can't be compared"),
        ("{{lt 1 true}}", "can't order int and bool"),
        ("{{lt true true}}", "can't order bool and bool"),
        ("{{lt .NOPE 1}}", "can't order <nil> and int"),
        ("{{len 3}}", "int has no length"),
        ("{{len .NOPE}}", "<nil> has no length"),
        ("{{index (list 1) 1}}", "index out of range: 1"),
        ('{{index (list 1) "a"}}', "an index is an int, not string"),
        ("{{index . 1}}", "a map's key is text, not int"),
        ("{{index 3 1}}", "can't index int"),
        ("{{slice .FOO 2 1}}", "wrong order of ends"),
        ("{{slice .FOO 9}}", "index out of range"),
        ("{{slice .FOO 0 1 2}}", "too many ends"),
        ("{{slice 3 1}}", "can't slice int"),
        ('{{printf "%[1]d" 1}}', "argument indexes"),
        ("{{now.Nope}}", "time.Time has no field 'Nope'"),
        ('{{fail "own\\nwords"}}', "fail: own words"),
        ("{{print (repeat 1000000 .FOO) (repeat 1000000 .FOO)}}", "can't repeat"),
    ],
)
def test_failures(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)
    assert reason in caught.value.reason
    assert caught.value.line == 1


def test_the_place_of_a_failure() -> None:
    with pytest.raises(TemplateError) as caught:
        render("one\n two {{.FOO | upper | len | upper}}")
    assert (caught.value.line, caught.value.column) == (2, 29)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{.NOPE}}", "there is no 'NOPE'"),
        ('{{default "a" .NOPE}}', "there is no 'NOPE'"),
        ("{{if .NOPE}}{{end}}", "there is no 'NOPE'"),
        ("{{(index (list nil) 0).A}}", "there is no 'A'"),
    ],
)
def test_missing_keys_as_errors(text: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason):
        parse_template(text).render(VALUES, now=NOW, missing="error")


def test_strict_keys_that_exist() -> None:
    assert parse_template("{{.FOO}}{{.EMPTY}}").render(VALUES, now=NOW, missing="error") == "foo"


def test_builtins_only() -> None:
    with pytest.raises(TemplateError, match="unknown function"):
        parse_template("{{upper .FOO}}").render(VALUES, now=NOW, functions="builtin")
    assert parse_template("{{len .FOO}}").render(VALUES, now=NOW, functions="builtin") == "3"


def test_commands() -> None:
    seen: list[Sequence[str]] = []

    def run(argv: Sequence[str]) -> str:
        seen.append(argv)
        return "\n1.0.0 \n"

    template = parse_template('v{{cmd "bash" "-c" "echo 1.0.0"}}')
    assert template.render({}, now=NOW, cmd=run) == "v1.0.0"
    assert seen == [("bash", "-c", "echo 1.0.0")]


def test_a_failing_command() -> None:
    def run(argv: Sequence[str]) -> str:
        raise WorkFailed("git: exit status 128", "is this a checkout?")

    with pytest.raises(TemplateError, match="cmd: git: exit status 128"):
        parse_template('{{cmd "git"}}').render({}, now=NOW, cmd=run)


def test_commands_do_not_run_without_a_runner() -> None:
    with pytest.raises(TemplateError, match="commands do not run here"):
        parse_template('{{cmd "git"}}').render({}, now=NOW)
    with pytest.raises(TemplateError, match="expected string, got int"):
        parse_template('{{cmd "git" 1}}').render({}, now=NOW, cmd=lambda argv: "")


def test_environment_and_values_may_differ() -> None:
    template = parse_template('{{.IMAGE_NAME}} {{env "IMAGE_NAME"}} {{expandenv "$A-${A}-$B"}}')
    values = {"IMAGE_NAME": "app"}
    assert template.render(values, now=NOW, environ={"IMAGE_NAME": "other", "A": "1"}) == "app other 1-1-"
