"""The Go templates of a config: fields, pipelines, if, with, range, and the functions that Skaffold offers.

Parsing and rendering touch nothing: the variables, the clock and a way to run commands are arguments.
"""

from __future__ import annotations

from buildx_tasks.planning.template.errors import TemplateError
from buildx_tasks.planning.template.template import CommandRunner, Template, parse_template

__all__ = ["CommandRunner", "Template", "TemplateError", "parse_template"]
