"""The tags under which a registry knows the results of builds, and who may write them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.trust import why_untrusted

LAST_CHARS = 16


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


def why_read_only(settings: Settings, environ: Mapping[str, str], event: Mapping[str, object]) -> str:
    """Why a run must not write key tags; "" when it may.

    ``cache-mode`` decides: ``write`` always writes, ``read`` and ``off`` never do. ``auto`` does not write for a ref
    that others control (`planning.trust`); `event` is the JSON of $GITHUB_EVENT_PATH.
    """
    mode = settings.cache_mode
    if mode in ("read", "off"):
        return f"cache-mode is {mode}"
    return "" if mode == "write" else why_untrusted(environ, event)
