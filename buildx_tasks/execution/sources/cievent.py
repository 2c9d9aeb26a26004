"""What a CI service says about the event that a job runs for."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path


def read_event(environ: Mapping[str, str]) -> Mapping[str, object]:
    """The JSON of $GITHUB_EVENT_PATH; empty where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        event = json.loads(Path(environ.get("GITHUB_EVENT_PATH", "")).read_bytes())
        return event if isinstance(event, dict) else {}
    return {}
