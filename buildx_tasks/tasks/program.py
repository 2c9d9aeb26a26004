"""The same tasks without a ``tasks.py``: ``buildx-tasks schema.validate``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from buildx_tasks import __version__
from buildx_tasks.errors import CANNOT_START
from buildx_tasks.tasks import namespace


class OurProgram(Program):
    """A program whose tasks are built in, and which reads the folder's ``invoke.yaml`` all the same."""

    def parse_collection(self) -> None:
        """Invoke reads a project's config beside its ``tasks.py``; here the current folder stands for that."""
        self.config.set_project_location(str(Path.cwd()))
        self.config.load_project()
        super().parse_collection()

    def parse_core_args(self) -> None:
        """Invoke ends with status 1 for what it can't parse; a start that is not possible is 2 everywhere else here."""
        with _no_start():
            super().parse_core_args()

    def parse_tasks(self) -> None:
        """As `parse_core_args`."""
        with _no_start():
            super().parse_tasks()


@contextmanager
def _no_start() -> Iterator[None]:
    try:
        yield
    except ParseError as error:
        raise Exit(str(error), CANNOT_START) from error


def main() -> None:
    """Run the command line; the entry point of ``buildx-tasks``."""
    OurProgram(name="buildx-tasks", binary="buildx-tasks", namespace=namespace(), version=__version__).run()
