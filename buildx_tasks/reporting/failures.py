"""Failed builds as text: the step with its last lines and its source, and the list that a run ends with."""

from __future__ import annotations

from buildx_tasks.model.result import ArtifactResult, Failure, Results
from buildx_tasks.reporting.paint import BAD, FAINT, HEAD, Painter

PLAIN = Painter()


def detail_lines(build: ArtifactResult, painter: Painter = PLAIN) -> list[str]:
    """What a failed build printed last, as indented lines under the artifact's name; none when nothing is known."""
    failure = build.failure
    if failure is None:
        return []
    lines = [f"  {line}" for line in failure.tail]
    if failure.source:
        lines += [f"  {painter.link(failure.place, failure.file)}"]
        lines += [f"  {painter.paint(line, BAD if '>>>' in line else FAINT)}" for line in failure.source]
    lines += [f"  {line}" for line in failure.words.splitlines() if line.strip()]
    name = painter.paint(f"[{build.image}]", HEAD)
    return ["", f"{name} {failure.step}".rstrip(), *lines] if lines else []


def failures_text(results: Results, painter: Painter = PLAIN) -> str:
    """Every failure in a line with its place, each followed by what to run next and where its log is."""
    lines: list[str] = []
    if results.failure is not None:
        lines += [text for text in (results.failure.message, results.failure.hint) if text]
    for build in results.failed:
        if build.failure is not None:
            failed = painter.paint(f"build [{build.image}] failed", BAD)
            lines.append(f"{failed}: {_with_link(build.failure, painter)}")
            lines += [build.failure.hint] if build.failure.hint else []
            lines += [f"the whole log:  {build.failure.log_command}"] if build.failure.log_command else []
    return "\n".join(lines)


def _with_link(failure: Failure, painter: Painter) -> str:
    """The message, with the place as a link; a place that the message does not have comes first."""
    place = painter.link(failure.place, failure.file)
    if not failure.place:
        return failure.message
    if failure.place in failure.message:
        return failure.message.replace(failure.place, place)
    return f"{place}: {failure.message}"
