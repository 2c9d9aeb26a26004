"""Go layouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.golang.timelayout import format_go_time, load_zone

MOMENT = datetime(2015, 3, 7, 23, 6, 9, 123456, tzinfo=UTC)  # a Saturday
MORNING = datetime(2016, 12, 31, 0, 5, 4, tzinfo=UTC)
DEFAULT = "2006-01-02_15-04-05.999_MST"
INDIA = timezone(timedelta(hours=5, minutes=30))
ODD = timezone(timedelta(hours=-1, minutes=-2, seconds=-3))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02", "2015-03-07"),
        ("06 1 2", "15 3 7"),
        ("January Jan", "March Mar"),
        ("Monday Mon", "Saturday Sat"),
        ("_2|02|2", " 7|07|7"),
        ("002|__2", "066| 66"),
        ("15 03 3", "23 11 11"),
        ("04 4 05 5", "06 6 09 9"),
        ("PM pm", "PM pm"),
        ("MST", "UTC"),
        ("_2006", "_2015"),
        ("_1", "_3"),
        ("Janet Monte", "Janet Monte"),
        ("JanX MonX", "MarX SatX"),
        ("20060102150405", "20150307230609"),
        ("v2006.01.02", "v2015.03.07"),
        ("05.000", "09.123"),
        ("05,000000000", "09,123456789"),
        (".00 .99", ".12 .12"),
        (".0001", ".0003"),
        ("x.9", "x.1"),
        ("Z07:00 Z0700 Z07", "Z Z Z"),
        ("-0700 -07:00 -07", "+0000 +00:00 +00"),
        ("-070000 -07:00:00", "+000000 +00:00:00"),
        ("no tokens 789", "no tokens 789"),
        ("", ""),
    ],
)
def test_tokens(layout: str, expected: str) -> None:
    assert format_go_time(layout, MOMENT, UTC, ns=123456789) == expected


@pytest.mark.parametrize(
    ("ns", "layout", "expected"),
    [
        (123456789, ".999", ".123"),
        (999999999, ".999", ".999"),
        (100000000, ".999", ".1"),
        (0, ".999", ""),
        (100, ".999", ""),
        (100, ".999999999", ".0000001"),
        (123456789, ".999999999999", ".123456789"),
        (0, ".000", ".000"),
        (120000000, ".000000000000", ".120000000"),
        (5, "x,99", "x"),
    ],
)
def test_fractions_are_cut(ns: int, layout: str, expected: str) -> None:
    assert format_go_time(layout, MOMENT, UTC, ns=ns) == expected


def test_microseconds_of_the_moment_are_the_default() -> None:
    assert format_go_time(".000000000", MOMENT, UTC) == ".123456000"


@pytest.mark.parametrize(
    ("layout", "expected"), [("03 3 pm PM", "12 12 am AM"), ("__2 002", "366 366"), ("2 _2", "31 31")]
)
def test_midnight_and_leap_years(layout: str, expected: str) -> None:
    assert format_go_time(layout, MORNING, UTC) == expected


@pytest.mark.parametrize(
    ("zone", "layout", "expected"),
    [
        (ZoneInfo("America/Chicago"), "2006-01-02 15 MST -0700", "2015-03-07 17 CST -0600"),
        (ZoneInfo("Europe/Berlin"), "2006-01-02 15 MST -07:00", "2015-03-08 00 CET +01:00"),
        (ZoneInfo("Asia/Dubai"), "MST", "+04"),
        (INDIA, "MST -07 -0700 Z07:00", "+0530 +05 +0530 +05:30"),
        (ODD, "-070000 -07:00:00 Z07:00:00 MST", "-010203 -01:02:03 -01:02:03 -0102"),
        (timezone(timedelta(hours=1), "CET"), "MST", "CET"),
    ],
)
def test_zones(zone: tzinfo, layout: str, expected: str) -> None:
    assert format_go_time(layout, MOMENT, zone) == expected


def test_the_documented_moment() -> None:
    moment = datetime.fromtimestamp(1234, UTC)
    assert format_go_time(DEFAULT, moment, UTC, ns=123456789) == "1970-01-01_00-20-34.123_UTC"


@pytest.mark.parametrize("name", ["Nowhere/City", "../etc/passwd", "/etc/localtime", "America", "x\0y", "é"])
def test_no_such_zone(name: str) -> None:
    assert load_zone(name, UTC) is None


def test_known_zones() -> None:
    assert load_zone("Local", INDIA) is INDIA
    assert load_zone("UTC", INDIA) is UTC
    assert load_zone("", INDIA) is UTC
    assert load_zone("America/Chicago", INDIA) == ZoneInfo("America/Chicago")


@given(st.text(alphabet="0123456789_-.,:ZJanuryModSTPMpm /", max_size=30), st.datetimes(timezones=st.just(UTC)))
def test_any_layout(layout: str, moment: datetime) -> None:
    assert isinstance(format_go_time(layout, moment, UTC), str)
