from __future__ import annotations

import pytest

from buildx_tasks.document.formats.dotenv import parse_dotenv

GOOD = [
    ("A=1", {"A": "1"}),
    ("A=1\nB=2\n", {"A": "1", "B": "2"}),
    ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ("\ufeffA=1", {"A": "1"}),
    ("  export A = 1  \n", {"A": "1"}),
    ("A: 1", {"A": "1"}),
    ("A=", {"A": ""}),
    ("A=# nothing", {"A": ""}),
    ("A=x y # comment", {"A": "x y"}),
    ("A=x#y", {"A": "x#y"}),
    ("# A=1\n\n   # B=2\nC=3", {"C": "3"}),
    ("A='$B # \\n'  # c", {"A": "$B # \\n"}),
    ('A="x # y" # c', {"A": "x # y"}),
    ('A="1\\n2\\"3\\\\4"', {"A": '1\n2"3\\4'}),
    ('A="one\ntwo"\nB=1', {"A": "one\ntwo", "B": "1"}),
    ("A='one\ntwo'", {"A": "one\ntwo"}),
    ("A=1\nB=$A-${A}x", {"A": "1", "B": "1-1x"}),
    ('A=1\nB="$A$NONE\\$A"', {"A": "1", "B": "1$A"}),
    ("A=$lower-$", {"A": "$lower-$"}),
    ("A=1\nA=2", {"A": "2"}),
    ("a.b=1", {"a.b": "1"}),
    ("A=k=v", {"A": "k=v"}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_reads_values(text: str, expected: dict[str, str]) -> None:
    found = parse_dotenv(text)
    assert (found.values, found.problems) == (expected, [])


@pytest.mark.parametrize(
    ("text", "lines"),
    [("A", [1]), ("OK=1\n=x\n1A=2\nALSO=2", [2, 3]), ('OK=1\n\nA="open\nALSO=2', [3]), ("A='x' y", [1])],
)
def test_lines_that_are_no_assignment_are_problems_and_the_others_count(text: str, lines: list[int]) -> None:
    found = parse_dotenv(text)
    assert [line for line, _ in found.problems] == lines
    assert found.values == {name: value for name, value in (("OK", "1"), ("ALSO", "2")) if name in text}
