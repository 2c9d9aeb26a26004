"""The ends of real builds, each captured from docker, buildx and BuildKit as they ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildx_tasks.document.buildkit.erroroutput import HoldBack, read_error_output

OUTPUTS = Path(__file__).parents[2] / "data" / "outputs"


def output(name: str) -> str:
    return (OUTPUTS / f"{name}.txt").read_bytes().decode()


@pytest.mark.parametrize(
    ("name", "step", "place", "last"),
    [
        ("step-failed", "[3/3] RUN for i in", "Dockerfile:3", "permission denied: you are not allowed"),
        ("step-failed.two-nodes", "[linux/amd64 3/3] RUN for i in", "Dockerfile:3", "permission denied: you are not"),
        ("step-failed.terminal", "[3/3] RUN for i in", "Dockerfile:3", "permission denied: you are not allowed"),
        ("step-failed.missing-cache", "[3/3] RUN for i in", "Dockerfile:3", "permission denied: you are not allowed"),
        ("step-failed.fooling", "[2/2] RUN <<E", "Dfh:2", " > [x]:"),
        ("step-failed.legacy", "RUN for i in", "", "permission denied: you are not allowed"),
        ("foreign-platform", "[2/2] RUN echo hello", "Dockerfile:3", "exec /bin/sh: exec format error"),
        ("foreign-platform.legacy", "RUN echo hello", "", "exec /bin/sh: exec format error"),
    ],
)
def test_the_failed_step_its_log_and_its_source(name: str, step: str, place: str, last: str) -> None:
    printed = read_error_output(output(name))
    assert printed.step.startswith(step)
    assert printed.place == place
    assert printed.log[-1].startswith(last)
    assert len(printed.log) <= 20


def test_the_last_twenty_lines_of_the_step_and_no_other() -> None:
    log = read_error_output(output("step-failed")).log
    assert log == (*(f"line {number}" for number in range(12, 31)), "permission denied: you are not allowed")


def test_the_source_is_as_docker_shows_it() -> None:
    source = read_error_output(output("step-failed")).source
    assert source[1] == "   2 |     RUN echo one"
    assert source[2].startswith("   3 | >>> RUN for i in")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unknown-builder", 'no builder "nope" found'),
        ("unknown-flag", "unknown flag: --nope"),
        ("unknown-flag.old", "unknown flag: --call"),
        ("no-plugin", "docker: 'buildx' is not a docker command."),
        ("no-plugin.buildkit", "BuildKit is enabled but the buildx component is missing or broken."),
        ("one-platform", "Multi-platform build is not supported for the docker driver."),
        ("builder-silent.old", "context deadline exceeded"),
        ("registry-unauthorized.docker-push", "authorization failed: no basic auth credentials"),
        ("no-stage", 'target stage "nope" could not be found'),
    ],
)
def test_docker_says_it_in_one_line(name: str, message: str) -> None:
    assert read_error_output(output(name)).message == message


def test_nothing_at_all_is_no_words() -> None:
    printed = read_error_output("")
    assert (printed.error, printed.message, printed.step, printed.log) == ("", "", "", ())


def test_a_line_written_over_is_what_a_terminal_would_show() -> None:
    lines = ["#1 [1/1] RUN fetch", "#1 0.100  10%\r 50%\r 90%", '#1 ERROR: process "fetch" failed', "ERROR: process"]
    assert read_error_output("\n".join(lines)).log == (" 90%",)


def held(*lines: str) -> tuple[list[str], list[str]]:
    shown: list[str] = []
    hold = HoldBack(shown.append)
    for line in lines:
        hold.feed(line)
    before = list(shown)
    hold.release()
    return before, shown


def test_what_docker_closes_with_is_held_back() -> None:
    lines = ["#1 RUN false\n", "------\n", " > [1/1] RUN false:\n", "------\n", "ERROR: it failed\n"]
    before, after = held(*lines)
    assert before == lines[:1]
    assert after == lines


@pytest.mark.parametrize("following", ["text\n", "------\n"])
def test_a_rule_alone_closes_nothing(following: str) -> None:
    before, after = held("one\n", "------\n", following, "two\n")
    assert before == after == ["one\n", "------\n", following, "two\n"]


CACHE = "------\n > importing cache manifest from r/a:cache:\n"
OTHER = "------\n > [2/2] RUN x:\n0.1 it failed\n"


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("", ""),
        (f"{CACHE}------\n", ""),
        (f"{CACHE}{CACHE}------\nWARNING: no output\n", "WARNING: no output\n"),
        ("------\n > exporting cache to registry:\n------\n", ""),
        (f"{CACHE}------\n{CACHE}------\n{CACHE}------\n", ""),
        (f"{OTHER}------\n{CACHE}------\nmore\n", f"{OTHER}------\nmore\n"),
        (f"{CACHE}{OTHER}------\n", f"{OTHER}------\n"),
        (f"{OTHER}------\nmore\n", f"{OTHER}------\nmore\n"),
        (OTHER, OTHER),
        ("------\n", "------\n"),
    ],
)
def test_a_build_that_ended_well_says_nothing_of_a_cache_that_was_not_there(end: str, shown: str) -> None:
    said: list[str] = []
    hold = HoldBack(said.append)
    for line in f"#1 DONE\n{end}".splitlines(keepends=True):
        hold.feed(line)
    hold.end_well()
    assert "".join(said) == f"#1 DONE\n{shown}"
