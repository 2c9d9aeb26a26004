"""A build as text, line by line as it happens: Skaffold's own lines, so that nobody has to relearn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.result import BUILT, CACHED, FAILED, SKIPPED, ArtifactResult, Results
from buildx_tasks.reporting.board import Board
from buildx_tasks.reporting.layout import Blocks, Layout, Lines, marks_for


class TextReporter:
    """Shows a run on `stream`.

    `terminal` says that `stream` is one, and `board` that rows can be drawn on it; `hidden` leaves out the builds'
    own output; `environ` tells of the CI service that reads it. `interleaved` shows parallel builds line by line.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        terminal: bool = False,
        board: bool = False,
        hidden: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.stream = stream
        self.terminal = terminal
        self.board = board
        self.hidden = hidden
        self.interleaved = False
        self.parallel = False
        self.drawing = False
        self.drawn = ""
        self.unended = False
        self.layout: Layout = Blocks(stream, marks_for({} if hidden else environ or {}))

    def tags(self, tags: Sequence[tuple[str, str]]) -> None:
        """The final references of all selected artifacts, by image name."""
        self.line("Generating tags..." if tags else "No tags generated")
        for image, tag in tags:
            self.line(f" - {image} -> {tag}")

    def started(self, plan: BuildPlan) -> None:
        """The start of all builds."""
        self.line("Starting build...")
        if plan.local_context:
            self.line(f"Found [{plan.local_context}] context, using local docker daemon.")
        self.parallel = plan.concurrency > 1 and len(plan.steps) > 1
        if self.parallel:
            self.line(f"Building {plan.concurrency} artifacts in parallel")
        if self.parallel and (self.interleaved or self.board) and not self.hidden:
            self.layout = Lines(self.stream) if self.interleaved else Board(self.stream)

    def building(self, step: BuildStep) -> None:
        """The start of one build."""
        platforms = [f"Target platforms: [{','.join(step.platforms)}]"] if step.platforms else []
        self.layout.begin(step.image, [f"Building [{step.image}]...", *platforms])

    def output(self, step: BuildStep, text: str) -> None:
        """Build output."""
        if not self.hidden:
            self.drawn = step.image if self.drawing else ""
            self.unended = self.drawing and not text.endswith("\n")
            self.layout.write(step.image, text)

    def message(self, text: str) -> None:
        """Output that belongs to no artifact."""
        self.layout.message(text)

    def finished(self, step: BuildStep, result: ArtifactResult) -> None:
        """The end of one build."""
        if self.unended:
            self.layout.write(step.image, "\n")
            self.unended = False
        line = ""
        if result.status in (BUILT, CACHED):
            line = f"Build [{step.image}] succeeded"
        elif result.status == FAILED:
            why = f": {result.failure.message}" if self.parallel and result.failure else ""
            line = f"Build [{step.image}] failed{why}"
        elif result.status == SKIPPED:
            line = f"Build [{step.image}] was canceled"
        self.layout.end(step.image, line)

    def close(self) -> None:
        """Show what was held back, and take down what was drawn."""
        self.layout.close()

    def wants_terminal(self, plan: BuildPlan) -> bool:
        """Raw terminal output only where one build has the terminal for itself."""
        self.drawing = self.terminal and not self.hidden and plan.concurrency == 1
        return self.drawing

    def results(self, results: Results) -> None:
        """What came out: every reference, then how every failed build ended."""
        for build in results.builds:
            if build.status in (BUILT, CACHED):
                self.line(f" - {build.image} -> {build.reference}{_cache_note(build)}")
        for build in results.failed:
            if not self._on_screen(build):
                self.ending(build)

    def ending(self, build: ArtifactResult) -> None:
        """The end of a failed build: the step, the last lines it printed, its source, and docker's own words."""
        for line in ending_lines(build):
            self.line(line)

    def line(self, text: str) -> None:
        """One line of its own."""
        self.layout.message(f"{text}\n")

    def _on_screen(self, build: ArtifactResult) -> bool:
        """Whether docker itself has just shown how this build ended, as it does when it draws on a terminal."""
        return self.drawn == build.image


class Silent:
    """An observer that shows nothing, for ``--quiet`` and the Python API."""

    def started(self, plan: BuildPlan) -> None:
        """Nothing."""

    def building(self, step: BuildStep) -> None:
        """Nothing."""

    def output(self, step: BuildStep, text: str) -> None:
        """Nothing."""

    def message(self, text: str) -> None:
        """Nothing."""

    def finished(self, step: BuildStep, result: ArtifactResult) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def wants_terminal(self, plan: BuildPlan) -> bool:
        """Never."""
        del plan
        return False


def ending_lines(build: ArtifactResult) -> list[str]:
    """How a failed build ended, as indented lines under the artifact's name; none when there is nothing to show."""
    failure = build.failure
    if failure is None:
        return []
    lines = [f"  {line}" for line in failure.tail]
    if failure.source:
        lines += [f"  {failure.place}", *(f"  {line}" for line in failure.source)]
    lines += [f"  {line}" for line in failure.words.splitlines() if line.strip()]
    head = f"[{build.image}] {failure.step}" if failure.step else f"[{build.image}]"
    return ["", head, *lines] if lines else []


def _cache_note(build: ArtifactResult) -> str:
    if build.status == CACHED:
        return " (nothing changed)"
    return f" ({build.cached_steps} of {build.steps} steps cached)" if build.steps else ""
