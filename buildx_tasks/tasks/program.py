"""The same tasks without a ``tasks.py``: ``buildx-tasks schema.validate``."""

from __future__ import annotations

from invoke.program import Program

from buildx_tasks import __version__
from buildx_tasks.tasks import namespace


def main() -> None:
    """Run the command line; the entry point of ``buildx-tasks``."""
    Program(name="buildx-tasks", binary="buildx-tasks", namespace=namespace(), version=__version__).run()
