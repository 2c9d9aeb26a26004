"""Findings as text, as JSON, and as annotations that GitHub shows beside the lines of a change."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict

from buildx_tasks.model.finding import Finding
from buildx_tasks.reporting.annotations import annotation

Reporter = Callable[[Sequence[str], Sequence[Finding]], str]
"""Takes the names of the judged files and all findings; gives what to print, "" for nothing."""


def findings_text(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """One line a finding, as compilers do it, or one line that says that all is well."""
    if not findings:
        return f"{files[0]} is valid" if len(files) == 1 else f"{len(files)} files are valid"
    return "\n".join(_line(finding) for finding in findings)


def _line(finding: Finding) -> str:
    # A key may hold a line break, and a CI service takes some lines for commands.
    text = str(finding).replace("\r", "\\r").replace("\n", "\\n")
    return f"{text} (warning)" if finding.severity == "warning" else text


def findings_json(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """``{"valid": …, "files": […], "findings": [{"file", "line", "column", "path", "message", "hint", …}]}``."""
    valid = not any(finding.severity == "error" for finding in findings)
    report = {"valid": valid, "files": list(files), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(report, indent=2, ensure_ascii=False)


def findings_github(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """Workflow commands, one line a finding; nothing when all is well."""
    del files
    return "\n".join(_annotation(finding) for finding in findings)


def _annotation(finding: Finding) -> str:
    subject = f"{finding.path}: " if finding.path else ""
    hint = f", {finding.hint}" if finding.hint else ""
    return annotation(
        finding.severity,
        f"{subject}{finding.message}{hint}",
        file=finding.file,
        line=finding.line,
        column=finding.column,
        title=finding.code,
    )


REPORTERS: dict[str, Reporter] = {"text": findings_text, "json": findings_json, "github": findings_github}
"""The reporters by the name that ``--format`` takes."""


def summary(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """One line of numbers, such as ``3 errors and 1 warning in 2 of 5 files``."""
    counts = Counter(finding.severity for finding in findings)
    parts = [f"{number} {word}{'s' * (number > 1)}" for word, number in sorted(counts.items())]
    marked = len({finding.file for finding in findings})
    where = files[0] if len(files) == 1 else f"{marked} of {len(files)} files"
    return f"{' and '.join(parts) or 'no problem'} in {where}"
