"""What was found in Dockerfiles, as text, as JSON, and as annotations that GitHub shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from buildx_tasks.model.dockercheck import Checked
from buildx_tasks.model.finding import Finding
from buildx_tasks.reporting.findings import findings_github
from buildx_tasks.reporting.words import counted


def checks_text(checked: Sequence[Checked]) -> str:
    """A line a finding, as compilers do it, and one of numbers."""
    lines = [_line(item) for item in _findings(checked)]
    lines.append(f"{counted(len(lines), 'finding')} in {counted(len(checked), 'Dockerfile')}")
    return "\n".join(lines) + "\n"


def _line(item: Finding) -> str:
    more = f" ({item.hint})" if item.hint else ""
    rule = f"{item.code}: " if item.severity == "warning" else ""
    return f"{item.file}:{item.line}: {item.severity}: {rule}{item.message}{more} [{item.path}]"


def checks_json(checked: Sequence[Checked]) -> str:
    """``{"ok": …, "artifacts": [{"image", "dockerfile", "findings": [{"rule", "message", "line", …}]}]}``."""
    artifacts = [
        {
            "image": item.image,
            "dockerfile": item.dockerfile,
            "findings": [_fields(finding) for finding in item.findings],
        }
        for item in checked
    ]
    report = {"ok": not _findings(checked), "artifacts": artifacts}
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _fields(finding: Finding) -> dict[str, object]:
    said = asdict(finding)
    named = {"rule": "code", "severity": "severity", "line": "line", "message": "message", "url": "hint"}
    return {name: said[key] for name, key in named.items()}


def checks_github(checked: Sequence[Checked]) -> str:
    """Workflow commands, one line a finding; nothing when all is well."""
    text = findings_github([item.dockerfile for item in checked], _findings(checked))
    return f"{text}\n" if text else ""


def _findings(checked: Sequence[Checked]) -> list[Finding]:
    return [finding for item in checked for finding in item.findings]


REPORTERS: dict[str, Callable[[Sequence[Checked]], str]] = {
    "text": checks_text,
    "json": checks_json,
    "github": checks_github,
}
"""The reporters by the name that ``--format`` takes."""
