"""Go's printf and its ways to print floats and literals."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.printf import sprintf
from buildx_tasks.golang.template.values import StringMap, quote, show_float

NOW = datetime(2015, 3, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("layout", "values", "expected"),
    [
        ("plain 100%%", (), "plain 100%"),
        ("%s-%d", ("a", 3), "a-3"),
        ("%v %v %v %v", ("a", 1, True, None), "a 1 true <nil>"),
        ("%5s|%-5s|%.2s|%5.1s", ("abc", "abc", "abc", "abc"), "  abc|abc  |ab|    a"),
        ("%05d|%5d|%-5d|%+d|% d", (42, 42, 42, 42, 42), "00042|   42|42   |+42| 42"),
        ("%05d %.4d %6.3d %.0d|", (-42, 7, -7, 0), "-0042 0007   -007 |"),
        (
            "%x %X %#x %o %#o %O %b %c %U",
            (255, 255, 255, 8, 8, 8, 5, 65, 0x1F600),
            "ff FF 0xff 10 010 0o10 101 A U+1F600",
        ),
        ("%x %X %x % x", ("hi", "hi", -255, "hi"), "6869 6869 -ff 68 69"),
        ("%q %#v %q", ('a"b', "x", 65), '"a\\"b" "x" \'A\''),
        ("%t %5t", (True, False), "true false"),
        (
            "%f %.2f %8.3f|%-8.1f|",
            (1.5, 2.345, 3.14159, 2.0),
            "1.500000 2.35    3.142|2.0     |",
        ),
        ("%e %E %g %G %.3g", (12345.678, 0.5, 1e21, 1e-7, 1234.5), "1.234568e+04 5.000000E-01 1e+21 1E-07 1.23e+03"),
        ("%06.1f %+.1f", (-2.5, 2.5), "-002.5 +2.5"),
        ("%*d|%-*d|%.*f", (5, 42, 4, 7, 1, 2.55), "   42|7   |2.5"),
        ("%T %T %T %T", ("a", 1, 1.5, None), "string int float64 <nil>"),
        ("%v %s %d", ([1, "a"], ["x", "y"], [1, 2]), "[1 a] [x y] [1 2]"),
        ("%v", (StringMap(b="2", a="1"),), "map[a:1 b:2]"),
        ("%v %s", (NOW, NOW), "2015-03-07 00:00:00 +0000 UTC 2015-03-07 00:00:00 +0000 UTC"),
        ("%v", (float("inf"),), "+Inf"),
        ("%5.1f|%v", (float("-inf"), float("nan")), " -Inf|NaN"),
        # misuse shows in the text
        ("%d", ("hi",), "%!d(string=hi)"),
        ("%s", (1,), "%!s(int=1)"),
        ("%t", (1,), "%!t(int=1)"),
        ("%f", (1,), "%!f(int=1)"),
        ("%x", (1.5,), "%!x(float64=1.5)"),
        ("%d", (None,), "%!d(<nil>)"),
        ("%z", ("a",), "%!z(string=a)"),
        ("%d %s", (1,), "1 %!s(MISSING)"),
        ("%d", (1, "x", 2), "1%!(EXTRA string=x, int=2)"),
        ("50%", (), "50%!(NOVERB)"),
        ("%", (1,), "%!(NOVERB)%!(EXTRA int=1)"),
    ],
)
def test_printf(layout: str, values: tuple[object, ...], expected: str) -> None:
    assert sprintf(layout, values) == expected


@pytest.mark.parametrize(
    ("layout", "values"),
    [("%[1]d", (1,)), ("%99999999d", (1,)), ("%*d", ("a", 1)), ("%.*d", ()), ("%1000000s%1000000s", ("a", "b"))],
)
def test_refused(layout: str, values: tuple[object, ...]) -> None:
    with pytest.raises(GoError):
        sprintf(layout, values)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.25, "-1.25"),
        (100000.0, "100000"),
        (123456.789, "123456.789"),
        (1000000.0, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"),
        (0.00012, "0.00012"),
        (0.00001, "1e-05"),
        (1.5e-10, "1.5e-10"),
        (1e100, "1e+100"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (0.1, "0.1"),
    ],
)
def test_floats(value: float, expected: str) -> None:
    assert show_float(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back(value: float) -> None:
    assert float(show_float(value)) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\t\\\"'", '"a\\n\\t\\\\\\"\'"'),
        ("\x00\x7f\u00a0\u2028\U000e0001é", '"\\x00\\x7f\\u00a0\\u2028\\U000e0001é"'),
    ],
)
def test_quoting(text: str, expected: str) -> None:
    assert quote(text) == expected


@given(
    st.text(alphabet="%-+# 0123456789.*vsdxXqcUbotTeEfgG[]a", max_size=20),
    st.lists(st.one_of(st.none(), st.booleans(), st.integers(-9, 9**20), st.floats(), st.text(max_size=5)), max_size=4),
)
def test_any_layout(layout: str, values: list[object]) -> None:
    try:
        text = sprintf(layout, values)
    except GoError:
        return
    assert isinstance(text, str)
