"""From a template's tokens to its tree, with Go's grammar and Go's ideas of what is a mistake."""

from __future__ import annotations

import difflib
from collections.abc import Set as AbstractSet

from buildx_tasks.golang.template import ast as nodes
from buildx_tasks.golang.template.errors import TemplateError
from buildx_tasks.golang.template.lexer import Token, tokenize
from buildx_tasks.golang.template.literals import parse_char, parse_number, parse_string

MAX_DEPTH = 50
_CONTROLS = ("if", "with", "range")
_OPERANDS = frozenset(
    ("bool", "char", "dot", "field", "function", "number", "nil", "string", "variable", "(")
)  # fmt: skip


def parse(template: str, functions: AbstractSet[str]) -> tuple[nodes.TemplateNode, ...]:
    """The nodes of `template`; raises TemplateError for whatever it can't be, unknown `functions` included."""
    return _TemplateParser(template, functions).parse()


class _TemplateParser:
    def __init__(self, template: str, functions: AbstractSet[str]) -> None:
        self.template = template
        self.functions = functions
        self.source = tokenize(template)
        self.ahead: list[Token] = []
        self.variables = ["$"]
        self.depth = 0
        self.loops = 0

    def parse(self) -> tuple[nodes.TemplateNode, ...]:
        found, stop = self.block()
        if stop.kind != "eof":
            raise self.mistake(stop, f"unexpected {{{{{stop.text}}}}}")
        return found

    # Tokens

    def next(self) -> Token:
        return self.ahead.pop() if self.ahead else next(self.source)

    def peek(self) -> Token:
        if not self.ahead:
            self.ahead.append(next(self.source))
        return self.ahead[-1]

    def next_solid(self) -> Token:
        """The next token that is not white space."""
        token = self.next()
        return self.next() if token.kind == "space" else token

    def peek_solid(self) -> Token:
        token = self.next_solid()
        self.ahead.append(token)
        return token

    def mistake(self, token: Token, reason: str, hint: str = "") -> TemplateError:
        return TemplateError(self.template, token.at, reason, hint)

    def unexpected(self, token: Token, where: str) -> TemplateError:
        what = {"eof": "end of the template", "close": "}}"}.get(token.kind, ascii(token.text))
        return self.mistake(token, f"unexpected {what} in {where}")

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.mistake(token, f"nested more than {MAX_DEPTH} deep")

    # Text and actions

    def block(self) -> tuple[tuple[nodes.TemplateNode, ...], Token]:
        """Nodes up to an ``end`` or ``else`` action or the end of the text, which is returned too."""
        found: list[nodes.TemplateNode] = []
        while True:
            token = self.next_solid()
            if token.kind == "text":
                found.append(nodes.TextNode(token.at, token.text))
            elif token.kind == "eof":
                return tuple(found), token
            elif token.kind != "open":
                raise self.unexpected(token, "input")
            elif (word := self.peek_solid()).kind in ("end", "else"):
                return tuple(found), self.terminator(self.next())
            else:
                found.append(self.action(word))

    def terminator(self, word: Token) -> Token:
        """``end`` or ``else``; of ``else if`` and ``else with`` the second word is left to be read."""
        if word.kind == "else" and self.peek_solid().kind in ("if", "with"):
            return word
        self.close(word.text)
        return word

    def close(self, where: str) -> None:
        token = self.next_solid()
        if token.kind != "close":
            raise self.unexpected(token, where)

    def action(self, word: Token) -> nodes.TemplateNode:
        if word.kind in _CONTROLS:
            return self.control(self.next())
        if word.kind in ("break", "continue"):
            return self.jump(self.next())
        if word.kind in ("define", "template", "block"):
            raise self.mistake(word, f"{{{{{word.text}}}}} is not supported: templates here have one part")
        pipeline = self.pipeline("command", "close")
        self.next()
        return pipeline

    def jump(self, word: Token) -> nodes.JumpNode:
        self.close(word.text)
        if not self.loops:
            raise self.mistake(word, f"{{{{{word.text}}}}} outside {{{{range}}}}")
        return nodes.JumpNode(word.at, word.text)

    def control(self, word: Token) -> nodes.BranchNode:
        self.deeper(word)
        known = len(self.variables)
        pipeline = self.pipeline(word.kind, "close")
        self.next()
        self.loops += word.kind == "range"
        body, stop = self.block()
        self.loops -= word.kind == "range"
        otherwise: tuple[nodes.TemplateNode, ...] = ()
        if stop.kind == "else" and self.peek_solid().kind == word.kind != "range":
            otherwise = (self.control(self.next()),)  # shares the one {{end}}
        elif stop.kind == "else":
            otherwise, stop = self.block()
            if stop.kind == "else":
                raise self.mistake(stop, f"expected {{{{end}}}} of {{{{{word.text}}}}}; found {{{{else}}}}")
        if stop.kind == "eof":
            raise self.mistake(word, f"{{{{{word.text}}}}} has no {{{{end}}}}")
        del self.variables[known:]
        self.depth -= 1
        return nodes.BranchNode(word.at, word.text, pipeline, body, otherwise)

    # Pipelines

    def pipeline(self, where: str, end: str) -> nodes.PipelineNode:
        """A pipeline up to, but without, the `end` token."""
        first = self.peek_solid()
        names, assign = self.declarations(where)
        commands: list[nodes.CommandNode] = []
        while (token := self.peek_solid()).kind != end:
            if token.kind not in _OPERANDS:
                raise self.unexpected(token, where)
            command = self.command()
            if commands and isinstance(command.operands[0], (nodes.ConstantNode, nodes.DotNode, nodes.NilNode)):
                raise self.mistake(token, f"stage {len(commands) + 1} of the pipeline can't be called")
            commands.append(command)
        if not commands:
            raise self.mistake(token, f"missing value for {where}")
        return nodes.PipelineNode(first.at, names, assign, tuple(commands))

    def declarations(self, where: str) -> tuple[tuple[str, ...], bool]:
        """``$x :=``, ``$x =`` or, for a range, ``$i, $x :=``; nothing is read when there is none."""
        names: list[str] = []
        while self.peek_solid().kind == "variable":
            variable = self.next()
            blank = [self.next()] if self.peek().kind == "space" else []
            after = self.peek()
            if after.kind not in (":=", "=", ","):
                self.ahead += [*blank, variable]
                break
            names.append(variable.text)
            self.next()
            if after.kind != ",":
                self.declare(names, variable, assign=after.kind == "=")
                return tuple(names), after.kind == "="
            if where != "range" or len(names) > 1:
                raise self.mistake(after, f"too many declarations in {where}")
        if names:
            raise self.mistake(self.peek_solid(), "range can only initialize variables")
        return (), False

    def declare(self, names: list[str], at: Token, *, assign: bool) -> None:
        unknown = [name for name in names if assign and name not in self.variables]
        if unknown:
            raise self.mistake(at, f"undefined variable {unknown[0]!r}")
        self.variables += [] if assign else names

    def command(self) -> nodes.CommandNode:
        """Operands apart by white space, and the ``|`` after them."""
        start = self.peek_solid()
        operands: list[nodes.Operand] = []
        while True:
            operands.append(self.operand())
            if (token := self.peek()).kind == "space":
                token = self.peek_solid()
            elif token.kind in _OPERANDS:
                raise self.unexpected(token, "operand")
            if token.kind == "|":
                self.next()
            elif token.kind in _OPERANDS:
                continue
            elif token.kind not in ("close", ")"):
                raise self.unexpected(token, "operand")
            return nodes.CommandNode(start.at, tuple(operands))

    def operand(self) -> nodes.Operand:
        token = self.next_solid()
        term = self.term(token)
        names: list[str] = []
        while self.peek().kind == "field":
            names.append(self.next().text[1:])
        if not names:
            return term
        if isinstance(term, nodes.FieldNode):
            return nodes.FieldNode(term.at, (*term.names, *names))
        if isinstance(term, nodes.VariableNode):
            return nodes.VariableNode(term.at, term.name, tuple(names))
        if isinstance(term, (nodes.FunctionNode, nodes.PipelineNode)):
            return nodes.ChainNode(term.at, term, tuple(names))
        raise self.mistake(token, f"unexpected . after {token.text!a}")

    def term(self, token: Token) -> nodes.Operand:
        kind, text, at = token
        if kind == "dot":
            return nodes.DotNode(at)
        if kind == "nil":
            return nodes.NilNode(at)
        if kind == "field":
            return nodes.FieldNode(at, (text[1:],))
        if kind == "bool":
            return nodes.ConstantNode(at, text == "true")
        if kind == "variable":
            if text not in self.variables:
                raise self.mistake(token, f"undefined variable {text!r}")
            return nodes.VariableNode(at, text)
        if kind == "function":
            return self.function(token)
        return self.parenthesis(token) if kind == "(" else self.literal(token)

    def function(self, token: Token) -> nodes.FunctionNode:
        if token.text not in self.functions:
            near = difflib.get_close_matches(token.text, sorted(self.functions), n=3)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"known functions: {' '.join(sorted(self.functions))}"
            )
            raise self.mistake(token, f"unknown function {token.text!a}", hint)
        return nodes.FunctionNode(token.at, token.text)

    def parenthesis(self, token: Token) -> nodes.PipelineNode:
        self.deeper(token)
        pipeline = self.pipeline("parenthesized pipeline", ")")
        self.next()
        self.depth -= 1
        return pipeline

    def literal(self, token: Token) -> nodes.ConstantNode:
        parse_text = {"number": parse_number, "char": parse_char, "string": parse_string}[token.kind]
        value = parse_text(token.text)
        if value is None:
            raise self.mistake(token, f"wrong {token.kind} {token.text!a}")
        return nodes.ConstantNode(token.at, value)
