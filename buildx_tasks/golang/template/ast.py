"""The tree of a template. Every node knows its offset (`at`) in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text between actions."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """``.``"""

    at: int


@dataclass(frozen=True, slots=True)
class Nil:
    """``nil``"""

    at: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal bool, text or number."""

    at: int
    value: bool | str | int | float


@dataclass(frozen=True, slots=True)
class Field:
    """``.A.B``"""

    at: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """``$x.A.B``; `name` includes the dollar sign."""

    at: int
    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name; its arguments are the rest of the command."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """``(pipeline).A.B`` or ``function.A``"""

    at: int
    operand: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """Operands side by side: the first is called with the others."""

    at: int
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by ``|``, after variables that get the result (`assign`: they exist already)."""

    at: int
    variables: tuple[str, ...]
    assign: bool
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """``if``, ``with`` or ``range`` (the `word`) with its two bodies."""

    at: int
    word: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """``break`` or ``continue``"""

    at: int
    word: str


Operand: TypeAlias = "Dot | Nil | Constant | Field | Variable | Function | Chain | Pipeline"
Node: TypeAlias = "Text | Pipeline | Branch | Jump"
