"""GitLab's code quality report: what the merge request compares, and what it shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from buildx_tasks.model.finding import Finding
from buildx_tasks.reporting.codequality import codequality_json

TYPO = Finding(
    message="unknown key 'buld'",
    hint="did you mean build?",
    file="skaffold.yaml",
    line=3,
    path="buld",
    code="unknown-key",
)
ODD = Finding(message="two CMD", file="app/Dockerfile", line=9, path="app", code="MultipleCmd", severity="warning")


def report(*findings: Finding) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(codequality_json(findings))
    return items


def test_what_gitlab_needs_of_each_finding() -> None:
    typo, odd = report(TYPO, ODD)
    fingerprint = typo.pop("fingerprint")
    assert len(fingerprint) == 64
    assert typo == {
        "description": "buld: unknown key 'buld', did you mean build?",
        "check_name": "unknown-key",
        "severity": "major",
        "location": {"path": "skaffold.yaml", "lines": {"begin": 3}},
    }
    assert odd["severity"] == "minor"


def test_a_finding_that_moved_is_the_same_one() -> None:
    assert report(TYPO)[0]["fingerprint"] == report(replace(TYPO, line=40))[0]["fingerprint"]


def test_no_two_findings_have_one_fingerprint() -> None:
    others = [
        replace(TYPO, file="b.yaml"),
        replace(TYPO, code="b"),
        replace(TYPO, path="b"),
        replace(TYPO, message="b"),
        TYPO,
    ]
    prints = [item["fingerprint"] for item in report(TYPO, *others, ODD)]
    assert len(set(prints)) == 7


def test_no_finding_is_an_empty_list() -> None:
    assert report() == []
