"""The tree of a template. Every node knows its offset (`at`) in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class TextNode:
    """Literal text between actions."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class DotNode:
    """The value ``.`` stands for."""

    at: int


@dataclass(frozen=True, slots=True)
class NilNode:
    """The word ``nil``."""

    at: int


@dataclass(frozen=True, slots=True)
class ConstantNode:
    """A literal bool, text or number."""

    at: int
    value: bool | str | int | float


@dataclass(frozen=True, slots=True)
class FieldNode:
    """A chain of fields: ``.A.B``."""

    at: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableNode:
    """``$x.A.B``; `name` includes the dollar sign."""

    at: int
    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionNode:
    """A function by name; its arguments are the rest of the command."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class ChainNode:
    """Fields of something: ``(pipeline).A.B`` or ``function.A``."""

    at: int
    operand: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommandNode:
    """Operands side by side: the first is called with the others."""

    at: int
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class PipelineNode:
    """Commands joined by ``|``, after variables that get the result (`assign`: they exist already)."""

    at: int
    variables: tuple[str, ...]
    assign: bool
    commands: tuple[CommandNode, ...]


@dataclass(frozen=True, slots=True)
class BranchNode:
    """``if``, ``with`` or ``range`` (the `word`) with its two bodies."""

    at: int
    word: str
    pipeline: PipelineNode
    body: tuple[TemplateNode, ...]
    otherwise: tuple[TemplateNode, ...]


@dataclass(frozen=True, slots=True)
class JumpNode:
    """A jump: ``break`` or ``continue``."""

    at: int
    word: str


Operand: TypeAlias = (
    "DotNode | NilNode | ConstantNode | FieldNode | VariableNode | FunctionNode | ChainNode | PipelineNode"
)
TemplateNode: TypeAlias = "TextNode | PipelineNode | BranchNode | JumpNode"
