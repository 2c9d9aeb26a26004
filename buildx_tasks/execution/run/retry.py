"""Builds again after a registry's hiccup, for as long as the plan of waits says so."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from buildx_tasks.planning.failures.diagnosis import Diagnosis


class Patience:
    """How often a build is tried again: `retries` times at most; `stopping` ends every wait at once."""

    def __init__(self, retries: int, stopping: threading.Event | None = None) -> None:
        self.retries = retries
        self.stopping = stopping or threading.Event()

    def wait(
        self,
        attempt: int,
        diagnosis: Diagnosis,
        error: str,
        say: Callable[[str], None],
        *,
        within: float | None = None,
    ) -> bool:
        """After a failed `attempt` (from 1 on): wait and be true when it is worth another, else be false at once.

        It is not worth one when the wait does not end `within` so many seconds.
        """
        from buildx_tasks.planning.failures.retry import wait_before

        asked = _asked(error) if diagnosis.transient and attempt <= self.retries else None
        chance = random.random()  # noqa: S311 - it spreads requests, it guards nothing
        seconds = wait_before(attempt, self.retries, diagnosis, asked=asked, chance=chance)
        if seconds is None or (within is not None and seconds >= within):
            return False
        say(f"{diagnosis.message}: trying again in {seconds:.1f} s ({attempt} of {self.retries})")
        return not self.stopping.wait(seconds)


def _asked(error: str) -> float | None:
    """What the registry asks to be waited for: in its message, else in the header of a second refusal."""
    from buildx_tasks.planning.failures.retry import limited_request, said_retry_after

    said = said_retry_after(error)
    url = limited_request(error)
    return ask_retry_after(url) if said is None and url else said


def ask_retry_after(url: str) -> float | None:
    """Repeat a refused request as a HEAD, to read the Retry-After header that docker keeps for itself."""
    from buildx_tasks.execution.http.client import HttpClient
    from buildx_tasks.execution.http.errors import RequestFailed
    from buildx_tasks.planning.failures.retry import parse_retry_after

    parts = urlsplit(url)
    with HttpClient(os.environ, insecure=lambda host: host == parts.netloc) as client:
        try:
            address = f"{parts.scheme}://{parts.netloc}{parts.path}"
            header = client.send("HEAD", address, retries=0).headers.get("retry-after")
        except RequestFailed:
            return None
    return parse_retry_after(header, datetime.now(UTC)) if header else None
