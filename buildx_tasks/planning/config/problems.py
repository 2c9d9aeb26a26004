"""The error for a config that can't be put together from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.errors import ConfigInvalid
from buildx_tasks.model.finding import dotted


class DocumentInvalid(ConfigInvalid):
    """One document can't be put together; `problems` holds all of it, so that the caller can add file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = (f"{dotted(problem.path)}: {problem.message}" for problem in problems)
        super().__init__("\n".join(lines), "\n".join(problem.hint for problem in problems if problem.hint))
        self.problems = tuple(problems)
