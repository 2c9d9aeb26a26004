"""Judge a config as Skaffold's parser and its validation do, and say all problems at once, each at its place.

The structure is checked with jsonschema against the projection of the file's own version, with keywords that
read values as Skaffold's parser does. The rules judge the config in the newest shape, as Skaffold does.
The only importer of jsonschema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from buildx_tasks.document.migrations.table import migrate
from buildx_tasks.document.schema.catalogue import BLOCK
from buildx_tasks.document.schema.explain import NO_KIND
from buildx_tasks.document.schema.rules import RULES
from buildx_tasks.document.schema.rules.block import unknown_artifacts
from buildx_tasks.document.schema.rules.files import check_configs
from buildx_tasks.document.schema.rules.skaffold import cache_to, camel_keys, slips
from buildx_tasks.document.schema.structure import MAX_PROBLEMS, completeness_problems, structure_problems
from buildx_tasks.document.schema.versioning import version_of, version_problem
from buildx_tasks.document.yaml.locations import original_path, place
from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.reading import MAX_TEXT, duplicate_keys, yaml_finding
from buildx_tasks.document.yaml.source import Document, Path, parse
from buildx_tasks.document.yaml.tree import Map, plain
from buildx_tasks.model.apiversion import NEWEST, VERSIONS
from buildx_tasks.model.finding import Finding
from buildx_tasks.model.taskname import task_command

MAX_FINDINGS = 500
"""Findings of one file; a file with more has one cause for most of them."""


def validate_text(
    text: str,
    *,
    file: str = "",
    upstream: bool = False,
    warnings: bool = False,
    elsewhere: Collection[str] | None = (),
) -> list[Finding]:
    """All problems of a config file, by place; an empty list means that there is none.

    Never raises, whatever the text. `upstream` adds what only Skaffold itself would refuse, `warnings` adds
    what it accepts without doing what is meant. `elsewhere` are images that other files of the run build, None
    when that is not known.
    """
    if len(text) > MAX_TEXT:
        message = f"the text has {len(text)} characters, more than the {MAX_TEXT} that are read"
        return [Finding(file=file, message=message, code="too-large")]
    try:
        documents = parse(text)
    except YamlProblem as problem:
        return [yaml_finding(problem, text, file)]
    return validate_documents(documents, file=file, upstream=upstream, warnings=warnings, elsewhere=elsewhere)


def validate_documents(
    documents: Sequence[Document],
    *,
    file: str = "",
    upstream: bool = False,
    warnings: bool = False,
    elsewhere: Collection[str] | None = (),
) -> list[Finding]:
    """The same for the documents of one file that is parsed already."""
    if not documents:
        return [
            Finding(
                file=file, message="the file is empty", hint=task_command("schema.versions"), code="missing-version"
            )
        ]
    judged = [_Judged(document, upstream) for document in documents]
    whole = [item for item in judged if item.newest is not None]
    for number, problem in check_configs([item.newest or {} for item in whole], elsewhere):
        whole[number].add_from_newest([problem])
    findings = [place(problem, item.document, file) for item in judged for problem in item.told(warnings)]
    findings.sort(key=lambda finding: (finding.line, finding.column, finding.path, finding.message))
    if (more := len(findings) - MAX_FINDINGS) > 0:
        last = findings[MAX_FINDINGS - 1]
        rest = Finding(file=file, line=last.line, message=f"and at least {more} more problems", code="too-many")
        return [*findings[:MAX_FINDINGS], rest]
    return findings


class _Judged:
    """One document with its problems; `newest` is its sound part in the newest shape, None when there is none."""

    def __init__(self, document: Document, upstream: bool) -> None:
        self.document = document
        self.problems: list[Problem] = list(duplicate_keys(document))
        self.newest: Mapping[str, Any] | None = None
        self.unsound: set[Path] = set()
        at = version_of(document.data)
        if at is None:
            self.problems.append(version_problem(document.data))
        else:
            self._judge(at, upstream)

    def told(self, warnings: bool) -> list[Problem]:
        """The errors, and the warnings at other places than theirs."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        taken = {problem.path for problem in errors}
        others = [problem for problem in self.problems if problem.severity != "error" and problem.path not in taken]
        return [*errors, *(others if warnings else ())]

    def _judge(self, at: int, upstream: bool) -> None:
        data = self.document.data
        found = structure_problems(data, at)
        self.problems += found
        self.problems += slips(data, at)
        if upstream:
            self.problems += cache_to(data)
        self.problems += camel_keys(data, at)
        if len(found) >= MAX_PROBLEMS:
            return
        self.unsound = {problem.path for problem in found if problem.code != "unlisted-value"}
        root = Map(_sound(self.document.visible(), self.unsound, VERSIONS[at] == NEWEST))
        if refusals := migrate(root, VERSIONS[at], NEWEST).refusals:
            self.add_from_newest(
                Problem(path=note.path, code="no-upgrade", message=note.message, hint=note.hint) for note in refusals
            )
            return
        newest = self.newest = plain(root)
        for rule in (completeness_problems, *RULES):
            problems = rule(newest)
            self.add_from_newest(_as_skaffold_judges(problems) if upstream else problems)
        self.add_from_newest(unknown_artifacts(data.get(BLOCK), newest))

    def add_from_newest(self, problems: Iterable[Problem]) -> None:
        """Take problems of the newest shape over, unless they follow from what was left out as unsound."""
        for problem in problems:
            path = original_path(problem.path, self.document.places)
            if path not in self.unsound:
                self.problems.append(replace(problem, path=path))


def _as_skaffold_judges(problems: Iterable[Problem]) -> Iterator[Problem]:
    """`problems` with those as errors that only Skaffold has for some."""
    for problem in problems:
        yield replace(problem, severity="error") if problem.code == NO_KIND else problem


def _sound(value: Any, unsound: Collection[Path], empty_lists: bool, path: Path = ()) -> Any:
    """A copy of `value` without what stands at the paths `unsound`, and without empty lists unless wanted.

    List items become null instead of going away, so that the positions of the others stay.
    """
    if isinstance(value, dict):
        return {
            key: _sound(item, unsound, empty_lists, (*path, key))
            for key, item in value.items()
            if (*path, key) not in unsound and (empty_lists or item != [])
        }
    if isinstance(value, list):
        places = [(*path, at) for at in range(len(value))]
        return [
            None if place in unsound else _sound(item, unsound, empty_lists, place)
            for place, item in zip(places, value, strict=True)
        ]
    return value
