"""A parsed template as a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from buildx_tasks.golang.template import CommandRunner, FunctionSet
from buildx_tasks.golang.template import ast as nodes
from buildx_tasks.golang.template.builtins import BUILTINS
from buildx_tasks.golang.template.functions import CallContext, Function
from buildx_tasks.golang.template.parser import parse
from buildx_tasks.golang.template.run import Evaluation
from buildx_tasks.golang.template.sprig import SPRIG
from buildx_tasks.golang.template.values import StringMap

_FUNCTIONS: Mapping[FunctionSet, Mapping[str, Function]] = MappingProxyType({"sprig": SPRIG, "builtin": BUILTINS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """Text with ``{{actions}}``."""

    text: str
    tree: tuple[nodes.TemplateNode, ...] = field(repr=False)

    def fields(self) -> tuple[str, ...]:
        """The names of all fields that are used anywhere, each once; a chain ``.A.B`` gives both."""
        return tuple(dict.fromkeys(name for node in _walk(self.tree) for name in _names(node)))

    def render(
        self,
        values: Mapping[str, str],
        *,
        now: datetime,
        missing: Literal["no-value", "error"] = "no-value",
        functions: FunctionSet = "sprig",
        cmd: CommandRunner | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> str:
        """The text with every action replaced; raises TemplateError.

        `values` are the fields; one that is missing prints ``<no value>`` or is an error. `now` is an aware datetime
        whose zone is the local one. `environ` is what the functions env and expandenv see, `values` by default.
        Without `cmd` a template that runs a command fails.
        """
        world = CallContext(environ=values if environ is None else environ, now=now, cmd=cmd)
        run = Evaluation(
            template=self.text,
            data=StringMap(values),
            functions=_FUNCTIONS[functions],
            world=world,
            strict=missing == "error",
        )
        return run.text(self.tree)


@lru_cache(maxsize=1024)
def parse_template(text: str, *, functions: FunctionSet = "sprig") -> Template:
    """Read a template; raises TemplateError with the place of a mistake, unknown functions included."""
    return Template(text=text, tree=parse(text, _FUNCTIONS[functions].keys()))


def _names(node: object) -> tuple[str, ...]:
    if isinstance(node, (nodes.FieldNode, nodes.ChainNode)):
        return node.names
    return node.names if isinstance(node, nodes.VariableNode) and node.name == "$" else ()


def _walk(tree: Iterable[object]) -> Iterator[object]:
    """Every node, in the order of the text."""
    for node in tree:
        if isinstance(node, nodes.BranchNode):
            yield from _walk((node.pipeline, *node.body, *node.otherwise))
        elif isinstance(node, nodes.PipelineNode):
            yield from _walk(node.commands)
        elif isinstance(node, nodes.CommandNode):
            yield from _walk(node.operands)
        elif isinstance(node, nodes.ChainNode):
            yield from _walk((node.operand,))
            yield node
        else:
            yield node
