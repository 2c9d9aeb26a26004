"""One thing that a doctor looks at: what it is, how it stands, and what to run."""

from __future__ import annotations

from dataclasses import dataclass

OK = "ok"
WARNING = "warning"
PROBLEM = "problem"
SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`id` is stable; `text` is the finding with its evidence; `fix` is what to run or change, "" for nothing.

    A `SKIPPED` one could not be looked at, or is of no use here; the text says why.
    """

    id: str
    verdict: str
    text: str
    fix: str = ""


def ok(id_: str, text: str) -> Check:
    """All is well."""
    return Check(id=id_, verdict=OK, text=text)


def warning(id_: str, text: str, fix: str) -> Check:
    """Something will not work, or will be slow, in some builds."""
    return Check(id=id_, verdict=WARNING, text=text, fix=fix)


def problem(id_: str, text: str, fix: str) -> Check:
    """A build will fail."""
    return Check(id=id_, verdict=PROBLEM, text=text, fix=fix)


def skipped(id_: str, text: str) -> Check:
    """Not looked at."""
    return Check(id=id_, verdict=SKIPPED, text=text)
