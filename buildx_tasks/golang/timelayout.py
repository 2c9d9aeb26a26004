"""Moments as text in a Go layout, where `2006-01-02` stands for year, month and day; never the locale's words."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import NamedTuple

# The alternatives are in the order in which Go tries them; a token that only looks like one stays as it is.
_TOKEN = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|[-Z]07(?:0000|:00:00|00|:00|)|[.,](?:0+|9+)(?![0-9])"
)
_UNNAMED_ZONE = re.compile(r"UTC[+-][0-9:.]+")

_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
MONTHS = tuple(_MONTHS.split())
DAYS = tuple(_DAYS.split())


class _Moment(NamedTuple):
    at: datetime
    ns: int


def format_go_time(layout: str, moment: datetime, zone: tzinfo, *, ns: int | None = None) -> str:
    """`moment`, an aware datetime, in `zone` and in the Go `layout`.

    `ns` are the nanoseconds within the second, for callers that know more than a datetime's microseconds. Fractions
    are cut, not rounded; a zone without a letter code is written as a number.
    """
    local = moment.astimezone(zone)
    value = _Moment(local, moment.microsecond * 1000 if ns is None else ns)
    return _TOKEN.sub(lambda found: _piece(found[0], value), layout)


def load_zone(name: str, local: tzinfo) -> tzinfo | None:
    """The zone of an IANA name; `Local` is `local`, an empty name is UTC. None when there is no such zone."""
    if name == "Local":
        return local
    if name in ("", "UTC"):
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _piece(token: str, value: _Moment) -> str:
    if token in _WRITERS:
        return _WRITERS[token](value.at)
    if token[0] in ".,":
        return _fraction(token, value.ns)
    return _offset(token, value.at)


def _fraction(token: str, ns: int) -> str:
    digits = f"{ns:09d}"[: len(token) - 1]
    if token[1] == "9":
        digits = digits.rstrip("0")
    return token[0] + digits if digits else ""


def _offset(token: str, at: datetime) -> str:
    """`-07`, `-0700`, `-07:00` and so on; the forms with `Z` write just that for UTC."""
    seconds = _offset_seconds(at)
    if token[0] == "Z" and not seconds:
        return "Z"
    sign = "-" if seconds < 0 else "+"
    minutes, rest = divmod(abs(seconds), 60)
    parts = (f"{minutes // 60:02d}", f"{minutes % 60:02d}", f"{rest:02d}")
    count = len(re.findall("0[07]", token))
    return sign + (":" if ":" in token else "").join(parts[:count])


def _offset_seconds(at: datetime) -> int:
    offset = at.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _zone_name(at: datetime) -> str:
    name = at.tzname() or ""
    return _offset("-0700", at) if not name or _UNNAMED_ZONE.fullmatch(name) else name


def _hour12(at: datetime) -> int:
    return at.hour % 12 or 12


def _day_of_year(at: datetime) -> int:
    return at.timetuple().tm_yday


_WRITERS: Mapping[str, Callable[[datetime], str]] = MappingProxyType(
    {
        "2006": lambda at: f"{at.year:04d}",
        "06": lambda at: f"{at.year % 100:02d}",
        "January": lambda at: MONTHS[at.month - 1],
        "Jan": lambda at: MONTHS[at.month - 1][:3],
        "01": lambda at: f"{at.month:02d}",
        "1": lambda at: str(at.month),
        "Monday": lambda at: DAYS[at.weekday()],
        "Mon": lambda at: DAYS[at.weekday()][:3],
        "02": lambda at: f"{at.day:02d}",
        "2": lambda at: str(at.day),
        "_2": lambda at: f"{at.day:2d}",
        "002": lambda at: f"{_day_of_year(at):03d}",
        "__2": lambda at: f"{_day_of_year(at):3d}",
        "15": lambda at: f"{at.hour:02d}",
        "03": lambda at: f"{_hour12(at):02d}",
        "3": lambda at: str(_hour12(at)),
        "04": lambda at: f"{at.minute:02d}",
        "4": lambda at: str(at.minute),
        "05": lambda at: f"{at.second:02d}",
        "5": lambda at: str(at.second),
        "PM": lambda at: "PM" if at.hour >= 12 else "AM",
        "pm": lambda at: "pm" if at.hour >= 12 else "am",
        "MST": _zone_name,
    }
)
