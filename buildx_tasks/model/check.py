"""One thing that a doctor looks at: what it is, how it stands, and what to run."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"
WARNING = "warning"
PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`id` is stable; `text` is the finding with its evidence; `fix` is what to run or change, "" for nothing."""

    id: str
    verdict: str
    text: str
    fix: str = ""
