"""Two compared builds as text and JSON."""

from __future__ import annotations

import json

from buildx_tasks.model.verify import Verification, VerifiedPlatform
from buildx_tasks.reporting.words import counted


def verify_text(found: Verification) -> str:
    """A line for each platform of each artifact, what differs below it, and one of numbers."""
    lines: list[str] = []
    for item in found.artifacts:
        for one in item.platforms:
            lines += _lines(f"{item.image} {one.platform}", one)
    same = sum(item.same for item in found.artifacts)
    lines.append(f"{same} of {counted(len(found.artifacts), 'artifact')} reproducible, built {_where(found)}")
    return "\n".join(lines) + "\n"


def _lines(name: str, one: VerifiedPlatform) -> list[str]:
    if one.same:
        return [f"{name}: the same, {one.first}"]
    digests = " and ".join(digest or "nothing" for digest in (one.first, one.second))
    return [f"{name}: differs, {digests}", f"  {one.difference}"]


def _where(found: Verification) -> str:
    first, second = found.builders
    return f"twice on builder {first}" if first == second else f"on builders {first} and {second}"


def verify_json(found: Verification) -> str:
    """Return ``{"reproducible", "builders", "artifacts": [{"imageName", "reproducible", "platforms"}]}``.

    Each of `platforms` is ``{"platform", "first", "second", "difference"}``, the first two digests.
    """
    artifacts = [
        {
            "imageName": item.image,
            "reproducible": item.same,
            "platforms": [
                {"platform": one.platform, "first": one.first, "second": one.second, "difference": one.difference}
                for one in item.platforms
            ],
        }
        for item in found.artifacts
    ]
    report = {"reproducible": found.same, "builders": list(found.builders), "artifacts": artifacts}
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"
