"""The one place that turns expected failures into an exit status, and the decorator of all our tasks."""

from __future__ import annotations

import contextlib
import copy
import errno
import functools
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from buildx_tasks.errors import FAILED, INTERRUPTED, BuildxTasksError
from buildx_tasks.execution.signals import handled
from buildx_tasks.tasks.calling import as_called, called_with
from buildx_tasks.tasks.letters import not_for_invoke, refused, take_letters, with_nicknames

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing to a stream ends with that can take no more; files of a name have messages of their own."""
CLOSED_PIPE = 141
"""What a shell reports for a program that SIGPIPE ended."""


class GuardedTask(Task):  # type: ignore[type-arg]
    """A task whose `BuildxTasksError` becomes one message and an exit status; any other exception is a bug.

    `takes_letters` makes Skaffold's short flags work, in a program where they are not Invoke's.
    """

    takes_letters = False

    def __deepcopy__(self, memo: dict[int, Any]) -> GuardedTask:
        """A copy for another namespace. Invoke makes one of each task at every start, whatever is run.

        What is in the lists and mappings of a task is never changed, so they are copied and their content is not.
        """
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        new.__dict__.update(
            (name, copy.copy(value) if isinstance(value, dict | list) else value) for name, value in vars(self).items()
        )
        return new

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task as `_guarded` says, knowing the name by which it was called."""
        _write_whatever_comes()
        with called_with(getattr(args[0], "config", None) if args else None):
            return self._guarded(*args, **kwargs)

    def _guarded(self, *args: Any, **kwargs: Any) -> Any:
        try:
            with handled():
                take_letters(args[0] if args else None, kwargs)
                _refuse_skaffold_config(*args[:1])
                result = super().__call__(*args, **kwargs)
                sys.stdout.flush()
                _drop_what_is_refused(sys.stderr)
        except BrokenPipeError:
            _drop_output(sys.stdout)
            raise Exit(code=CLOSED_PIPE) from None
        except BuildxTasksError as error:
            _drop_what_is_refused(sys.stdout)
            _drop_what_is_refused(sys.stderr)
            raise Exit(as_called(str(error)), error.exit_code) from error
        except KeyboardInterrupt:
            raise Exit("interrupted", INTERRUPTED) from None
        except OSError as error:
            if error.errno not in FULL or error.filename is not None:
                raise
            _drop_output(sys.stdout)
            raise Exit(f"standard output can't be written: {error.strerror}", FAILED) from None
        return result

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """The task's own, and Skaffold's letters.

        Invoke takes each help text out of the task as it reads it; here a second reading finds them too.
        """
        help_ = dict(self.help)
        try:
            arguments = super().get_arguments(ignore_unknown_help)
        finally:
            self.help = help_
        return with_nicknames(arguments) if self.takes_letters else [*arguments, *refused(arguments)]


def _refuse_skaffold_config(c: Any = None) -> None:
    """``-f skaffold.yaml`` is right for Skaffold; for Invoke it names its own configuration, wherever it stands."""
    said = getattr(c, "config", {}).get("apiVersion", "")
    if isinstance(said, str) and said.startswith("skaffold/"):
        raise not_for_invoke()


def _write_whatever_comes() -> None:
    """Let standard output take what its encoding has no letters for, in the way that standard error does."""
    # Streams that the caller has closed: there is nobody to write to, and no reason not to work.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - lives as we do
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        keeps_bytes = sys.stdout.errors == "surrogateescape" and sys.stdout.encoding.lower().startswith("utf")
        if not keeps_bytes:
            sys.stdout.reconfigure(errors="backslashreplace")


def _drop_what_is_refused(stream: TextIO) -> None:
    """Write what is still unwritten, or drop it: Python would complain of it at its end, and change the status."""
    try:
        stream.flush()
    except OSError:
        _drop_output(stream)


def _drop_output(stream: TextIO) -> None:
    """Let what is still unwritten go nowhere: who read our output (``| head``) is gone."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


task: Callable[..., Any] = functools.partial(invoke_task, klass=GuardedTask, auto_shortflags=False)
"""`invoke.task` for our tasks: guarded, and without automatic short flags, which would hide core ones."""
