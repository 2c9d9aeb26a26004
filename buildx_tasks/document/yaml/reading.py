"""What every reader of a config file needs before it is judged: its limit, and problems of the YAML itself."""

from __future__ import annotations

from collections.abc import Iterator

from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Document
from buildx_tasks.model.finding import Finding

MAX_TEXT = 4_000_000
"""Characters; no config comes near, and everything that follows takes time and memory in proportion."""


def yaml_finding(problem: YamlProblem, text: str, file: str) -> Finding:
    """The finding for text that is no YAML."""
    is_tab = "tab" in problem.message or text[problem.mark.index : problem.mark.index + 1] == "\t"
    hint = "indent with blanks, YAML takes no tabs" if is_tab else ""
    line, column = problem.mark.line, problem.mark.column
    return Finding(file=file, line=line, column=column, message=problem.message, hint=hint, code="yaml")


def duplicate_keys(document: Document) -> Iterator[Problem]:
    """Keys that stand twice in one mapping of a document."""
    for item in document.duplicates:
        message = f"{item.path[-1]!r} is defined twice, first in line {item.first.line}"
        yield Problem(path=item.path, code="duplicate-key", message=message, mark=item.mark)
