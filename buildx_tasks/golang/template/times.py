"""Moments in templates: sprig's date functions, and the methods of Go's time that a template may call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.functions import CallContext, Function, fn
from buildx_tasks.golang.template.values import Value, zone_of
from buildx_tasks.golang.timelayout import DAYS, MONTHS, format_go_time, load_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date(world: CallContext, layout: str, moment: Value) -> str:
    """``date LAYOUT MOMENT`` in the local zone, the one of the clock."""
    return date_in_zone(world, layout, moment, "Local")


def date_in_zone(world: CallContext, layout: str, moment: Value, zone: str) -> str:
    """``dateInZone LAYOUT MOMENT ZONE``.

    A moment is a time or seconds since 1970; anything else, text too, means now. An unknown zone is UTC.
    """
    return _written(layout, _moment(world, moment), load_zone(zone, zone_of(world.now)) or UTC)


def unix_epoch(moment: Value) -> str:
    """Seconds since 1970, as text."""
    if not isinstance(moment, datetime):
        raise GoError("unixEpoch wants a time")
    return str(_seconds(moment))


def time_method(moment: datetime, name: str) -> Function | None:
    """The method of a Go time by its name, `moment` filled in; None for a method that is not supported."""
    if name == "Format":
        return fn(lambda layout: _written(layout, moment, zone_of(moment)), "string")
    method = _METHODS.get(name)
    return fn(lambda: method(moment)) if method else None


def _moment(world: CallContext, value: Value) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        return world.now
    try:
        return _EPOCH + timedelta(seconds=value)
    except OverflowError:
        raise GoError(f"{value} seconds are out of range") from None


def _written(layout: str, moment: datetime, zone: tzinfo) -> str:
    try:
        return format_go_time(layout, moment, zone)
    except OverflowError:
        raise GoError("the time is out of range") from None


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


_METHODS: Mapping[str, Callable[[datetime], Value]] = MappingProxyType(
    {
        "Unix": _seconds,
        "UnixMilli": lambda moment: (moment - _EPOCH) // timedelta(milliseconds=1),
        "UnixNano": lambda moment: (moment - _EPOCH) // timedelta(microseconds=1) * 1000,
        "UTC": lambda moment: moment.astimezone(UTC),
        "Year": lambda moment: moment.year,
        "Month": lambda moment: MONTHS[moment.month - 1],
        "Day": lambda moment: moment.day,
        "Weekday": lambda moment: DAYS[moment.weekday()],
        "YearDay": lambda moment: moment.timetuple().tm_yday,
        "Hour": lambda moment: moment.hour,
        "Minute": lambda moment: moment.minute,
        "Second": lambda moment: moment.second,
    }
)
