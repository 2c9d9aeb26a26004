"""How parallel builds share a stream: nothing is lost, and what belongs together stays together."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.reporting.log import Blocks, Lines, marks_for


def blocks(service: str = "") -> tuple[Blocks, io.StringIO]:
    stream = io.StringIO()
    return Blocks(stream, marks_for(service)), stream


def test_the_first_build_is_live_and_the_others_wait_for_their_turn() -> None:
    layout, stream = blocks()
    layout.begin("a", ["Building [a]..."])
    layout.begin("b", ["Building [b]..."])
    layout.write("b", "b1\n")
    layout.write("a", "a1\n")
    assert stream.getvalue() == "Building [a]...\na1\n"
    layout.begin("c", ["Building [c]..."])
    layout.write("c", "c1\n")
    layout.end("c", "c is done")
    layout.end("a", "a is done")
    rest = "a is done\nBuilding [c]...\nc1\nc is done\nBuilding [b]...\nb1\n"
    assert stream.getvalue() == f"Building [a]...\na1\n{rest}"
    layout.write("b", "b2\n")
    assert stream.getvalue().endswith("b1\nb2\n")


def test_what_was_stopped_is_shown_at_the_end() -> None:
    layout, stream = blocks()
    for image in ("a", "b"):
        layout.begin(image, [image])
        layout.write(image, f"{image}1\n")
    layout.close()
    assert stream.getvalue() == "a\na1\nb\nb1\n"


def test_what_never_began_has_no_line() -> None:
    layout, stream = blocks()
    layout.end("a", "")
    layout.write("c", "loose\n")
    assert stream.getvalue() == "loose\n"


def test_github_folds_a_block_and_shows_how_it_ended() -> None:
    layout, stream = blocks("github")
    layout.begin("a", ["Building [a]...", "Target platforms: [x]"])
    layout.write("a", "a1\n")
    layout.end("a", "Build [a] failed")
    lines = ["::group::Building [a]...", "Target platforms: [x]", "a1", "::endgroup::", "Build [a] failed"]
    assert stream.getvalue().splitlines() == lines


def test_gitlab_finds_the_end_of_a_section_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    times = itertools.count(100)
    monkeypatch.setattr("time.time", lambda: next(times))
    layout, stream = blocks("gitlab")
    layout.begin("r.example:5000/a", ["Building [r.example:5000/a]..."])
    layout.end("r.example:5000/a", "done")
    name = "Building__r_example_5000_a____"
    assert stream.getvalue() == (
        f"\x1b[0Ksection_start:100:{name}[collapsed=true]\r\x1b[0KBuilding [r.example:5000/a]...\n"
        f"\x1b[0Ksection_end:101:{name}\r\x1b[0Kdone\n"
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["begin", "write", "end"])), max_size=40))
def test_no_line_is_lost_and_blocks_never_mix(events: list[tuple[str, str]]) -> None:
    layout, stream = blocks()
    state, wrote = dict.fromkeys("abc", "new"), dict.fromkeys("abc", 0)
    for image, event in events:
        if event == "begin" and state[image] == "new":
            layout.begin(image, [f"{image} begin"])
            state[image] = "running"
        elif event == "write" and state[image] == "running":
            layout.write(image, f"{image} {wrote[image]}\n")
            wrote[image] += 1
        elif event == "end" and state[image] == "running":
            layout.end(image, f"{image} end")
            state[image] = "over"
    layout.close()
    shown = [
        (image, [line[2:] for line in lines])
        for image, lines in itertools.groupby(stream.getvalue().splitlines(), lambda line: line[0])
    ]
    expected = {
        image: ["begin", *map(str, range(wrote[image])), *(["end"] if state[image] == "over" else [])]
        for image in "abc"
        if state[image] != "new"
    }
    assert dict(shown) == expected
    assert len(shown) == len(expected)


def test_lines_come_as_they_are_with_the_image_in_front() -> None:
    stream = io.StringIO()
    layout = Lines(stream)
    layout.begin("a", ["Building [a]..."])
    layout.begin("b", ["Building [b]..."])
    layout.write("a", "one\n\ntwo\n")
    layout.write("b", "three\n")
    layout.end("a", "a is done")
    layout.end("b", "")
    layout.close()
    lines = ["Building [a]...", "Building [b]...", "[a] one", "[a] two", "[b] three", "a is done"]
    assert stream.getvalue().splitlines() == lines
