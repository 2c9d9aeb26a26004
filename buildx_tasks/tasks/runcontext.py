"""Where a task runs, made first and with little imported: docker is being asked while the rest is loading."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context

from buildx_tasks.execution.config.envfile import load_environment_file
from buildx_tasks.execution.docker.remotebuilders import RemoteBuilders
from buildx_tasks.model.layers import Layer, environment_layer
from buildx_tasks.model.mask import Mask
from buildx_tasks.model.secrets import masked_word
from buildx_tasks.tasks.calling import hide
from buildx_tasks.tasks.console import once, print_aside, print_note, print_warning
from buildx_tasks.tasks.defaults import invoke_layer
from buildx_tasks.tasks.outputoptions import SILENT, OutputOptions

if TYPE_CHECKING:
    from buildx_tasks.execution.docker.probe import Questions
    from buildx_tasks.execution.pipeline import Run
    from buildx_tasks.execution.world import World
    from buildx_tasks.model.command import Command


@dataclass(frozen=True, kw_only=True, slots=True)
class RunContext:
    """What Invoke's context says of a run: where it happens, its output, and the settings of Invoke's config.

    `questions` are those that docker is being asked, None when no docker is needed. `hidden` and `terminal` are
    ``--hide`` of standard output and ``--pty``. `warned` collects the warnings that the world's `notify` shows.
    """

    world: World
    output: OutputOptions
    invoke: Layer
    questions: Questions | None = None
    hidden: bool = False
    terminal: bool = False
    warned: list[str] = field(default_factory=list)

    @classmethod
    def from_invoke(
        cls,
        c: Context,
        output: Callable[[Mapping[str, str]], OutputOptions] = lambda _environ: SILENT,
        *,
        asking: bool | None = None,
        builder: object = None,
    ) -> RunContext:
        """The world around us, ``skaffold.env`` included, with a runner that honours Invoke's core flags.

        ``--dry`` is a dry run, ``--echo`` shows every build command, and ``--command-timeout`` bounds every command.
        `output` makes the output options, given the environment; docker is asked unless that is a dry run, or as
        `asking` says. `builder` is the one that a flag names.
        """
        options = c.config.run
        cwd, home = Path.cwd(), Path.home()
        warned: list[str] = []

        def warn(text: str) -> None:
            warned.append(text)
            print_warning(text)

        notify = once(warn)
        environ = load_environment_file(cwd, os.environ, notify)
        hide(Mask.of(environ))
        chosen = output(environ)
        chosen = replace(chosen, dry_run=chosen.dry_run or bool(options.dry))
        asking = not chosen.dry_run if asking is None else asking
        remote = RemoteBuilders(environ, str(home))
        if asking:
            # Not for certain the one that is wanted: no config has been read yet.
            remote.expect(str(builder or environment_layer(environ).values.get("builder") or ""))

        from buildx_tasks.execution.docker.probe import ask
        from buildx_tasks.execution.shell import ShellRunner
        from buildx_tasks.execution.verdicts import VerdictCache
        from buildx_tasks.execution.world import World

        runner = ShellRunner(environ, echo=_echo if options.echo else None, timeout=c.config.timeouts.command)
        return cls(
            world=World(
                environ=environ,
                cwd=cwd,
                home=home,
                now=datetime.now(UTC).astimezone(),
                runner=runner,
                notify=notify,
                hide=lambda values: hide(Mask().with_values(values)),
                note=(lambda _text: None) if chosen.quiet else print_note,
            ),
            output=chosen,
            invoke=invoke_layer(c, environ),
            questions=ask(runner, environ, str(home), VerdictCache.of(environ), remote) if asking else None,
            hidden=options.hide in (True, "both", "out", "stdout"),
            terminal=bool(options.pty),
            warned=warned,
        )

    def run(self, flags: Mapping[str, object]) -> Run:
        """The run for `flags`: settings by key, None for those that were not given."""
        from buildx_tasks.execution.cluster.kube import KubeConfigs
        from buildx_tasks.execution.config.layers import SettingsSources
        from buildx_tasks.execution.pipeline import Run

        world = self.world
        kube = KubeConfigs(world.environ, world.home, world.notify)
        sources = SettingsSources(flags=flags, environ=world.environ, home=world.home, kube=kube, others=(self.invoke,))
        return Run(sources, world, self.questions)


def _echo(command: Command) -> None:
    print_aside(shlex.join(map(masked_word, command.argv)))
