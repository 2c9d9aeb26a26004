from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from buildx_tasks.document.buildkit.erroroutput import read_error_output
from buildx_tasks.planning.failures.diagnosis import Diagnosis, diagnose
from buildx_tasks.planning.failures.retry import limited_request, parse_retry_after, said_retry_after, wait_before

OUTPUTS = Path(__file__).parents[2] / "data" / "outputs"
TAG = "localhost:5000/app:1"
PASSING = Diagnosis(id="registry-unavailable", message="", transient=True)
LASTING = Diagnosis(id="step-failed", message="")
NOW = datetime(2026, 1, 1, tzinfo=UTC)

TRANSIENT = {
    "registry-rate-limited",
    "registry-unavailable",
    "registry-reset",
    "registry-truncated",
    "registry-slow",
}


@pytest.mark.parametrize("name", sorted(path.stem for path in OUTPUTS.glob("*.txt")))
def test_only_a_registrys_hiccups_are_tried_again(name: str) -> None:
    diagnosis = diagnose(read_error_output((OUTPUTS / f"{name}.txt").read_bytes().decode()), tag=TAG, builder="far")
    assert (wait_before(1, 3, diagnosis) is not None) is (name.split(".", maxsplit=1)[0] in TRANSIENT)


@pytest.mark.parametrize(
    ("attempt", "chance", "expected"),
    [(1, 0.5, 1), (2, 0.5, 2), (3, 0.5, 4), (3, 0, 2), (3, 1, 6), (9, 0.5, 30), (9, 1, 45)],
)
def test_waits_double_are_spread_and_have_a_cap(attempt: int, chance: float, expected: float) -> None:
    assert wait_before(attempt, 99, PASSING, chance=chance) == expected


def test_there_is_an_end() -> None:
    assert [wait_before(attempt, 2, PASSING) is None for attempt in (1, 2, 3)] == [False, False, True]
    assert wait_before(1, 0, PASSING) is None
    assert wait_before(1, 3, LASTING) is None


@pytest.mark.parametrize(("asked", "expected"), [(20, 20), (0, 1), (120, 120), (121, None)])
def test_the_registry_may_say_how_long(asked: float, expected: float | None) -> None:
    wait = wait_before(1, 3, PASSING, asked=asked, chance=0)
    assert wait == (0.5 if asked == 0 else expected)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("toomanyrequests: retry-after: 1.5s, allowed: 44000/minute", 1.5),
        ("toomanyrequests: retry-after: 250ms, allowed: 44000/minute", 0.25),
        ("toomanyrequests: Retry-After: 1m30s", 90),
        ("retry-after: 7", 7),
        ("toomanyrequests: slow down", None),
    ],
)
def test_seconds_in_a_message(text: str, seconds: float | None) -> None:
    assert said_retry_after(text) == seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3), (" 3 ", 3), ("Thu, 01 Jan 2026 00:00:10 GMT", 10), ("Wed, 31 Dec 2025 23:00:00 GMT", 0), ("soon", None)],
)
def test_seconds_in_a_header(header: str, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


def test_which_request_was_refused() -> None:
    error = read_error_output((OUTPUTS / "registry-rate-limited.from.txt").read_text()).error
    assert limited_request(error) == "http://localhost:23273/v2/busybox/manifests/latest"
    assert limited_request("toomanyrequests") == ""
