"""Running a template: the tree and the values become text, with Go's rules for every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from buildx_tasks.golang.template import ast as nodes
from buildx_tasks.golang.template.errors import GoError, TemplateError
from buildx_tasks.golang.template.functions import CallContext, Function, check_constant, check_type
from buildx_tasks.golang.template.times import time_method
from buildx_tasks.golang.template.values import LIMIT, NO_VALUE, Value, is_true, show, type_name

MAX_ROUNDS = 100_000
_NOTHING = object()
"""No value came through the pipe; nil is a value."""


@dataclass(kw_only=True, slots=True)
class Evaluation:
    """One rendering. With `strict` a missing key is an error, else it has no value."""

    template: str
    data: Value
    functions: Mapping[str, Function]
    world: CallContext
    strict: bool
    variables: list[tuple[str, Value]] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    rounds: int = 0

    def text(self, tree: Iterable[nodes.TemplateNode]) -> str:
        """What `tree` prints; raises TemplateError."""
        self.variables = [("$", self.data)]
        self.block(tree, self.data)
        return "".join(self.pieces)

    def wrong(self, at: int, reason: str) -> TemplateError:
        """The error for a place in the template, in Go's words."""
        return TemplateError(self.template, at, reason)

    # Nodes

    def block(self, tree: Iterable[nodes.TemplateNode], dot: Value) -> str:
        """Run nodes in order; the result is `break` or `continue` when one of them said so."""
        for node in tree:
            if isinstance(node, nodes.TextNode):
                self.put(node.at, node.text)
            elif isinstance(node, nodes.PipelineNode):
                value = self.pipeline(node, dot)
                if not node.variables:
                    self.put(node.at, NO_VALUE if value is None else show(value))
            elif isinstance(node, nodes.JumpNode):
                return node.word
            elif jump := self.branch(node, dot):
                return jump
        return ""

    def put(self, at: int, text: str) -> None:
        """Add text to the output. Raises `TemplateError` when that has more than `LIMIT` characters then."""
        self.size += len(text)
        if self.size > LIMIT:
            raise self.wrong(at, f"the result grows beyond {LIMIT} characters")
        self.pieces.append(text)

    def branch(self, node: nodes.BranchNode, dot: Value) -> str:
        """Run the side of an ``if``, ``with`` or ``range`` that applies; the jump with which it ended, "" for none."""
        known = len(self.variables)
        if node.word == "range":
            jump = self.range(node, dot)
        else:
            value = self.pipeline(node.pipeline, dot)
            inner = value if node.word == "with" else dot
            jump = self.block(node.body, inner) if is_true(value) else self.block(node.otherwise, dot)
        del self.variables[known:]
        return jump

    def range(self, node: nodes.BranchNode, dot: Value) -> str:
        """Run the body of a ``range`` for each item, or its ``else``; the jump with which that ended, "" for none."""
        value = self.pipeline(node.pipeline, dot)
        names = node.pipeline.variables
        # The loop sets its variables in every round; the declarations themselves got the whole value.
        if not node.pipeline.assign:
            del self.variables[len(self.variables) - len(names) :]
        known = len(self.variables)
        items = self.items(node, value)
        for key, item in items:
            self.rounds += 1
            if self.rounds > MAX_ROUNDS:
                raise self.wrong(node.at, f"more than {MAX_ROUNDS} rounds of {{{{range}}}}")
            values = (key, item)[-len(names) :] if names else ()
            for name, one in zip(names, values, strict=True):
                self.bind(node, name, one)
            jump = self.block(node.body, item)
            del self.variables[known:]
            if jump == "break":
                break
        return "" if items else self.block(node.otherwise, dot)

    def bind(self, node: nodes.BranchNode, name: str, value: Value) -> None:
        """Declare or set the variable of a pipeline."""
        if node.pipeline.assign:
            self.assign(node.at, name, value)
        else:
            self.variables.append((name, value))

    def items(self, node: nodes.BranchNode, value: Value) -> Sequence[tuple[Value, Value]]:
        """Keys and values of what a ``range`` goes through, in Go's order."""
        if value is None:
            return ()
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, dict):
            return sorted(value.items())
        if isinstance(value, int) and not isinstance(value, bool):
            if len(node.pipeline.variables) > 1:
                raise self.wrong(node.at, "a number gives one variable to {{range}}, not two")
            return [(number, number) for number in range(min(value, MAX_ROUNDS + 1))]
        raise self.wrong(node.at, f"range can't go over {type_name(value)}")

    # Variables

    def assign(self, at: int, name: str, value: Value) -> None:
        """Set a variable that was declared before."""
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                self.variables[index] = (name, value)
                return
        raise self.wrong(at, f"undefined variable {name!r}")

    def lookup(self, at: int, name: str) -> Value:
        """The value of a variable."""
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise self.wrong(at, f"undefined variable {name!r}")

    # Pipelines

    def pipeline(self, node: nodes.PipelineNode, dot: Value) -> Value:
        """The value of a pipeline: each command gets that of the one before as its last argument."""
        value: Value = _NOTHING
        for command in node.commands:
            value = self.command(command, dot, value)
        for name in node.variables:
            if node.assign:
                self.assign(node.at, name, value)
            else:
                self.variables.append((name, value))
        return value

    def command(self, node: nodes.CommandNode, dot: Value, piped: Value) -> Value:
        """The value of one command."""
        first, *others = node.operands
        if isinstance(first, nodes.FunctionNode):
            return self.call(first, others, dot, piped)
        if isinstance(first, (nodes.FieldNode, nodes.ChainNode)) or (
            isinstance(first, nodes.VariableNode) and first.names
        ):
            return self.walk(first.at, self.start(first, dot), first.names, others, dot, piped)
        if others or piped is not _NOTHING:
            raise self.wrong(first.at, "this can't take arguments: it is not a function")
        if isinstance(first, nodes.NilNode):
            raise self.wrong(first.at, "nil is not a command")
        return self.operand(first, dot)

    def operand(self, node: nodes.Operand, dot: Value) -> Value:
        """The value of an operand that stands alone."""
        if isinstance(node, nodes.DotNode):
            return dot
        if isinstance(node, nodes.ConstantNode):
            return node.value
        if isinstance(node, nodes.NilNode):
            return None
        if isinstance(node, nodes.PipelineNode):
            return self.pipeline(node, dot)
        if isinstance(node, nodes.FunctionNode):
            return self.call(node, (), dot, _NOTHING)
        if isinstance(node, nodes.VariableNode) and not node.names:
            return self.lookup(node.at, node.name)
        return self.walk(node.at, self.start(node, dot), node.names, (), dot, _NOTHING)

    # Fields

    def start(self, node: nodes.FieldNode | nodes.VariableNode | nodes.ChainNode, dot: Value) -> Value:
        """What the names of a chain are looked up in."""
        if isinstance(node, nodes.FieldNode):
            return dot
        return (
            self.lookup(node.at, node.name) if isinstance(node, nodes.VariableNode) else self.operand(node.operand, dot)
        )

    def walk(
        self, at: int, value: Value, names: Sequence[str], others: Sequence[nodes.Operand], dot: Value, piped: Value
    ) -> Value:
        """The value at the end of a chain of fields."""
        for name in names[:-1]:
            value = self.member(at, value, name, (), dot, _NOTHING)
        return self.member(at, value, names[-1], others, dot, piped)

    def member(
        self, at: int, value: Value, name: str, others: Sequence[nodes.Operand], dot: Value, piped: Value
    ) -> Value:
        """A field or key of a value, or the result of its method."""
        if isinstance(value, datetime) and (method := time_method(value, name)):
            return self.apply(at, name, method, others, dot, piped)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(at, f"{type_name(value)} has no field {name!r}")
        if value is not None and (others or piped is not _NOTHING):
            raise self.wrong(at, f"{name!r} can't take arguments: it is not a function")
        if value is not None and name in value:
            return value[name]
        if self.strict:
            raise self.wrong(at, f"there is no {name!r}")
        return None

    # Calls

    def call(self, node: nodes.FunctionNode, others: Sequence[nodes.Operand], dot: Value, piped: Value) -> Value:
        """The result of a function."""
        function = self.functions.get(node.name)
        if function is None:
            raise self.wrong(node.at, f"unknown function {node.name!a}")
        if node.name in ("and", "or"):
            return self.logic(node, function, others, dot, piped)
        return self.apply(node.at, node.name, function, others, dot, piped)

    def logic(
        self, node: nodes.FunctionNode, function: Function, others: Sequence[nodes.Operand], dot: Value, piped: Value
    ) -> Value:
        """``and`` and ``or`` evaluate no further than needed."""
        self.counted(node.at, node.name, function, others, piped)
        value: Value = None
        for other in others:
            value = self.operand(other, dot)
            if is_true(value) == (node.name == "or"):
                return value
        return value if piped is _NOTHING else piped

    def apply(
        self, at: int, name: str, function: Function, others: Sequence[nodes.Operand], dot: Value, piped: Value
    ) -> Value:
        """The result of a function for arguments that are known."""
        self.counted(at, name, function, others, piped)
        arguments = [self.argument(other, dot, function.kind_of(index)) for index, other in enumerate(others)]
        try:
            if piped is not _NOTHING:
                check_type(piped, function.kind_of(len(others)))
                arguments.append(piped)
            if function.asks:
                arguments.insert(0, self.world)
            return function.call(*arguments)
        except GoError as error:
            raise self.wrong(at, f"{name}: {error}") from None

    def counted(self, at: int, name: str, function: Function, others: Sequence[nodes.Operand], piped: Value) -> None:
        """Raise the error for a wrong number of arguments."""
        try:
            function.check_count(name, len(others) + (piped is not _NOTHING))
        except GoError as error:
            raise self.wrong(at, str(error)) from None

    def argument(self, node: nodes.Operand, dot: Value, kind: str) -> Value:
        """The value of an argument, as the kind that its function takes."""
        try:
            if isinstance(node, nodes.ConstantNode):
                return check_constant(node.value, kind)
            value = self.operand(node, dot)
            check_type(value, kind)
        except GoError as error:
            raise self.wrong(node.at, str(error)) from None
        return value
