"""Findings for the CI service: their files by the names in the repository, and GitLab's code quality report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from buildx_tasks.execution.files import check_writable, write_atomic
from buildx_tasks.execution.reportfiles import findings_in_workspace
from buildx_tasks.model.finding import Finding
from buildx_tasks.reporting.codequality import codequality_json
from buildx_tasks.tasks.calling import as_called


def in_repository(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings whose files are called as in the repository of the CI job, which may be a folder above ours."""
    return findings_in_workspace(findings, cwd=Path.cwd(), environ=os.environ)


def check_file(name: str) -> None:
    """Raise `CannotStart` for a report that can't be written, before anything is checked; "" is none."""
    if name:
        check_writable(Path.cwd() / name)


def write_codequality(name: str, findings: Sequence[Finding]) -> None:
    """Write the report, also without a finding; raises `CannotStart`."""
    if name:
        write_atomic(Path.cwd() / name, as_called(codequality_json(in_repository(findings))).encode())
