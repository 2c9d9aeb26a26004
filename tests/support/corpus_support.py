"""The record of what Skaffold does with thousands of configs, which is kept outside of this repository."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = os.environ.get("BUILDX_TASKS_CORPUS")

CORPUS = Path(_FOLDER) if _FOLDER else None
"""The folder that $BUILDX_TASKS_CORPUS names; see `tests/README.md`."""


def corpus_file(*parts: str) -> Path:
    """A file of the corpus. Raises `FileNotFoundError`: a wrong $BUILDX_TASKS_CORPUS is not mistaken for none."""
    assert CORPUS is not None
    found = CORPUS.joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"$BUILDX_TASKS_CORPUS is {CORPUS}, which has no {'/'.join(parts)}")
    return found
