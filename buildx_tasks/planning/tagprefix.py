"""The prefix of the tags that are made here, for known results and for cache mounts."""

from __future__ import annotations

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import is_valid_tag
from buildx_tasks.model.settings import Settings

MOST_PREFIX = 60
"""Characters: with the 52 of a key, or those of a cache mount, a tag stays below the 128 that registries take."""


def check_prefix(settings: Settings) -> None:
    """Raise `CannotStart` for an ``artifact-cache-prefix`` that makes no tags."""
    prefix = settings.artifact_cache_prefix
    if not prefix or len(prefix) > MOST_PREFIX or not is_valid_tag(prefix):
        raise CannotStart(
            f"artifact-cache-prefix {prefix!r} does not make a tag",
            f"1 to {MOST_PREFIX} letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_'",
        )
