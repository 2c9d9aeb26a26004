"""What can go wrong with a registry, by kind."""

from __future__ import annotations

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.http.errors import RequestFailed


class RegistryError(WorkFailed):
    """A registry did not do what it was asked for."""


class RegistryUnreachable(RegistryError):
    """A registry gives no HTTP answer; `reason` is that of `RequestFailed`."""

    def __init__(self, failure: RequestFailed) -> None:
        super().__init__(failure.message, failure.hint)
        self.host = failure.host
        self.reason = failure.reason


class RegistryRejected(RegistryError):
    """A registry answered with an HTTP `status` that is no success."""

    def __init__(self, message: str, hint: str = "", *, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


class RegistryDenied(RegistryRejected):
    """Authentication failed, or the account may not do this (401, 403)."""


class NotInRegistry(RegistryRejected):
    """The registry has no such repository, manifest or blob (404)."""
