"""The Go templates of a config: fields, pipelines, if, with, range, and the functions that Skaffold offers.

Parsing and rendering touch nothing: the variables, the clock and a way to run commands are arguments. The engine
itself is imported when the first template is read: most configs have none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from buildx_tasks.golang.template.errors import TemplateError

if TYPE_CHECKING:
    from buildx_tasks.golang.template.template import Template

__all__ = ["CommandRunner", "FunctionSet", "TemplateError", "parse_template"]

FunctionSet: TypeAlias = Literal["sprig", "builtin"]
CommandRunner: TypeAlias = Callable[[Sequence[str]], str]
"""Runs a program, given as argv, and returns its output; raises a BuildxTasksError when it fails."""


def parse_template(text: str, *, functions: FunctionSet = "sprig") -> Template:
    """Read a template; raises TemplateError. With `functions`, names that are none of that set are refused early."""
    from buildx_tasks.golang.template.template import parse_template as parse

    return parse(text, functions=functions)
