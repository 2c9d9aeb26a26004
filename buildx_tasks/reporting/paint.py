"""Colour and links for a stream, by the variables that terminals and CI services set; rich writes the codes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

GOOD, BAD, ODD, FAINT, HEAD = "green", "bold red", "yellow", "dim", "bold"
"""The styles that are used, in rich's words."""
OFF = ("", "0", "false")
UNLINKED = ("", "dumb", "linux", "unknown")
"""Values of TERM of terminals that show the codes of a link as text."""
VTE_WITH_LINKS = 5000


class Painter:
    """Marks text for one stream: in colour, as a link, both or neither. `width` is that of a terminal, else 0."""

    def __init__(self, *, colour: bool = False, links: bool = False, width: int = 0) -> None:
        self.colour = colour
        self.links = links
        self.width = width

    def paint(self, text: str, style: str) -> str:
        """`text` in one of our styles."""
        if not self.colour or not text:
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    def link(self, text: str, file: str) -> str:
        """`text` as a link to an absolute path, unless that is ""."""
        if not self.links or not file:
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        return Style(link=Path(file).as_uri()).render(text, color_system=ColorSystem.STANDARD)


def painter_for(stream: TextIO, environ: Mapping[str, str], *, terminal: bool | None = None) -> Painter:
    """The painter for `stream`; whether that is a `terminal` is asked of the stream unless it is given."""
    is_terminal = _is_terminal(stream) if terminal is None else terminal
    return Painter(
        colour=wants_colour(environ, terminal=is_terminal),
        links=is_terminal and takes_links(environ),
        width=shutil.get_terminal_size().columns if is_terminal else 0,
    )


def terminal_width(stream: TextIO | None = None) -> int:
    """The columns of the terminal that `stream`, by default standard output, is; 0 for what is not a terminal."""
    return shutil.get_terminal_size().columns if _is_terminal(stream or sys.stdout) else 0


def wants_colour(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether to write in colour.

    NO_COLOR (https://no-color.org) has the first word, then FORCE_COLOR and CLICOLOR_FORCE; only a terminal that is
    not dumb gets colour without them, and CLICOLOR=0 (https://bixense.com/clicolors) takes it away.
    """
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced is not None and forced.lower() in OFF[1:]:
        return False
    if forced or environ.get("CLICOLOR_FORCE", "") not in OFF:
        return True
    return terminal and environ.get("TERM", "") not in ("", "dumb") and environ.get("CLICOLOR") != "0"


def takes_links(environ: Mapping[str, str]) -> bool:
    """Whether a terminal understands OSC 8, or leaves out what it does not understand."""
    vte = environ.get("VTE_VERSION", "")
    return environ.get("TERM", "") not in UNLINKED and not (vte.isdigit() and int(vte) < VTE_WITH_LINKS)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):  # not a file, or closed
        return False
