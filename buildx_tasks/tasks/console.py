"""Lines on standard error: warnings, notes, and what is beside the result."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

from buildx_tasks.tasks.calling import as_called


def print_warning(text: str) -> None:
    """Say what is odd but no reason to stop, on standard error."""
    print_aside(f"WARNING: {text}")


def print_note(text: str) -> None:
    """Say why something was decided, on standard error."""
    print_aside(f"note: {text}")


def print_aside(text: str) -> None:
    """A line on standard error; where that takes nothing more, nothing is said and the work goes on."""
    with contextlib.suppress(OSError):
        print(as_called(text), file=sys.stderr)


def once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """A `tell` that does not repeat itself: a file that is read twice has its problem named once."""
    told: set[str] = set()

    def tell_new(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    return tell_new
