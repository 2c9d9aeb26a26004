"""The metadata file that buildx writes, and the digest in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DIGEST = "containerimage.digest"
CONFIG_DIGEST = "containerimage.config.digest"


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of one build; empty when there is none, as for a build that failed."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def pushed_digest(metadata: dict[str, Any]) -> str:
    """The digest a registry knows: always the manifest's or index's, never the image ID beside it."""
    return str(metadata.get(DIGEST) or "")


def loaded_id(metadata: dict[str, Any]) -> str:
    """The image ID as the classic store counts it: the config's digest."""
    return str(metadata.get(CONFIG_DIGEST) or metadata.get(DIGEST) or "")
