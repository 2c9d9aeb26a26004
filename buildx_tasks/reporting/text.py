"""A build as text, line by line as it happens: Skaffold's own lines, so that nobody has to relearn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TextIO

from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.result import BUILT, CACHED, ArtifactResult, Results
from buildx_tasks.reporting.failures import detail_lines
from buildx_tasks.reporting.log import Blocks, Lines, LogLayout, marks_for
from buildx_tasks.reporting.paint import Painter
from buildx_tasks.reporting.summary import end_line, left_out_lines, reference_line, total_line
from buildx_tasks.reporting.words import counted

SEPARATOR = "·"


class TextReporter:
    """Shows a run on `stream`.

    `terminal` says that `stream` is one, and `board` that rows can be drawn on it; `hidden` leaves out the builds'
    own output; `service` is the CI service that reads it (see `model.ciservice`). `interleaved` shows parallel builds
    line by line. `painter` writes in colour. The time of the run counts from here.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        terminal: bool = False,
        board: bool = False,
        hidden: bool = False,
        service: str = "",
        painter: Painter | None = None,
    ) -> None:
        self.stream = stream
        self.painter = painter or Painter()
        self.begun = time.monotonic()
        self.terminal = terminal
        self.board = board
        self.hidden = hidden
        self.interleaved = False
        self.parallel = False
        self.drawing = False
        self.drawn = ""
        self.unended = False
        self.layout: LogLayout = Blocks(stream)
        self.write_for(service)

    def write_for(self, service: str) -> None:
        """Mark the blocks of a log as this CI service folds them; before anything is shown."""
        self.layout = Blocks(self.stream, marks_for("" if self.hidden else service))

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
            number = len(plan.steps)
            batched = sum(len(batch) for batch in plan.batches)
            at_once = "in parallel" if number <= plan.concurrency else f"in parallel, {plan.concurrency} at a time"
            together = f", {batched} of them by {counted(len(plan.batches), 'bake')}" if batched else ""
            self.line(f"Building {counted(number, 'artifact')} {at_once}{together}")
        if self.parallel and not self.hidden:
            self._share()

    def _share(self) -> None:
        """Take the layout in which several builds share the stream; only a board needs rich."""
        if self.interleaved:
            self.layout = Lines(self.stream)
        elif self.board:
            from buildx_tasks.reporting.board import Board

            self.layout = Board(self.stream, colour=self.painter.colour)

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
        self.layout.end(step.image, end_line(result, self.painter, with_cause=self.parallel))

    def close(self) -> None:
        """Show what was held back, and take down what was drawn."""
        self.layout.close()

    def wants_terminal(self, plan: BuildPlan) -> bool:
        """Raw terminal output only where one build has the terminal for itself."""
        self.drawing = self.terminal and not self.hidden and plan.concurrency == 1
        return self.drawing

    def results(self, results: Results) -> None:
        """What came out: every reference, how each failed build ended, and the numbers of the run."""
        for build in results.builds:
            if build.status in (BUILT, CACHED):
                self.line(reference_line(build, self.painter.width))
        for text in left_out_lines(results, self.painter.width):
            self.line(text)
        for build in results.failed:
            if not self._on_screen(build):
                self.details(build)
        if results.builds:
            seconds = time.monotonic() - self.begun
            self.line("")
            self.line(total_line(results, seconds, self.painter, separator=self._separator()))

    def details(self, build: ArtifactResult) -> None:
        """How a failed build ended: the step, the last lines it printed, its source, and docker's own words."""
        for line in detail_lines(build, self.painter):
            self.line(line)

    def _separator(self) -> str:
        try:
            SEPARATOR.encode(getattr(self.stream, "encoding", None) or "utf-8")
        except (UnicodeEncodeError, LookupError):
            return "-"
        return SEPARATOR

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
