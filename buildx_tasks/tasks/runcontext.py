"""Where a task runs, set up first and with little imported: docker is being asked while the rest is loading."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from invoke.context import Context

from buildx_tasks.execution.cache.verdicts import VerdictCache
from buildx_tasks.execution.config.envfile import load_environment_file
from buildx_tasks.execution.docker.probe import Questions, ask
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command
from buildx_tasks.tasks.console import once, print_aside, print_warning
from buildx_tasks.tasks.outputoptions import OutputOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class RunContext:
    """The world of a run, what is wanted of it, and what docker is being asked; None when no docker is needed."""

    world: World
    wanted: OutputOptions
    asked: Questions | None


def run_context(c: Context, want: Callable[[Mapping[str, str]], OutputOptions], *, asking: bool = False) -> RunContext:
    """The world around us, ``skaffold.env`` included, with a runner that honours Invoke's core flags.

    ``--dry`` is a dry run, ``--echo`` shows every build command, and ``--command-timeout`` bounds every command.
    `want` says what is wanted, given the environment; docker is asked unless that is a dry run, or with `asking`.
    """
    options = c.config.run
    cwd, home, tell = Path.cwd(), Path.home(), once(print_warning)
    environ = load_environment_file(cwd, os.environ, tell)
    wanted = want(environ)
    wanted = replace(wanted, dry_run=wanted.dry_run or bool(options.dry))
    runner = ShellRunner(environ, echo=_echo if options.echo else None, timeout=c.config.timeouts.command)
    _let_interrupts_end_questions(runner)
    return RunContext(
        world=World(
            environ=environ,
            cwd=cwd,
            home=home,
            now=datetime.now(UTC).astimezone(),
            runner=runner,
            notify=tell,
        ),
        wanted=wanted,
        asked=ask(runner, environ, str(home), VerdictCache.of(environ)) if asking or not wanted.dry_run else None,
    )


def _let_interrupts_end_questions(runner: ShellRunner) -> None:
    """Let Ctrl-C reach what docker is being asked in other threads, in a process group of its own.

    `guard` puts back the handler that was there before the task.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        runner.stop_asking()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)


def _echo(command: Command) -> None:
    print_aside(shlex.join(command.argv))
