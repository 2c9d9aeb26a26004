"""The one thing that goes wrong with a request: there is no answer."""

from __future__ import annotations

from buildx_tasks.errors import WorkFailed


class RequestFailed(WorkFailed):
    """There is no HTTP answer from `host`: `reason` says why (refused, timed out, TLS, proxy, redirects)."""

    def __init__(self, host: str, reason: str, hint: str = "") -> None:
        super().__init__(f"request to {host} failed: {reason}", hint)
        self.host = host
        self.reason = reason
