"""A run as JUnit XML, which every CI service shows: a test case for each artifact.

Elements and attributes are those that Jenkins' schema (junit-10.xsd) and Maven Surefire have in common.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from buildx_tasks.model.command import without_colour
from buildx_tasks.model.result import (
    CACHED,
    FAILED,
    INTERRUPTED,
    NOT_STARTED,
    SKIPPED,
    ArtifactResult,
    Failure,
    Results,
)

SUITE = "buildx.build"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Results, seconds: float) -> str:
    """The document of a run that took `seconds`.

    A failed build is a failure, an interrupted one an error, and one that was left out is skipped, with the reason. A
    run that failed outside of its builds, in a hook or before the first one, has a case of its own.
    """
    cases = [_case(build) for build in results.builds]
    failures = sum(build.status == FAILED for build in results.builds)
    errors = sum(build.status == INTERRUPTED for build in results.builds)
    if results.failure or (results.interrupted and not errors):
        cases.append(_run_case(results.failure or Failure(message="interrupted")))
        errors += 1
    skipped = sum(build.status in (NOT_STARTED, SKIPPED) for build in results.builds)
    counts = {"tests": len(cases), "failures": failures, "errors": errors}
    suites = _attributes({"name": SUITE, **counts, "time": f"{seconds:.3f}"})
    suite = _attributes({"name": SUITE, **counts, "skipped": skipped, "time": f"{seconds:.3f}"})
    body = "".join(cases)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites{suites}>\n'
        f"  <testsuite{suite}>\n{body}  </testsuite>\n</testsuites>\n"
    )


def _case(build: ArtifactResult) -> str:
    attributes = {"classname": SUITE, "name": build.image, "time": f"{build.seconds:.3f}"}
    return f"    <testcase{_attributes(attributes)}>\n{_outcome(build)}{_output(build)}    </testcase>\n"


def _outcome(build: ArtifactResult) -> str:
    if build.failure and build.status == FAILED:
        return _element("failure", build.failure.message, build.failure.id or "build-failed", _details(build.failure))
    if build.status == FAILED:
        return _element("failure", "failed", "build-failed", ())
    if build.status == INTERRUPTED:
        return _element("error", "interrupted", INTERRUPTED, ())
    if build.status in (NOT_STARTED, SKIPPED):
        return _element("skipped", build.reason or build.status, build.status, ())
    return ""


def _run_case(failure: Failure) -> str:
    case = _attributes({"classname": SUITE, "name": "the run itself", "time": "0.000"})
    return (
        f"    <testcase{case}>\n{_element('error', failure.message, 'run-failed', _details(failure))}    </testcase>\n"
    )


def _details(failure: Failure) -> Sequence[str]:
    """What a person needs to repair it: the place, the hint, and what was printed last."""
    parts = [failure.place, failure.message, failure.hint, failure.step, *failure.tail, *failure.source, failure.words]
    parts += [f"the whole log:  {failure.log_command}"] if failure.log_command else []
    return [part for part in parts if part]


def _output(build: ArtifactResult) -> str:
    lines = [build.reference, "nothing changed" if build.status == CACHED else ""]
    lines += [f"{build.cached_steps} of {build.steps} steps cached"] if build.steps else []
    lines += build.warnings
    text = "\n".join(line for line in lines if line)
    return f"      <system-out>{escape(_clean(text))}</system-out>\n" if text else ""


def _element(name: str, message: str, kind: str, details: Sequence[str]) -> str:
    text = escape(_clean("\n".join(details)))
    return f"      <{name}{_attributes({'message': message, 'type': kind})}>{text}</{name}>\n"


def _attributes(values: Mapping[str, object]) -> str:
    return "".join(f" {name}={quoteattr(_clean(str(value)))}" for name, value in values.items())


def _clean(text: str) -> str:
    """`text` without colours; characters that XML 1.0 can't have are replaced."""
    return _NOT_XML.sub("\ufffd", without_colour(text))
