"""One build run as the tasks drive it: from Invoke's context to a plan, results, files and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from invoke.context import Context

from buildx_tasks.errors import CannotStart, Interrupted, WorkFailed
from buildx_tasks.execution import pipeline as session
from buildx_tasks.execution.files import check_writable, write_atomic
from buildx_tasks.execution.world import World
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.result import Results
from buildx_tasks.model.settings import PLAIN, TTY, Settings
from buildx_tasks.reporting.buildjson import record_json
from buildx_tasks.reporting.text import Silent, TextReporter, failures_text
from buildx_tasks.tasks.console import print_aside, print_warning, settings_from
from buildx_tasks.tasks.outputoptions import OutputOptions
from buildx_tasks.tasks.runcontext import RunContext


def begin(c: Context, context: RunContext, flags: Mapping[str, object]) -> Run:
    """A run in `context`: settings from flags and their surroundings, Invoke's own core flags honoured.

    ``--hide`` hides build output, ``--pty`` draws on a terminal; the context knows of ``--dry``, ``--echo`` and
    ``--command-timeout``.
    """
    options = c.config.run
    world, tell = context.world, context.world.notify

    def settle(block: Mapping[str, object], file: str) -> Settings:
        return settings_from(
            c, flags, environ=world.environ, home=world.home, buildx_block=block, block_file=file, warn=tell
        )

    on_screen = sys.stdout.isatty()
    reporter = TextReporter(
        sys.stdout,
        terminal=bool(options.pty) or on_screen,
        board=on_screen and world.environ.get("TERM") not in (None, "", "dumb"),
        hidden=options.hide in (True, "both", "out", "stdout"),
        environ=world.environ,
    )
    return Run(settle=settle, context=context, reporter=reporter)


@contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    """Let SIGTERM and SIGHUP, by which CI services cancel, end a build as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    ours = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A quiet run leaves standard output to the JSON; warnings and errors always go to standard error."""

    settle: session.Settle
    context: RunContext
    reporter: TextReporter

    @property
    def wanted(self) -> OutputOptions:
        """What to show and to write."""
        return self.context.wanted

    @property
    def quiet(self) -> bool:
        """Whether only the JSON is shown."""
        return self.wanted.quiet

    @property
    def dry_run(self) -> bool:
        """Whether nothing is built or written."""
        return self.wanted.dry_run

    @property
    def world(self) -> World:
        """Where the run happens."""
        return self.context.world

    def plan(self) -> tuple[Settings, BuildPlan]:
        """The settings and the plan, with its warnings shown; under ``--strict`` they are errors."""
        settings, plan = session.prepare(self.settle, self.world, building=not self.dry_run, asked=self.context.asked)
        self._warn(settings, plan.warnings)
        if not self.quiet:
            for text in plan.notes:
                print_aside(f"note: {text}")
        return settings, plan

    def show_tags(self, plan: BuildPlan) -> None:
        """The tags, as the first thing a user sees."""
        if not self.quiet:
            self.reporter.tags(plan.tags)

    def bake(self, plan: BuildPlan) -> None:
        """Print the plan as a bake file, and on standard error what to do with it."""
        from buildx_tasks.reporting.bake import bake_json

        text, notes = bake_json(plan, str(self.world.cwd))
        sys.stdout.write(text)
        for note in notes:
            print_aside(note)

    def tags(self) -> tuple[Settings, Results]:
        """A dry run: the tags, and nothing done. Under ``--strict`` a policy that failed is an error."""
        settings, tags, results = session.prepare_tags(self.settle, self.world)
        self._warn(settings, tags.warnings)
        if not self.quiet:
            self.reporter.tags(tuple(tags.references.items()))
            self.reporter.line("Skipping build phase since --dry-run=true")
        return settings, Results(builds=results)

    def _warn(self, settings: Settings, warnings: Sequence[str]) -> None:
        if settings.strict and warnings:
            raise CannotStart("\n".join(warnings), "--strict makes every warning an error")
        for text in warnings:
            print_warning(text)

    def build(self, settings: Settings, plan: BuildPlan) -> Results:
        """Build, and show what came out."""
        self.reporter.interleaved = settings.progress == PLAIN
        if settings.progress == TTY and not self.reporter.terminal and not self.quiet:
            raise CannotStart(
                f"progress is tty ({settings.origins['progress']}), and standard output is no terminal",
                "leave it out, or:  --progress plain",
            )
        with _ended_like_interrupted():
            results = session.build(settings, self.world, plan, Silent() if self.quiet else self.reporter)
        if self.wanted.metadata_output:
            results = session.with_record(results, self.world, plan)
        if self.quiet:
            endings = TextReporter(sys.stderr)
            for failed in results.failed:
                endings.ending(failed)
        else:
            self.reporter.results(results)
        for result in results.builds:
            for text in result.warnings:
                print_warning(text)
        return results

    def write(self, results: Results) -> None:
        """Write the result files, also when something failed."""
        if self.wanted.file_output:
            write_atomic(self.world.cwd / self.wanted.file_output, self.wanted.text(results).encode())
        if self.wanted.metadata_output:
            write_atomic(self.world.cwd / self.wanted.metadata_output, record_json(results).encode())

    def check_files(self) -> None:
        """Raise `CannotStart` for result files that can't be written, before anything is built."""
        names = [name for name in (self.wanted.file_output, self.wanted.metadata_output) if name]
        if len(names) > len({os.path.realpath(self.world.cwd / name) for name in names}):
            raise CannotStart(f"file-output and metadata-output are both {names[0]}", "give each a file of its own")
        for name in names:
            check_writable(self.world.cwd / name)

    def finish(self, settings: Settings, results: Results) -> None:
        """Print the JSON of ``--quiet``, and end with the right status."""
        if self.quiet:
            text = self.wanted.text(results)
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        if results.interrupted:
            raise Interrupted("interrupted: the running builds were stopped")
        if not results.ok:
            raise WorkFailed(failures_text(results))
        said = [text for build in results.builds for text in build.warnings]
        if settings.strict and said:
            raise WorkFailed("\n".join(said), "--strict makes every warning an error")
