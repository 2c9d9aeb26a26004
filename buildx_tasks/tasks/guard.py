"""The one place that turns expected failures into an exit status, and the decorator of all our tasks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from invoke.exceptions import Exit
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from buildx_tasks.errors import INTERRUPTED, BuildxTasksError


class GuardedTask(Task):  # type: ignore[type-arg]
    """A task whose `BuildxTasksError` becomes one message and an exit status; any other exception is a bug."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except BuildxTasksError as error:
            raise Exit(str(error), error.exit_code) from error
        except KeyboardInterrupt:
            raise Exit("interrupted", INTERRUPTED) from None


task: Callable[..., Any] = functools.partial(invoke_task, klass=GuardedTask, auto_shortflags=False)
"""`invoke.task` for our tasks: guarded, and without automatic short flags, which would hide core ones."""
