"""When a failed build is worth another try, and how long to wait before it.

Only what the error catalogue calls transient is: a registry's hiccup. A failing RUN never is. BuildKit's cache
makes another try cheap, and BuildKit itself has tried a few times before it gave up on a push.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from buildx_tasks.planning.failures.diagnosis import Diagnosis

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
LONGEST_ASKED = 120.0

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|[smh]))+"
_SAID = re.compile(rf"retry-after:\s*({_DURATION}|\d+)", re.IGNORECASE)
_REQUEST = re.compile(r"from (?P<method>[A-Z]+) request to (?P<url>https?://[^\s\"]+): 429\b")


def wait_before(
    attempt: int, retries: int, diagnosis: Diagnosis, *, asked: float | None = None, chance: float = 0.5
) -> float | None:
    """Seconds to wait before another try, None for no other try.

    `attempt` counts the tries so far, `asked` is what the registry wants to be waited for, and `chance` (0 to 1)
    spreads those who were refused together: the wait doubles from one second on, give or take a half.
    """
    if not diagnosis.transient or attempt > retries:
        return None
    wait = min(FIRST_WAIT * 2.0 ** (attempt - 1), LONGEST_WAIT) * (0.5 + chance)
    if asked is None:
        return wait
    return None if asked > LONGEST_ASKED else max(wait, asked + chance)


def said_retry_after(error: str) -> float | None:
    """The seconds that a registry's message asks for: ``retry-after: 1.2s, allowed: 44000/minute``."""
    match = _SAID.search(error)
    return _seconds(match[1]) if match else None


def limited_request(error: str) -> str:
    """The address whose request was answered with 429, "" when the error names none."""
    match = _REQUEST.search(error)
    return match["url"] if match else ""


def parse_retry_after(header: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for: a number, or a date."""
    text = header.strip()
    if text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


def _seconds(text: str) -> float:
    if text.isdigit():
        return float(text)
    pieces = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|[smh])", text)
    return sum(float(number) * _UNITS[unit] for number, unit in pieces)
