"""The same tasks without a ``tasks.py``: ``buildx-tasks schema.validate``."""

from __future__ import annotations

from pathlib import Path

from invoke.program import Program

from buildx_tasks import __version__
from buildx_tasks.tasks import namespace


class OurProgram(Program):
    """A program whose tasks are built in, and which reads the folder's ``invoke.yaml`` all the same."""

    def parse_collection(self) -> None:
        """Invoke reads a project's config beside its ``tasks.py``; here the current folder stands for that."""
        self.config.set_project_location(str(Path.cwd()))
        self.config.load_project()
        super().parse_collection()


def main() -> None:
    """Run the command line; the entry point of ``buildx-tasks``."""
    OurProgram(name="buildx-tasks", binary="buildx-tasks", namespace=namespace(), version=__version__).run()
