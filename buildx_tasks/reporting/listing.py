"""The artifacts of a config as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from buildx_tasks.model.listing import ListedArtifact

COLUMNS = ("ARTIFACT", "KIND", "CONTEXT", "PLATFORMS", "NEEDS", "SELECTED")
CONFIG = "CONFIG"


def list_text(artifacts: Sequence[ListedArtifact], *, width: int = 0) -> str:
    """A row an artifact, with the config's name or file where there are several; `width` is that of a terminal."""
    from buildx_tasks.reporting.table import table_text

    several = len({(item.file, item.config) for item in artifacts}) > 1
    rows = [(*_row(item), item.config or item.file) if several else _row(item) for item in artifacts]
    return table_text(rows, headings=(*COLUMNS, CONFIG) if several else COLUMNS, width=width)


def _row(item: ListedArtifact) -> tuple[str, ...]:
    verdict = "yes" if item.selected else "no"
    cells = (item.image, item.kind, item.context, ", ".join(item.platforms), ", ".join(item.needs))
    return (*(cell or "-" for cell in cells), f"{verdict}: {item.reason}" if item.reason else verdict)


def list_json(artifacts: Sequence[ListedArtifact]) -> str:
    """The artifacts as JSON; `dockerfile` is "" for what docker does not build, `reason` "" where there is none.

    ``{"artifacts": [{"imageName", "kind", "context", "dockerfile", "platforms", "needs", "config", "file", "line",
    "selected", "reason"}]}``.
    """
    data = [
        {
            "imageName": item.image,
            "kind": item.kind,
            "context": item.context,
            "dockerfile": item.dockerfile,
            "platforms": list(item.platforms),
            "needs": list(item.needs),
            "config": item.config,
            "file": item.file,
            "line": item.line,
            "selected": item.selected,
            "reason": item.reason,
        }
        for item in artifacts
    ]
    return json.dumps({"artifacts": data}, indent=2, ensure_ascii=False) + "\n"
