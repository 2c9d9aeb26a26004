"""Skaffold's validation of configs as they will be built: profiles applied, all of them together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from buildx_tasks.document.schema.rules import RULES
from buildx_tasks.document.schema.rules.files import check_configs
from buildx_tasks.document.schema.structure import completeness_problems, structure_problems
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.model.apiversion import NEWEST, position


def judge(configs: Sequence[Mapping[str, Any]], changed: Collection[int]) -> Iterator[tuple[int, Problem]]:
    """The errors of `configs` (newest shape), each with the number of its config.

    `changed` are the numbers of those that got parts from outside their file's structure, by a patch or an override;
    their structure is judged again.
    """
    for number, config in enumerate(configs):
        wrong: list[Problem] = []
        if number in changed:
            wrong = [problem for problem in structure_problems(config, position(NEWEST)) if _is_error(problem)]
        if not wrong:
            wrong = [
                problem for rule in (completeness_problems, *RULES) for problem in rule(config) if _is_error(problem)
            ]
        yield from ((number, problem) for problem in wrong)
    yield from ((number, problem) for number, problem in check_configs(configs) if _is_error(problem))


def _is_error(problem: Problem) -> bool:
    return problem.severity == "error"
