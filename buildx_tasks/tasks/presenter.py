"""What the tasks that build or plan show and write of a run."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import partial

from buildx_tasks.errors import CannotStart, Interrupted, WorkFailed
from buildx_tasks.execution.files import check_writable, write_atomic
from buildx_tasks.execution.pipeline import PreparedRun, Run
from buildx_tasks.execution.reportfiles import in_workspace, write_reports
from buildx_tasks.execution.run.masked import mask_of_plan
from buildx_tasks.model.ciservice import ci_service
from buildx_tasks.model.outcome import outcome
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.result import Results
from buildx_tasks.model.settings import PLAIN, TTY, Settings
from buildx_tasks.model.taskname import task_command
from buildx_tasks.planning.tags.references import TagPlan
from buildx_tasks.reporting.buildjson import record_json
from buildx_tasks.reporting.cireports import CiReporter
from buildx_tasks.reporting.failures import failures_text
from buildx_tasks.reporting.mounts import mount_lines
from buildx_tasks.reporting.paint import Painter, painter_for
from buildx_tasks.reporting.summary import merged_line
from buildx_tasks.reporting.text import Silent, TextReporter
from buildx_tasks.tasks.calling import as_called, hide
from buildx_tasks.tasks.console import print_aside, print_warning
from buildx_tasks.tasks.runcontext import RunContext


@dataclass(frozen=True, kw_only=True, slots=True)
class Presenter:
    """A quiet run leaves standard output to the JSON; warnings and errors always go to standard error."""

    context: RunContext
    reporter: TextReporter
    reports: CiReporter
    unwritten: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: RunContext) -> Presenter:
        """The presenter of a run, which draws on a terminal and hides what ``--hide`` names."""
        on_screen, environ = sys.stdout.isatty(), context.world.environ
        reporter = TextReporter(
            sys.stdout,
            terminal=context.terminal or on_screen,
            board=on_screen and environ.get("TERM") not in (None, "", "dumb"),
            hidden=context.hidden,
            painter=painter_for(sys.stdout, environ),
        )
        reports = CiReporter(
            environ=environ,
            paths=context.output.reports,
            write=partial(write_reports, cwd=context.world.cwd),
            locate=partial(in_workspace, cwd=context.world.cwd, environ=environ),
            spelled=as_called,
            say=print_aside,
            warn=print_warning,
            warned=context.warned,
        )
        return cls(context=context, reporter=reporter, reports=reports)

    @property
    def quiet(self) -> bool:
        """Whether only the JSON is shown."""
        return self.context.output.quiet

    def dry_run(self, settings: Settings, tags: TagPlan, results: Results, plan: BuildPlan) -> None:
        """Show the tags and the cache mounts that are kept, and say that nothing is built.

        ``--file-output`` gets the plain tags, as Skaffold writes them.
        """
        self.check_files()
        if not self.quiet:
            self.reporter.tags(tuple(tags.references.items()))
            for text in (text for step in plan.steps for text in mount_lines(step)):
                self.reporter.line(f" - {text}")
            self.reporter.line("Skipping build phase since --dry-run=true")
        if self.context.output.file_output:
            self._write_file(self.context.output.file_output, self.context.output.text(results))
        self.finish(settings, results)

    def bake(self, plan: BuildPlan) -> None:
        """Print the plan as a bake file, and on standard error what to do with it."""
        from buildx_tasks.reporting.bake import bake_json

        text, notes = bake_json(plan, str(self.context.world.cwd), self.context.world.environ)
        sys.stdout.write(as_called(text))
        for note in notes:
            print_aside(note)

    def build(self, run: Run, prepared: PreparedRun) -> Results:
        """Build, and show what happens and what came out; the result files are written also when something failed.

        `finish` says which of them could not be written.
        """
        settings = prepared.settings
        self.reporter.interleaved = settings.progress == PLAIN
        self.reporter.write_for(ci_service(self.context.world.environ, settings.ci_service))
        if settings.progress == TTY and not self.reporter.terminal and not self.quiet:
            raise CannotStart(
                f"progress is tty ({settings.origins['progress']}), and standard output is not a terminal",
                "leave it out, or:  --progress plain",
            )
        hide(mask_of_plan(prepared.plan, self.context.world.environ))
        if not self.quiet:
            self.reporter.tags(prepared.plan.tags)
        results = run.build(prepared, Silent() if self.quiet else self.reporter)
        if self.context.output.metadata_output and not results.interrupted:
            results = run.with_record(results, prepared.plan)
        self.show(results)
        self._write(results)
        self.reports.results(results, settings.ci_service)
        return results

    def merged(self, settings: Settings, results: Results) -> None:
        """Show what was merged, and write the result files, but not of a dry run."""
        if not self.quiet:
            for build in results.builds:
                self.reporter.line(merged_line(build))
            if self.context.output.dry_run:
                self.reporter.line("No tag is set since --dry-run=true")
        if not self.context.output.dry_run:
            self._write(results)
            self.reports.results(results, settings.ci_service)

    def show(self, results: Results) -> None:
        """Show what came out; of a quiet run how builds failed, on standard error."""
        if self.quiet:
            details = TextReporter(sys.stderr, painter=self._painter_of_errors())
            for failed in results.failed:
                details.details(failed)
        else:
            self.reporter.results(results)
        for result in results.builds:
            for text in result.warnings:
                print_warning(text)

    def _write(self, results: Results) -> None:
        """Write the result files; a run that was interrupted before its first result leaves the one of another."""
        output = self.context.output
        if output.file_output and (not results.interrupted or any(build.ok for build in results.builds)):
            self._write_file(output.file_output, output.text(results))
        if output.metadata_output:
            self._write_file(output.metadata_output, as_called(record_json(results)), private=True)

    def _write_file(self, name: str, text: str, *, private: bool = False) -> None:
        """Work was done by now, so a file that can't be written fails that and hides nothing else."""
        try:
            write_atomic(self.context.world.cwd / name, text.encode(), private=private)
        except CannotStart as error:
            self.unwritten.append(error.message)

    def check_files(self) -> None:
        """Raise `CannotStart` for result files that can't be written, before anything is built."""
        cwd = self.context.world.cwd
        seen: dict[str, tuple[str, str]] = {}
        for option, name in self.context.output.files.items():
            other, first = seen.setdefault(os.path.realpath(cwd / name), (option, name))
            if other != option:
                raise CannotStart(f"{other} and {option} are both {first}", "give each a file of its own")
            check_writable(cwd / name)

    def check_partial(self, settings: Settings) -> None:
        """Raise `CannotStart` for a partial build whose result file a merge would not find, or could not read."""
        if not settings.partial:
            return
        output = self.context.output
        if output.template:
            raise CannotStart(
                "a partial build has no template: its result file is what buildx.merge reads",
                f"give the template to  {task_command('buildx.merge')}",
            )
        if not (output.file_output or output.quiet):
            raise CannotStart(
                "a partial build needs a result file, which buildx.merge reads", "name it:  --file-output part.json"
            )

    def finish(self, settings: Settings, results: Results) -> None:
        """Print the JSON of ``--quiet``, and end with the right status."""
        if self.quiet:
            text = self.context.output.text(results)
            sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        describe = partial(failures_text, painter=self._painter_of_errors())
        error = outcome(results, strict=settings.strict, describe=describe)
        unwritten = [*self.unwritten, *self.reports.unwritten]
        if not unwritten:
            if error:
                raise error
            return
        if isinstance(error, Interrupted):
            print_warning("\n".join(unwritten))
            raise error
        raise WorkFailed("\n".join([*([str(error)] if error else []), *unwritten]))

    def _painter_of_errors(self) -> Painter:
        return painter_for(sys.stderr, self.context.world.environ)
