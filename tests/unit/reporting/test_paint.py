"""Colour and links by the usual variables, and none of rich's codes without them."""

from __future__ import annotations

import io

import pytest

from buildx_tasks.reporting.paint import BAD, Painter, painter_for, takes_links, wants_colour

XTERM = {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("environ", "on_terminal", "in_a_log"),
    [
        ({}, False, False),
        (XTERM, True, False),
        (XTERM | {"NO_COLOR": "1"}, False, False),
        (XTERM | {"NO_COLOR": ""}, True, False),
        (XTERM | {"CLICOLOR": "0"}, False, False),
        (XTERM | {"CLICOLOR": "1"}, True, False),
        (XTERM | {"CLICOLOR_FORCE": "1"}, True, True),
        (XTERM | {"CLICOLOR_FORCE": "0"}, True, False),
        (XTERM | {"FORCE_COLOR": "1"}, True, True),
        (XTERM | {"FORCE_COLOR": ""}, True, False),
        (XTERM | {"FORCE_COLOR": "0"}, False, False),
        (XTERM | {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        (XTERM | {"CLICOLOR": "0", "FORCE_COLOR": "1"}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True, True),
    ],
)
def test_who_gets_colour(environ: dict[str, str], on_terminal: bool, in_a_log: bool) -> None:
    assert wants_colour(environ, terminal=True) is on_terminal
    assert wants_colour(environ, terminal=False) is in_a_log


@pytest.mark.parametrize(
    ("environ", "links"),
    [
        (XTERM, True),
        ({}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "linux"}, False),
        (XTERM | {"VTE_VERSION": "4205"}, False),
        (XTERM | {"VTE_VERSION": "7006"}, True),
    ],
)
def test_who_gets_links(environ: dict[str, str], links: bool) -> None:
    assert takes_links(environ) is links


def test_a_painter_marks_what_it_may() -> None:
    assert Painter(colour=True).paint("no", BAD) == "\x1b[1;31mno\x1b[0m"
    assert Painter(colour=True).link("here", "/tmp/a b") == "here"
    linked = Painter(links=True).link("here", "/tmp/a b")
    assert linked.startswith("\x1b]8;")
    assert linked.endswith(";file:///tmp/a%20b\x1b\\here\x1b]8;;\x1b\\")
    assert Painter(links=True).link("here", "") == "here"
    assert Painter(links=True).paint("no", BAD) == "no"


def test_a_stream_that_is_closed_or_not_a_file_is_not_a_terminal() -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (closed, io.StringIO()):
        painter = painter_for(stream, XTERM)
        assert (painter.colour, painter.links, painter.width) == (False, False, 0)
