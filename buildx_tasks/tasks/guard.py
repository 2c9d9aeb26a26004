"""The one place that turns expected failures into an exit status, and the decorator of all our tasks."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from buildx_tasks.errors import INTERRUPTED, BuildxTasksError, CannotStart

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
        raise _not_for_invoke()


def _not_for_invoke() -> CannotStart:
    return CannotStart(
        "-f names a configuration of Invoke's own, and this is a config of Skaffold's",
        "name it with  --filename FILE",
    )


@functools.cache
def explain_several_documents() -> None:
    """Say the same of a config with several documents, at which Invoke ends with a traceback before any task runs."""
    before = sys.excepthook

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        loading = any(frame.f_code.co_name == "load_runtime" for frame, _line in traceback.walk_tb(trace))
        if not loading or kind.__name__ != "ComposerError" or "skaffold/" not in _first_line(error):
            before(kind, error, trace)
            return
        refusal = _not_for_invoke()
        print(refusal, file=sys.stderr)
        _leave(refusal.exit_code)

    sys.excepthook = tell


def _first_line(error: BaseException) -> str:
    """The line where YAML's first document begins: the apiVersion, in all configs that are made by hand."""
    mark = getattr(error, "context_mark", None)
    try:
        return Path(mark.name).read_text(encoding="utf-8").splitlines()[mark.line] if mark else ""
    except (OSError, ValueError, IndexError):
        return ""


def _leave(code: int) -> None:
    """End with this status; a hook for exceptions has no other way to choose one."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _drop_output() -> None:
    """Let what is still unwritten go nowhere: who read our output (``| head``) is gone."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


task: Callable[..., Any] = functools.partial(invoke_task, klass=GuardedTask, auto_shortflags=False)
"""`invoke.task` for our tasks: guarded, and without automatic short flags, which would hide core ones."""
