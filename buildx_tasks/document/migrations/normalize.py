"""One document judged by its own version and brought to the newest shape: what loading needs of it.

Only what Skaffold's parser judges is judged here. Its validation looks at a config with its profiles applied, so
that is done later, on what the profiles give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildx_tasks.document.schema.versioning import version_of, version_problem
from buildx_tasks.document.yaml.locations import original_path
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.reading import duplicate_keys
from buildx_tasks.document.yaml.source import Document
from buildx_tasks.model.apiversion import NEWEST, PREFIX, SAME_SHAPE_SINCE, VERSIONS, position


def read_newest(document: Document, *, judged: bool = False) -> tuple[dict[str, Any], list[Problem]]:
    """The document's data in the newest shape, dotted keys included, and the errors it has; data only without any.

    `judged` says that its structure is known to be right.
    """
    problems = list(duplicate_keys(document))
    at = version_of(document.data)
    if at is None:
        return {}, [*problems, version_problem(document.data)]
    if not judged:
        from buildx_tasks.document.schema.structure import structure_problems

        problems += [problem for problem in structure_problems(document.data, at) if problem.severity == "error"]
    if problems:
        return {}, problems
    data: Mapping[str, Any] = document.data
    if at < position(SAME_SHAPE_SINCE):
        from buildx_tasks.document.migrations.table import migrate
        from buildx_tasks.document.yaml.tree import Map, plain

        root = Map(document.visible())
        refusals = migrate(root, VERSIONS[at], NEWEST).refusals
        if refusals:
            return {}, [
                Problem(
                    path=original_path(note.path, document.places),
                    code="no-upgrade",
                    message=note.message,
                    hint=note.hint,
                )
                for note in refusals
            ]
        dots = {key: value for key, value in data.items() if key.startswith(".")}
        data = {**plain(root), **dots}
    return {**data, "apiVersion": f"{PREFIX}{NEWEST}"}, []
