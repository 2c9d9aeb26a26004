"""JUnit XML: any text can be read back, and the document has the shape that Jenkins' schema (junit-10.xsd) gives it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

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
from buildx_tasks.reporting.junit import junit_xml

COUNTS = {"name", "tests", "failures", "errors"}
SHAPE: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {*COUNTS, "time"}, {"testsuite"}),
    "testsuite": (
        COUNTS,
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}
"""Required attributes, other attributes and children of each element, by junit-10.xsd of Jenkins' xUnit plugin."""


def read(results: Results, seconds: float = 4.5) -> ET.Element:
    root = ET.fromstring(junit_xml(results, seconds))
    assert root.tag == "testsuites"
    check(root)
    return root


def check(element: ET.Element) -> None:
    required, others, children = SHAPE[element.tag]
    assert required <= set(element.attrib) <= required | others, element.tag
    assert re.fullmatch(r"\d+\.\d*", element.get("time", "0.0"))
    for child in element:
        assert child.tag in children
        check(child)


def result(image: str, status: str, **fields: object) -> ArtifactResult:
    return ArtifactResult(image=image, tag=f"{image}:1", status=status, **fields)  # type: ignore[arg-type]


def test_every_way_in_which_a_build_ends() -> None:
    failure = Failure(message="RUN ended", hint="look", id="step-failed", place="Dockerfile:2", tail=("last words",))
    root = read(
        Results(
            builds=(
                result("app", BUILT, reference="app:1@sha256:1", seconds=2.5, steps=4, cached_steps=3),
                result("same", CACHED, reference="same:1"),
                result("bad", FAILED, failure=failure),
                result("needy", NOT_STARTED, reason="needs bad"),
                result("rest", SKIPPED, reason="bad failed"),
                result("cut", INTERRUPTED, seconds=1.0),
            )
        )
    )
    (suite,) = root
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")] == [
        "6",
        "1",
        "1",
        "2",
        "4.500",
    ]
    cases = {str(case.get("name")): case for case in suite}
    assert cases["app"].get("time") == "2.500"
    assert cases["app"].findtext("system-out") == "app:1@sha256:1\n3 of 4 steps cached"
    assert cases["same"].findtext("system-out") == "same:1\nnothing changed"
    (failed,) = cases["bad"]
    assert (failed.tag, failed.get("message"), failed.get("type")) == ("failure", "RUN ended", "step-failed")
    assert failed.text == "Dockerfile:2\nRUN ended\nlook\nlast words"
    assert [item.get("message") for item in cases["needy"]] == ["needs bad"]
    assert [item.tag for item in cases["rest"]] == ["skipped"]
    assert [item.tag for item in cases["cut"]] == ["error"]


def test_a_run_that_failed_outside_of_its_builds() -> None:
    root = read(Results(failure=Failure(message="no builder ci", hint="create it")))
    (case,) = root[0]
    assert case.get("name") == "the run itself"
    assert case[0].get("message") == "no builder ci"
    assert root[0].get("errors") == "1"
    stopped = read(Results(interrupted=True, builds=(result("app", SKIPPED, reason="the run was interrupted"),)))
    assert [stopped[0].get(name) for name in ("tests", "errors", "skipped")] == ["2", "1", "1"]


def test_nothing_to_build_is_an_empty_suite() -> None:
    assert len(read(Results())[0]) == 0


@given(st.text(alphabet=st.characters()), st.text(alphabet="\x00\x1b[31m<&>\"']]>\ufffe\ud800"))
def test_any_text_makes_a_document(message: str, more: str) -> None:
    failure = Failure(message=message, tail=(more,), words=message + more)
    text = junit_xml(Results(builds=(result(message or "x", FAILED, failure=failure),)), 0.0)
    check(ET.fromstring(text.encode("utf-8")))


def test_characters_that_xml_can_have_are_kept_and_others_replaced() -> None:
    failure = Failure(message="a\x00b \x1b[31mred\x1b[0m <&\"'> ä\U0001f40b")
    root = read(Results(builds=(result("app", FAILED, failure=failure),)))
    assert root[0][0][0].get("message") == "a\ufffdb red <&\"'> ä\U0001f40b"
