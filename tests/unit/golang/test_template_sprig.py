"""The functions beside Go's own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from buildx_tasks.golang.template import TemplateError, parse_template

NOW = datetime(2015, 3, 7, 11, 6, 39, 123456, tzinfo=timezone(timedelta(hours=-6), "CST"))
VALUES = {"FOO": "foo", "HOME": "/home/me", "EMPTY": "", "SHA": "0123456789abcdef", "UNI": "añb"}


def render(text: str) -> str:
    return parse_template(text).render(VALUES, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{{default "bar" .NOPE}} {{default "bar" .EMPTY}} {{default "bar" .FOO}}', "bar bar foo"),
        ('{{.NOPE | default "x"}} {{default "x" 0}} {{default "x"}}', "x x x"),
        ("{{empty .NOPE}} {{empty .FOO}} {{empty 0}} {{empty now}}", "true false true false"),
        ('{{coalesce .NOPE .EMPTY .FOO "z"}} {{coalesce 0 .NOPE}}', "foo <no value>"),
        ('{{ternary "y" "n" true}} {{true | ternary "y" "n"}} {{ternary "y" "n" (eq .FOO "x")}}', "y y n"),
        ('{{env "HOME"}}{{env "NOPE"}}', "/home/me"),
        ('{{expandenv "$HOME/${FOO}$NOPE-$$-$1"}}', "/home/me/foo--"),
        ('{{now | date "2006-01-02"}} {{date "15:04 MST" now}}', "2015-03-07 11:06 CST"),
        ('{{dateInZone "15:04 MST" now "UTC"}} {{date_in_zone "15 MST" now "No/Where"}}', "17:06 UTC 17 UTC"),
        ('{{date "2006-01-02 15:04:05" 0}}', "1969-12-31 18:00:00"),
        ('{{default now .SOURCE_DATE_EPOCH | date "20060102"}} {{date "2006" .FOO}}', "20150307 2015"),
        ("{{unixEpoch now}}", "1425747999"),
        (
            '{{lower "ÀB"}} {{upper "àß"}} {{title "hello wORLD it\'s a_b"}}',
            "àb Àß Hello WORLD It'S A_b",
        ),
        ('{{trim "\\t a b \\n"}}|{{trimAll "$*" "$$a*b*$"}}|{{trimAll "" " a "}}', "a b|a*b| a "),
        ('{{trimPrefix "v" "v1v"}} {{trimSuffix "v" "v1v"}} {{trimPrefix "x" "v1"}}', "1v v1 v1"),
        ('{{"I Am Henry VIII" | replace " " "-"}} {{replace "" "." "ab"}}', "I-Am-Henry-VIII .a.b."),
        (
            "{{substr 0 7 .SHA}} {{.SHA | substr 2 4}} {{substr 0 99 .FOO}} {{substr 1 -1 .FOO}} {{substr -1 2 .FOO}}",
            "0123456 23 foo oo fo",
        ),
        (
            "{{trunc 7 .SHA}} {{trunc -4 .SHA}} {{trunc 99 .FOO}} {{trunc -99 .FOO}} {{trunc 0 .FOO}}|",
            "0123456 cdef foo foo |",
        ),
        ("{{trunc 2.0 .FOO}}", "fo"),
        ('{{nospace " a b\\tc "}}', "abc"),
        ('{{quote "a\\"b" 1 nil true}} {{squote "a" 1 nil}}', '"a\\"b" "1" "true" \'a\' \'1\''),
        ('{{cat "a" 1 nil "b"}}', "a 1 b"),
        ('{{indent 2 "a\\nb"}}|{{nindent 1 "a"}}', "  a\n  b|\n a"),
        ('{{contains "o" .FOO}} {{hasPrefix "fo" .FOO}} {{.FOO | hasSuffix "x"}}', "true true false"),
        ('{{repeat 3 "ab"}}|{{repeat 0 "ab"}}', "ababab|"),
        ('{{regexMatch "^f.+$" .FOO}} {{regexMatch "x" .FOO}}', "true false"),
        ('{{regexFind "[0-9]+" .SHA}}|{{regexFind "z" .SHA}}', "0123456789|"),
        ('{{regexFindAll "[a-c]" .SHA -1}} {{regexFindAll "[a-c]" .SHA 2}}', "[a b c] [a b]"),
        (
            '{{regexReplaceAll "[^a-z0-9]+" "a/B-c" "_"}} {{regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W"}}',
            "a_c -W-xxW-",
        ),
        ('{{regexReplaceAllLiteral "a(x*)b" "-ab-" "${1}"}}', "-${1}-"),
        ('{{splitList "," "a,b"}} {{splitList "" "aé"}} {{splitList "," ""}}', "[a b] [a é] []"),
        ('{{(split "$" "a$b")._1}} {{index (split "," "a") "_9"}}|', "b |"),
        (
            '{{join "-" (list 1 "a" nil true)}} {{list "x" "y" | join "."}} {{join "-" 5}} {{join "-" nil}}|',
            "1-a-true x.y 5 |",
        ),
        ("{{first (list 1 2)}} {{last (list 1 2)}} {{rest (list 1 2 3)}} {{initial (list 1 2 3)}}", "1 2 [2 3] [1 2]"),
        (
            '{{first list}} {{has 2 (list 1 2)}} {{has "2" (list 1 2)}} {{until 3}} {{until -2}}',
            "<no value> true false [0 1 2] [0 -1]",
        ),
        ('{{b64enc "hello"}} {{b64dec "aGVsbG8="}}', "aGVsbG8= hello"),
        ("{{sha1sum .FOO}}", "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"),
        ("{{sha256sum .FOO | trunc 8}}", "2c26b46b"),
        (
            '{{base "gcr.io/p/app"}} {{base ""}} {{base "/"}} {{dir "a/b"}} {{dir "c"}} {{ext "a.b/c"}}{{ext "c.tar"}}',
            "app . / a . .tar",
        ),
        ("{{toString 1 | upper}} {{toString true}} {{toStrings (list 1 nil 2)}}", "1 true [1 2]"),
        ('{{int "12"}} {{int " 12"}} {{int 3.9}} {{int true}} {{int nil}} {{atoi "7"}}', "12 0 3 1 0 7"),
        (
            '{{int64 "9223372036854775808"}} {{int "-9223372036854775808"}}',
            "0 -9223372036854775808",
        ),
        ('{{add 1 "2" 3}} {{add}} {{sub 5 "2"}} {{add1 1}} {{mul 2 3 4}} {{max 1 5 2}} {{min 4 2}}', "6 0 3 2 24 5 2"),
        ("{{div 7 2}} {{div -7 2}} {{mod -7 2}} {{mod 7 -2}}", "3 -3 -1 1"),
        ("{{add 9223372036854775807 1}}", "-9223372036854775808"),
        ("{{.UNI | trunc 2}} {{substr 0 3 .UNI}}", "a\ufffd añ"),
        ('{{.SHA | substr 0 7}}-{{now | date "2006"}}', "0123456-2015"),
    ],
)
def test_functions(text: str, expected: str) -> None:
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{substr 5 9 .FOO}}", "out of range"),
        ("{{substr 2 1 .FOO}}", "out of range"),
        ("{{substr -1 -1 .FOO}}", "out of range"),
        ("{{repeat -1 .FOO}}", "can't repeat"),
        ('{{repeat 9999999 "x"}}', "can't repeat"),
        ('{{indent 9999999 "x"}}', "can't repeat"),
        ('{{replace "a" (repeat 9999 "y") (repeat 9999 "a")}}', "grows beyond"),
        ('{{regexReplaceAll "a" (repeat 9999 "a") (repeat 9999 "y")}}', "grows beyond"),
        ('{{join (repeat 9999 "y") (splitList "" (repeat 9999 "a"))}}', "grows beyond"),
        ('{{regexMatch "(" .FOO}}', "wrong regular expression"),
        ('{{regexFind "(?=a)" .FOO}}', "wrong regular expression"),
        ("{{first .FOO}}", "a list is needed, not string"),
        ("{{list (list 1)}}", "a list in a list"),
        ("{{until 9999999}}", "too long"),
        ('{{b64dec "%"}}', "not base64"),
        ("{{div 1 0}}", "division by zero"),
        ("{{mod 1 0}}", "division by zero"),
        ("{{unixEpoch 1}}", "unixEpoch wants a time"),
        ('{{date "2006" 99999999999999}}', "out of range"),
        ('{{ternary 1 2 "x"}}', "expected bool, got string"),
    ],
)
def test_failures(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)
    assert reason in caught.value.reason
