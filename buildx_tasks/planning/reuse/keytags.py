"""The tags under which a registry knows the results of builds, and who may write them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import is_valid_tag, parse_image_ref
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.settings import Settings

LAST_CHARS = 16
MOST_PREFIX = 60
"""Characters: with the 52 of a key a tag stays below the 128 that registries take."""


def key_reference(step: BuildStep, key: str, prefix: str) -> str:
    """The reference under which the registry knows the result of `key` (hexadecimal), in the artifact's repository.

    The tag is `prefix` and the 256 bits of the key in lower-case base32: 52 characters.
    """
    text = base64.b32encode(bytes.fromhex(key)).decode().rstrip("=").lower()
    return f"{parse_image_ref(step.tag).base_name}:{prefix}{text}"


def last_reference(step: BuildStep, prefix: str) -> str:
    """The reference of the record that says what the last known build of an artifact was made from."""
    platforms = list(step.platforms) or [step.native]
    target = step.request.target.value if step.request.target else ""
    parts = [step.image, platforms, target, *(["partial"] if step.partial else [])]
    which = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:LAST_CHARS]
    return f"{parse_image_ref(step.tag).base_name}:{prefix}last-{which}"


def check_prefix(settings: Settings) -> None:
    """Raise `CannotStart` for an ``artifact-cache-prefix`` that makes no tags."""
    prefix = settings.artifact_cache_prefix
    if not prefix or len(prefix) > MOST_PREFIX or not is_valid_tag(prefix):
        raise CannotStart(
            f"artifact-cache-prefix {prefix!r} does not make a tag",
            f"1 to {MOST_PREFIX} letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_'",
        )


def why_read_only(settings: Settings, environ: Mapping[str, str], event: Mapping[str, object]) -> str:
    """Why a run must not write key tags; "" when it may.

    ``cache-mode`` decides: ``write`` always writes, ``read`` and ``off`` never do. ``auto`` does not write for a ref
    that others control: a pull request from a fork, since whoever wrote it chooses what is in the image. `event` is
    the JSON of $GITHUB_EVENT_PATH; GitLab says the same in CI_MERGE_REQUEST_SOURCE_PROJECT_ID.
    """
    mode = settings.cache_mode
    if mode in ("read", "off"):
        return f"cache-mode is {mode}"
    if mode == "write":
        return ""
    source, target = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), environ.get("CI_PROJECT_ID")
    if source and target and source != target:
        return "the merge request comes from a fork"
    if environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request") and _is_from_fork(event):
        return "the pull request comes from a fork"
    return ""


def _is_from_fork(event: Mapping[str, object]) -> bool:
    """Whether a pull request's branch is in another repository; one that can't be read counts as such."""
    names = []
    for side in ("head", "base"):
        place: object = event
        for key in ("pull_request", side, "repo", "full_name"):
            place = place.get(key) if isinstance(place, Mapping) else None
        names.append(place)
    return not names[0] or names[0] != names[1]
