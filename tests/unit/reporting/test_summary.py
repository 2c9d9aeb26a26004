"""The end of a run in words and numbers."""

from __future__ import annotations

import pytest

from buildx_tasks.model.outcome import outcome
from buildx_tasks.model.result import (
    BUILT,
    CACHED,
    FAILED,
    INTERRUPTED,
    NOT_STARTED,
    SKIPPED,
    ArtifactResult,
    Failure,
    Results,
)
from buildx_tasks.reporting.failures import failures_text
from buildx_tasks.reporting.paint import Painter
from buildx_tasks.reporting.summary import end_line, left_out_lines, reference_line, total_line
from buildx_tasks.reporting.words import counted, spent

PLAIN = Painter()
DIGEST = "sha256:" + "5" * 64


def result(image: str, status: str, **more: object) -> ArtifactResult:
    return ArtifactResult(image=image, tag=f"{image}:1", status=status, seconds=2.5, **more)  # type: ignore[arg-type]


def test_the_total_has_the_numbers_that_are_not_zero_in_a_fixed_order() -> None:
    statuses = [SKIPPED, NOT_STARTED, INTERRUPTED, FAILED, CACHED, BUILT, BUILT]
    results = Results(builds=tuple(result(str(at), status) for at, status in enumerate(statuses)))
    expected = "2 built, 1 unchanged, 1 failed, 1 interrupted, 1 not started, 1 skipped · 48 s"
    assert total_line(results, 48.2, PLAIN) == expected
    assert total_line(Results(builds=(result("a", CACHED),)), 0.31, PLAIN, separator="-") == "1 unchanged - 0.3 s"
    assert total_line(Results(builds=(result("a", BUILT),)), 1, Painter(colour=True)).startswith(
        "\x1b[32m1 built\x1b[0m"
    )


def test_the_line_of_each_build() -> None:
    failed = result("a", FAILED, failure=Failure(message="no luck"))
    assert end_line(result("a", BUILT), PLAIN, with_cause=True) == "Build [a] succeeded (2.5 s)"
    assert end_line(failed, PLAIN, with_cause=True) == "Build [a] failed: no luck (2.5 s)"
    assert end_line(failed, PLAIN, with_cause=False) == "Build [a] failed (2.5 s)"
    assert end_line(result("a", INTERRUPTED), PLAIN, with_cause=True) == "Build [a] interrupted (2.5 s)"
    assert end_line(result("a", SKIPPED), PLAIN, with_cause=True) == ""


def test_who_was_left_out_is_a_paragraph_for_each_cause() -> None:
    builds = [result(f"s{at}", SKIPPED, reason="x failed") for at in range(9)]
    builds += [result("web", NOT_STARTED, reason="needs x"), result("api", NOT_STARTED, reason="needs x")]
    results = Results(builds=tuple(builds))
    assert left_out_lines(results)[0] == "Not started (needs x): web, api"
    assert left_out_lines(results, 30)[2:] == ["Skipped (x failed): s0, s1,", "  s2, s3, s4, s5, s6, s7, s8"]
    assert left_out_lines(Results()) == []


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (0, f" - a -> r/a:1@{DIGEST} (1 of 2 steps cached)"),
        (120, f" - a -> r/a:1@{DIGEST} (1 of 2 steps cached)"),
        (80, " - a -> r/a:1@sha256:555555555555... (1 of 2 steps cached)"),
    ],
)
def test_a_digest_is_whole_where_there_is_room(width: int, shown: str) -> None:
    assert reference_line(result("a", BUILT, reference=f"r/a:1@{DIGEST}", steps=2, cached_steps=1), width) == shown


def test_failures_have_their_place_their_hint_and_where_the_log_is() -> None:
    inside = Failure(
        message="RUN x (a/Dockerfile:3) ended", place="a/Dockerfile:3", file="/p/a/Dockerfile", hint="do y"
    )
    outside = Failure(message="no such thing", place="b/Dockerfile:1", log_command="docker buildx history logs r")
    builds = (result("a", FAILED, failure=inside), result("b", FAILED, failure=outside), result("c", BUILT))
    results = Results(builds=builds, interrupted=True)
    expected = [
        "build [a] failed: RUN x (a/Dockerfile:3) ended",
        "do y",
        "build [b] failed: b/Dockerfile:1: no such thing",
        "the whole log:  docker buildx history logs r",
    ]
    assert failures_text(results).splitlines() == expected
    error = outcome(results, strict=False, describe=failures_text)
    assert str(error).splitlines() == [*expected, "interrupted: the running builds were stopped"]
    linked = failures_text(results, Painter(links=True))
    assert linked.count("file:///p/a/Dockerfile\x1b\\a/Dockerfile:3\x1b") == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (2.46, "2.5 s"), (9.96, "10 s"), (48.2, "48 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s")],
)
def test_times(seconds: float, text: str) -> None:
    assert spent(seconds) == text


def test_numbers() -> None:
    assert [counted(number, "artifact") for number in (0, 1, 2)] == ["0 artifacts", "1 artifact", "2 artifacts"]
