"""Findings as GitLab's code quality report, a subset of the Code Climate format."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from buildx_tasks.model.finding import Finding

SEVERITIES = {"error": "major", "warning": "minor"}


def codequality_json(findings: Sequence[Finding]) -> str:
    """A JSON list with ``description``, ``check_name``, ``fingerprint``, ``severity`` and ``location`` of each finding.

    GitLab compares the fingerprints of two branches. So a line that only moved keeps its finding's fingerprint: file,
    rule, path in the document and message make it, and of equal findings a number. No findings are an empty list,
    which GitLab needs to see what a change repairs.
    """
    seen: Counter[tuple[str, str, str, str]] = Counter()
    items = []
    for finding in findings:
        which = (finding.file, finding.code, finding.path, finding.message)
        subject = f"{finding.path}: " if finding.path else ""
        hint = f", {finding.hint}" if finding.hint else ""
        items.append(
            {
                "description": f"{subject}{finding.message}{hint}",
                "check_name": finding.code or "buildx-tasks",
                "fingerprint": hashlib.sha256(json.dumps([*which, seen[which]]).encode()).hexdigest(),
                "severity": SEVERITIES.get(finding.severity, "info"),
                "location": {"path": finding.file, "lines": {"begin": finding.line}},
            }
        )
        seen[which] += 1
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"
