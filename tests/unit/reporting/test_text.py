from __future__ import annotations

import io
from dataclasses import replace

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, Because, BuildRequest
from buildx_tasks.model.result import BUILT, FAILED, ArtifactResult, Failure, Results
from buildx_tasks.reporting.failures import detail_lines
from buildx_tasks.reporting.text import TextReporter

APP = BuildRequest(image="app", tool=Because(BUILDX, ""))
STEP = BuildStep(artifact=Artifact(image="app"), tag="app:1", request=APP)
OTHER = BuildStep(artifact=Artifact(image="other"), tag="other:1", request=replace(APP, image="other"))
PLAN = BuildPlan(steps=(STEP, OTHER), concurrency=1)
FAILURE = Failure(
    message="RUN false (Dockerfile:2) ended with exit code 1",
    step="[2/2] RUN false",
    tail=("one", "two"),
    place="Dockerfile:2",
    source=("   1 |     FROM busybox", "   2 | >>> RUN false"),
)
RESULT = ArtifactResult(image="app", tag="app:1", status=FAILED, failure=FAILURE)


def test_a_failed_step_its_last_lines_and_its_source() -> None:
    assert detail_lines(RESULT) == [
        "",
        "[app] [2/2] RUN false",
        "  one",
        "  two",
        "  Dockerfile:2",
        "     1 |     FROM busybox",
        "     2 | >>> RUN false",
    ]


def test_dockers_own_words_when_they_have_more_to_tell() -> None:
    failure = Failure(message="localhost:5000 refuses", words="failed to push\nand more")
    result = ArtifactResult(image="app", tag="app:1", status=FAILED, failure=failure)
    assert detail_lines(result) == ["", "[app]", "  failed to push", "  and more"]


def test_nothing_to_show_is_no_line() -> None:
    result = ArtifactResult(image="app", tag="app:1", status=FAILED, failure=Failure(message="it failed"))
    assert detail_lines(result) == []


def shown(reporter: TextReporter, *steps: BuildStep) -> str:
    """What the report of the failed build adds, after these builds drew on the screen."""
    assert isinstance(reporter.stream, io.StringIO)
    reporter.wants_terminal(PLAN)
    for step in steps:
        reporter.output(step, "drawing\n")
    before = reporter.stream.tell()
    reporter.results(Results(builds=(RESULT, ArtifactResult(image="other", tag="other:1", status=BUILT))))
    return reporter.stream.getvalue()[before:]


def test_what_docker_has_just_drawn_is_not_shown_again() -> None:
    assert "[app]" not in shown(TextReporter(io.StringIO(), terminal=True), STEP)


def test_what_scrolled_away_is_shown_again() -> None:
    assert "[app] [2/2] RUN false" in shown(TextReporter(io.StringIO(), terminal=True), STEP, OTHER)


def test_lines_in_a_log_are_shown_last() -> None:
    text = shown(TextReporter(io.StringIO()), OTHER, STEP)
    assert text.index(" - other ->") < text.index("[app] [2/2] RUN false")
