"""What is wrong with a template, and where."""

from __future__ import annotations

from buildx_tasks.errors import CannotStart

SHOWN = 120


class TemplateError(CannotStart):
    """A template that can't be read or run: `reason`, `template` and the `offset`, `line` and `column` of the trouble.

    Lines and columns count from 1, in characters.
    """

    def __init__(self, template: str, offset: int, reason: str, hint: str = "") -> None:
        before = template[:offset]
        reason = " ".join(reason.splitlines())
        self.template, self.offset, self.reason = template, offset, reason
        self.line = before.count("\n") + 1
        self.column = offset - (before.rfind("\n") + 1) + 1
        super().__init__(f"template {_short(template)} {self.line}:{self.column}: {reason}", hint)


class GoError(Exception):
    """A function's failure; the evaluator adds the place and raises a TemplateError."""


def _short(template: str) -> str:
    shown = ascii(template)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}...'"
