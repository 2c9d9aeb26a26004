"""``schema.*``: what a skaffold.yaml may say, whether it says it right, and in which version."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import CannotStart, WorkFailed
from buildx_tasks.model.finding import Finding
from buildx_tasks.tasks.guard import task


@task(
    positional=[],
    iterable=["filename"],
    help={
        "filename": "file, folder, quoted pattern such as '**/skaffold.yaml', or - for standard input; repeat or use "
        "commas (default: skaffold.yaml, then skaffold.yml)",
        "format": "text, json, or github (annotations)",
        "upstream": "report also what Skaffold itself would refuse",
        "strict": "fail on warnings too",
    },
)
def validate(
    c: Context,
    filename: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 - the flag is --format
    upstream: bool = False,
    strict: bool = False,
) -> None:
    """Find every problem of the config files."""
    from buildx_tasks.document.validate import validate_text
    from buildx_tasks.execution.inputs import find_inputs
    from buildx_tasks.reporting.findings import REPORTERS, summary

    report = REPORTERS[_choice(format, tuple(REPORTERS))]
    findings: list[Finding] = []
    unreadable: list[str] = []
    inputs = find_inputs(tuple(filename or ()), Path.cwd())
    for item in inputs:
        try:
            text = item.read(sys.stdin.buffer)
        except CannotStart as error:
            unreadable.append(error.message)
            continue
        findings += validate_text(text, file=item.shown, upstream=upstream, warnings=True, elsewhere=None)
    files = [item.shown for item in inputs]
    if findings or not unreadable:
        _print(report(files, findings))
    if unreadable:
        raise CannotStart("\n".join(unreadable))
    if any(strict or finding.severity == "error" for finding in findings):
        raise WorkFailed(summary(files, findings))


@task(positional=[], help={"version": "a version such as v4beta13 (default: the newest)"})
def show(c: Context, version: str = "") -> None:
    """Print the JSON Schema of one apiVersion, for editors."""
    from buildx_tasks.document.catalogue import project
    from buildx_tasks.model.apiversion import NEWEST

    print(json.dumps(project(_version(version or NEWEST)), indent=2))


@task(positional=[], help={"format": "text or json"})
def versions(c: Context, format: str = "text") -> None:  # noqa: A002 - the flag is --format
    """List the apiVersions and what each changed."""
    from buildx_tasks.document.catalogue import changes
    from buildx_tasks.reporting.versions import versions_json, versions_text

    report = versions_json if _choice(format, ("text", "json")) == "json" else versions_text
    print(report(changes()))


def _choice(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise CannotStart(f"--format can't be {value!r}", f"one of: {', '.join(allowed)}")
    return value


def _version(text: str) -> str:
    import difflib

    from buildx_tasks.model.apiversion import PREFIX, VERSIONS

    short = text.removeprefix(PREFIX)
    if short in VERSIONS:
        return short
    near = difflib.get_close_matches(short, VERSIONS, n=1)
    hint = f"did you mean {near[0]}?" if near else "`invoke schema.versions` lists them"
    raise CannotStart(f"unknown apiVersion {text!r}", hint)


def _print(text: str) -> None:
    if text:
        print(text)


ns = Collection("schema", validate, show, versions)
