"""``schema.*``: what a skaffold.yaml may say, whether it says it right, and in which version."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context

from buildx_tasks.errors import UPGRADE_REFUSED, CannotStart, UpgradeRefused, WorkFailed
from buildx_tasks.model.finding import Finding
from buildx_tasks.model.taskname import task_command
from buildx_tasks.model.upgrade import FileUpgrade
from buildx_tasks.tasks.calling import as_called
from buildx_tasks.tasks.options import chosen_format
from buildx_tasks.tasks.task import task

_FILES = (
    "file, folder, quoted pattern such as '**/skaffold.yaml', or - for standard input; repeat or use "
    "commas (default: skaffold.yaml, then skaffold.yml)"
)


@task(
    positional=[],
    iterable=["filename"],
    help={
        "filename": _FILES,
        "format": "text, json, or github (annotations)",
        "codequality_output": "write the findings to this file too, as a code quality report of GitLab",
        "upstream": "report also what Skaffold itself would refuse",
        "strict": "fail on warnings too",
    },
)
def validate(
    c: Context,
    filename: Sequence[str] | None = None,
    format: str = "text",  # noqa: A002 - the flag is --format
    codequality_output: str = "",
    upstream: bool = False,
    strict: bool = False,
) -> None:
    """Validate config files and list every problem."""
    from buildx_tasks.document.validate import validate_text
    from buildx_tasks.execution.config.inputs import find_inputs
    from buildx_tasks.reporting.findings import REPORTERS, summary
    from buildx_tasks.tasks.codequality import check_file, in_repository, write_codequality

    check_file(codequality_output)
    report = REPORTERS[chosen_format(format, REPORTERS)]
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
        _print(report(files, in_repository(findings) if format == "github" else findings))
    write_codequality(codequality_output, findings)
    if unreadable:
        raise CannotStart("\n".join(unreadable))
    if any(strict or finding.severity == "error" for finding in findings):
        raise WorkFailed(summary(files, findings))


@task(
    positional=[],
    iterable=["filename"],
    help={
        "filename": _FILES,
        "to": "the version to reach (default: the newest)",
        "check": "write nothing, fail when something would change",
        "diff": "write nothing, show what would change",
        "backup": "keep the old file beside the new one, as NAME.bak",
    },
)
def upgrade(
    c: Context,
    filename: Sequence[str] | None = None,
    to: str = "",
    check: bool = False,
    diff: bool = False,
    backup: bool = False,
) -> None:
    """Upgrade configs to the newest apiVersion."""
    from buildx_tasks.execution.config.inputs import find_inputs
    from buildx_tasks.execution.config.upgrading import upgrade_file
    from buildx_tasks.reporting.upgrades import upgrade_diff, upgrade_lines, upgrade_summary

    target = _version(to) if to else None
    inputs = find_inputs(tuple(filename or ()), Path.cwd())
    write = not (check or diff or c.config.run.dry)
    # A diff, or what came from standard input, has standard output to itself.
    said = sys.stderr if diff or any(item.path is None for item in inputs) else sys.stdout
    results: list[FileUpgrade] = []
    for item in inputs:
        result = upgrade_file(item, target, sys.stdin.buffer, write=write, backup=backup)
        for line in upgrade_lines(result, wrote=write):
            print(as_called(line), file=said)
        if diff:
            _write(upgrade_diff(result))
        elif write and item.path is None:
            _write(result.new)
        results.append(result)
    if len(results) > 1:
        print(upgrade_summary(results, wrote=write), file=said)
    _fail(results)
    if check and any(result.changed for result in results):
        raise WorkFailed(upgrade_summary(results, wrote=False))


def _fail(results: Sequence[FileUpgrade]) -> None:
    """Raise for the files that could not be upgraded; a refused one decides the exit status."""
    failed = [result for result in results if result.problem]
    if not failed:
        return
    kind = UpgradeRefused if any(result.exit_code == UPGRADE_REFUSED for result in failed) else CannotStart
    hints = dict.fromkeys(result.hint for result in failed if result.hint)
    raise kind("\n".join(result.problem for result in failed), "\n".join(hints))


def _write(text: str) -> None:
    """Text to standard output byte for byte."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


@task(
    positional=[],
    iterable=["filename"],
    help={
        "filename": _FILES,
        "folder": "folder for the schema files (default: that of each config)",
        "check": "write nothing, fail when something would change",
    },
)
def modeline(c: Context, filename: Sequence[str] | None = None, folder: str = "", check: bool = False) -> None:
    """Point editors to the JSON Schema of a config, by a comment."""
    from buildx_tasks.execution.config.inputs import find_inputs
    from buildx_tasks.execution.config.pointing import point_to_schema
    from buildx_tasks.reporting.modelines import modeline_lines

    inputs = find_inputs(tuple(filename or ()), Path.cwd())
    if any(item.path is None for item in inputs):
        raise CannotStart("standard input has no folder in which a schema could be", "name a file with --filename")
    write = not (check or c.config.run.dry)
    place = Path.cwd() / folder if folder else None
    results = [point_to_schema(item, place, write=write) for item in inputs]
    for result in results:
        for line in modeline_lines(result, wrote=write):
            print(as_called(line))
    if problems := [result.problem for result in results if result.problem]:
        raise CannotStart("\n".join(problems))
    changed = [result.file for result in results if result.changed]
    if check and changed:
        raise WorkFailed(
            f"{', '.join(changed)}: editors do not find the schema", f"run:  {task_command('schema.modeline')}"
        )


@task(positional=[], help={"version": "a version such as v4beta13 (default: the newest)"})
def show(c: Context, version: str = "") -> None:
    """Print the JSON Schema of an apiVersion for editors."""
    from buildx_tasks.document.schema.catalogue import project
    from buildx_tasks.model.apiversion import NEWEST

    print(json.dumps(project(_version(version or NEWEST)), indent=2))


@task(positional=[], help={"format": "text or json"})
def versions(c: Context, format: str = "text") -> None:  # noqa: A002 - the flag is --format
    """List the apiVersions and the changes of each."""
    from buildx_tasks.document.schema.catalogue import changes
    from buildx_tasks.reporting.versions import versions_json, versions_text

    report = versions_json if chosen_format(format, ("text", "json")) == "json" else versions_text
    print(report(changes()))


def _version(text: str) -> str:
    import difflib

    from buildx_tasks.model.apiversion import PREFIX, VERSIONS

    short = text.removeprefix(PREFIX)
    if short in VERSIONS:
        return short
    near = difflib.get_close_matches(short, VERSIONS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"`{task_command('schema.versions')}` lists them"
    raise CannotStart(f"unknown apiVersion {text!r}", hint)


def _print(text: str) -> None:
    if text:
        print(as_called(text))


ns = Collection("schema", validate, upgrade, modeline, show, versions)
