"""The one place that turns expected failures into an exit status, and the decorator of all our tasks."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from buildx_tasks.errors import INTERRUPTED, BuildxTasksError
from buildx_tasks.tasks.invokeconfig import not_for_invoke

CLOSED_PIPE = 141
"""What a shell reports for a program that SIGPIPE ended."""


class GuardedTask(Task):  # type: ignore[type-arg]
    """A task whose `BuildxTasksError` becomes one message and an exit status; any other exception is a bug."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            _refuse_skaffold_config(*args[:1])
            result = super().__call__(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_output()
            raise Exit(code=CLOSED_PIPE) from None
        except BuildxTasksError as error:
            raise Exit(str(error), error.exit_code) from error
        except KeyboardInterrupt:
            raise Exit("interrupted", INTERRUPTED) from None
        return result

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Invoke takes each help text out of the task as it reads it; here a second reading finds them too."""
        help_ = dict(self.help)
        try:
            return super().get_arguments(ignore_unknown_help)
        finally:
            self.help = help_


def _refuse_skaffold_config(c: Any = None) -> None:
    """``-f skaffold.yaml`` is right for Skaffold; for Invoke it names its own configuration, wherever it stands."""
    said = getattr(c, "config", {}).get("apiVersion", "")
    if isinstance(said, str) and said.startswith("skaffold/"):
        raise not_for_invoke()


def _drop_output() -> None:
    """Let what is still unwritten go nowhere: who read our output (``| head``) is gone."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


task: Callable[..., Any] = functools.partial(invoke_task, klass=GuardedTask, auto_shortflags=False)
"""`invoke.task` for our tasks: guarded, and without automatic short flags, which would hide core ones."""
