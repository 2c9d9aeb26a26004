"""Bring a config from any apiVersion to the newest one, as data or as text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from buildx_tasks.document.migrations.rewrite import Rewrite, Unproved, closed
from buildx_tasks.document.migrations.table import migrate
from buildx_tasks.document.schema.explain import UPGRADE
from buildx_tasks.document.schema.versioning import version_of, version_problem
from buildx_tasks.document.yaml.locations import place
from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.reading import duplicate_keys
from buildx_tasks.document.yaml.source import BOM, Document, parse
from buildx_tasks.document.yaml.tree import Map, plain
from buildx_tasks.errors import CannotStart, ConfigInvalid, UpgradeRefused
from buildx_tasks.model.apiversion import NEWEST, PREFIX, VERSIONS, find_version, position
from buildx_tasks.model.finding import Finding, dotted
from buildx_tasks.model.taskname import task_command

VALIDATE = f"{task_command('schema.validate')} lists all that is wrong"
CACHE_TO_SINCE = "v4beta13"
OTHER_VERSION = "set apiVersion to a version that has it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgrade:
    """A file after its upgrade: the whole text, and per document the short version it had.

    `notes` says what had to be dropped and what should be looked at, in the order of the file.
    """

    text: str
    changed: bool
    before: tuple[str, ...]
    after: str
    notes: tuple[Finding, ...] = ()


def upgrade_text(text: str, to: str | None = None, *, file: str = "") -> str:
    """A config file's text at the newest apiVersion, or at `to`; what no migration touches stays byte for byte.

    Raises `ConfigInvalid` when it is not a valid config, `CannotStart` for an unknown `to`, `UpgradeRefused` when
    an upgrade would change what the config means.
    """
    return upgrade(text, to, file=file).text


def upgrade(text: str, to: str | None = None, *, file: str = "") -> Upgrade:
    """As `upgrade_text`, with what happened on the way.

    Raises `ConfigInvalid` for text that is no valid config, and `UpgradeRefused` for one that can't be upgraded.
    """
    target = _target(to)
    try:
        documents = parse(text)
    except YamlProblem as problem:
        where = f"{file}:" if file else ""
        mark = problem.mark
        raise ConfigInvalid(f"{where}{mark.line}:{mark.column}: {problem.message}", VALIDATE) from None
    bom = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    before = tuple(VERSIONS[at] for at in _versions(documents, target, file))
    if all(version == target for version in before):
        return Upgrade(text=bom + text, changed=False, before=before, after=target)
    _check(documents, before, target, file)
    rewrite = Rewrite(text, documents, before, target, file)
    try:
        new = rewrite.result()
    except Unproved:
        ended = closed(text, documents[-1].root)
        if ended is None:
            raise
        rewrite = Rewrite(ended, parse(ended), before, target, file)
        rewrite.open_end = True
        new = rewrite.result()
    return Upgrade(text=bom + new, changed=True, before=before, after=target, notes=tuple(rewrite.notes))


def upgrade_data(data: dict[str, Any], to: str = NEWEST) -> dict[str, Any]:
    """One document's plain mapping in the shape of version `to` (short); the input is not changed, parts are shared.

    Raises `ConfigInvalid` for an unknown apiVersion and `UpgradeRefused` where no upgrade can keep the meaning.
    """
    version = find_version(data.get("apiVersion"))
    if version is None:
        raise ConfigInvalid(
            f"unknown apiVersion {data.get('apiVersion')!r}", f"{task_command('schema.versions')} lists them"
        )
    root = Map(data)
    journey = migrate(root, version, to)
    if journey.refusals:
        lines = [f"{dotted(note.path)}: {note.message}" for note in journey.refusals]
        raise UpgradeRefused("\n".join(lines), "\n".join(note.hint for note in journey.refusals))
    upgraded: dict[str, Any] = plain(root)
    return upgraded


def _target(to: str | None) -> str:
    if to is None:
        return NEWEST
    target = find_version(PREFIX + to.removeprefix(PREFIX))
    if target is None:
        raise CannotStart(f"unknown apiVersion {to!r}", f"{task_command('schema.versions')} lists them")
    return target


def _versions(documents: list[Document], target: str, file: str) -> list[int]:
    """The position of each document's version; all have one, none is newer than the target."""
    if not documents:
        raise ConfigInvalid(f"{file}: the file is empty" if file else "the file is empty", VALIDATE)
    problems = [(document, problem) for document in documents if (problem := _version_problem(document)) is not None]
    if problems:
        raise ConfigInvalid("\n".join(str(place(problem, document, file)) for document, problem in problems))
    found = [at for document in documents if (at := version_of(document.data)) is not None]
    newer = [
        place(
            Problem(
                path=("apiVersion",),
                code="newer-version",
                message=f"{PREFIX}{VERSIONS[at]} is newer than {PREFIX}{target}",
                hint="a config can't go back to an older version",
            ),
            document,
            file,
        )
        for document, at in zip(documents, found, strict=True)
        if at > position(target)
    ]
    if newer:
        raise UpgradeRefused("\n".join(map(str, newer)))
    return found


def _version_problem(document: Document) -> Problem | None:
    """Why a document has no known version, or more than one."""
    if version_of(document.data) is None:
        return version_problem(document.data)
    return next((problem for problem in duplicate_keys(document) if problem.path == ("apiVersion",)), None)


def _is_ours(problem: Problem, target: str) -> bool:
    """Whether a key of a later version is ``docker.cacheTo``, which no Skaffold has, and `target` has it."""
    if problem.code != "newer-key" or problem.path[-2:] != ("docker", "cacheTo"):
        return False
    return position(target) >= position(CACHE_TO_SINCE)


def _check(documents: list[Document], before: tuple[str, ...], target: str, file: str) -> None:
    """Refuse a file that Skaffold can't read: a half-understood config would be half-migrated."""
    from buildx_tasks.document.schema.structure import structure_problems

    findings: list[Finding] = []
    for document, version in zip(documents, before, strict=True):
        findings += [place(problem, document, file) for problem in duplicate_keys(document)]
        if version != target:
            problems = structure_problems(document.data, position(version))
            findings += [
                place(replace(problem, hint=problem.hint.replace(UPGRADE, OTHER_VERSION)), document, file)
                for problem in problems
                if problem.severity == "error" and problem.code != "unlisted-value" and not _is_ours(problem, target)
            ]
    if findings:
        findings.sort(key=lambda finding: (finding.line, finding.column))
        raise ConfigInvalid("\n".join(map(str, findings)), VALIDATE)
