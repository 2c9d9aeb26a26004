"""Writes the reports of a run, and knows where files are in the checkout that a CI service shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import append_to, size_of, write_atomic
from buildx_tasks.model.ciservice import path_in, workspace
from buildx_tasks.model.finding import Finding
from buildx_tasks.model.reports import ReportFile


def write_reports(files: Iterable[ReportFile], cwd: Path) -> list[tuple[str, str]]:
    """Write what can be written; option and problem of each file that can't be."""
    problems = []
    for file in files:
        path = cwd / file.path
        try:
            before = size_of(path) if file.append else 0
            data = file.text(file.limit - before).encode("utf-8", "replace")
            if file.append and data:
                append_to(path, data)
            elif not file.append:
                write_atomic(path, data)
        except CannotStart as error:
            problems.append((file.option, error.message))
    return problems


def in_workspace(path: str, *, cwd: Path, environ: Mapping[str, str]) -> str:
    """The path of a file relative to the checkout of the CI service; "" for what is not a file there.

    Without a checkout that is known, it is relative to the current folder.
    """
    file = cwd / path
    root = workspace(environ) or str(cwd)
    return path_in(os.path.realpath(root), os.path.realpath(file)) if file.is_file() else ""


def findings_in_workspace(findings: Iterable[Finding], *, cwd: Path, environ: Mapping[str, str]) -> tuple[Finding, ...]:
    """Findings whose files are called as in the checkout; one in a file elsewhere stays as it is."""
    return tuple(
        replace(finding, file=in_workspace(finding.file, cwd=cwd, environ=environ) or finding.file)
        for finding in findings
    )
