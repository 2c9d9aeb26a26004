"""Who watches a run: the executor tells what happens, a reporter shows it."""

from __future__ import annotations

from typing import Protocol

from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.result import ArtifactResult


class Observer(Protocol):
    """Called from the threads that build; an implementation serialises what it shows."""

    def started(self, plan: BuildPlan) -> None:
        """The first build is about to start."""

    def building(self, step: BuildStep) -> None:
        """One artifact's build starts."""

    def output(self, step: BuildStep, text: str) -> None:
        """Output of a build: whole lines, or raw pieces when `wants_terminal`."""

    def message(self, text: str) -> None:
        """Output that belongs to no artifact, such as that of hooks around all builds."""

    def finished(self, step: BuildStep, result: ArtifactResult) -> None:
        """One artifact is done, failed or left out."""

    def close(self) -> None:
        """The run is over, however it ended: nothing more comes."""

    def wants_terminal(self, plan: BuildPlan) -> bool:
        """Whether builds should draw on a terminal; only ever true when one runs at a time."""
