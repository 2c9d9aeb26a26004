"""The doctor's checks as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from buildx_tasks.model.check import OK, PROBLEM, SKIPPED, WARNING, Check
from buildx_tasks.reporting.words import counted

SIGNS = {OK: "ok     ", WARNING: "warning", PROBLEM: "PROBLEM", SKIPPED: "skipped"}


def doctor_text(checks: Sequence[Check]) -> str:
    """A line per check, and below what is not right the command that helps."""
    width = max((len(check.id) for check in checks), default=0)
    lines: list[str] = []
    for check in checks:
        first, *more = check.text.splitlines() or [""]
        lines.append(f"{SIGNS[check.verdict]}  {check.id:<{width}}  {first}")
        indent = " " * (len(SIGNS[OK]) + width + 4)
        lines += [f"{indent}{line}" for line in (*more, *(f"-> {fix}" for fix in check.fix.splitlines()))]
    problems = sum(check.verdict == PROBLEM for check in checks)
    warnings = sum(check.verdict == WARNING for check in checks)
    return "\n".join([*lines, f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}"]) + "\n"


def doctor_json(checks: Sequence[Check]) -> str:
    """The checks as data."""
    return json.dumps({"checks": [asdict(check) for check in checks]}, indent=2, ensure_ascii=False) + "\n"
