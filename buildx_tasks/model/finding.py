"""One problem of one config file, as data: what validation returns and reporters print."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """`line` and `column` count from 1; `path` is dotted (``build.artifacts[0].docker``), "" for the document.

    `code` is a stable word for the rule (``unknown-key``, ``wrong-type`` …); `severity` is "error" or "warning".
    """

    message: str
    hint: str = ""
    file: str = ""
    line: int = 1
    column: int = 1
    path: str = ""
    code: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: " if self.file else f"{self.line}:{self.column}: "
        subject = f"{self.path}: " if self.path else ""
        return f"{where}{subject}{self.message}" + (f", {self.hint}" if self.hint else "")


def dotted(path: tuple[str | int, ...]) -> str:
    """A path as people write it: ("build", "artifacts", 0, "image") is ``build.artifacts[0].image``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
