"""What a template function is: its parameters in Go's types, and how arguments are checked against them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from buildx_tasks.golang.template.errors import GoError
from buildx_tasks.golang.template.values import Value, type_name

_KINDS: Mapping[str, type] = {"string": str, "int": int, "bool": bool}


@dataclass(frozen=True, kw_only=True, slots=True)
class CallContext:
    """The world as far as functions may ask for it: the process environment, the clock, a way to run commands."""

    environ: Mapping[str, str]
    now: datetime
    cmd: Callable[[Sequence[str]], str] | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of templates.

    `params` names Go types: any, string, int or bool; `rest` is the type of further arguments, "" for none. With
    `asks`, `call` gets the CallContext first.
    """

    call: Callable[..., Value]
    params: tuple[str, ...]
    rest: str = ""
    asks: bool = False

    def kind_of(self, index: int) -> str:
        """The type of the argument at `index`."""
        return self.params[index] if index < len(self.params) else self.rest

    def check_count(self, name: str, count: int) -> None:
        """GoError unless `count` arguments will do."""
        wanted = len(self.params)
        if count < wanted or (count > wanted and not self.rest):
            least = "at least " if self.rest else ""
            raise GoError(f"wrong number of arguments for {name}: want {least}{wanted}, got {count}")


def fn(call: Callable[..., Value], *params: str, rest: str = "", asks: bool = False) -> Function:
    """A short spelling for the tables of functions."""
    return Function(call, params, rest, asks)


def check_type(value: Value, kind: str) -> None:
    """GoError unless a computed `value` may be passed where `kind` is expected."""
    wanted = _KINDS.get(kind)
    if wanted is None:
        return
    if value is None:
        raise GoError(f"there is no value; expected {kind}")
    if not isinstance(value, wanted) or (kind == "int" and isinstance(value, bool)):
        raise GoError(f"wrong type: expected {kind}, got {type_name(value)}")


def check_constant(value: bool | str | int | float, kind: str) -> Value:
    """A literal as an argument; like Go, a whole float will do for an int."""
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    check_type(value, kind)
    return value
