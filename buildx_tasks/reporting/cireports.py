"""Which reports of a run are written where: those of the CI service, and those that options ask for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from buildx_tasks.errors import BuildxTasksError, Interrupted
from buildx_tasks.model.ciservice import GITHUB, ci_service
from buildx_tasks.model.reports import ReportFile, ReportPaths
from buildx_tasks.model.result import Failure, Results

if TYPE_CHECKING:
    from buildx_tasks.reporting.annotations import Locate

SUMMARY_LIMIT = 1024 * 1024 - 1024
"""Bytes of ``$GITHUB_STEP_SUMMARY``: GitHub refuses more than 1 MiB from one step."""
DOTENV_LIMIT = 5 * 1024
DOTENV_VARIABLES = 50
"""What GitLab takes of a dotenv report by default: bytes, and variables on its free tier (a setting of its plans)."""


def report_files(
    results: Results, seconds: float, *, paths: ReportPaths, service: str, environ: Mapping[str, str]
) -> list[ReportFile]:
    """The files to write after a run that took `seconds`, for `service` (see `model.ciservice`) and by options."""

    # What makes them is loaded for those that are wanted alone: most runs have none.
    def summary(room: int) -> str:
        from buildx_tasks.reporting.jobsummary import summary_markdown

        return summary_markdown(results, seconds, room)

    def junit(_room: int) -> str:
        from buildx_tasks.reporting.junit import junit_xml

        return junit_xml(results, seconds)

    def outputs(_room: int) -> str:
        from buildx_tasks.reporting.outputs import github_outputs

        return github_outputs(results)

    def dotenv(_room: int) -> str:
        from buildx_tasks.reporting.outputs import dotenv_text

        return dotenv_text(results)

    files = []
    if service == GITHUB and (path := environ.get("GITHUB_STEP_SUMMARY")):
        files.append(ReportFile(path=path, text=summary, append=True, limit=SUMMARY_LIMIT))
    if service == GITHUB and (path := environ.get("GITHUB_OUTPUT")):
        files.append(ReportFile(path=path, text=outputs, append=True))
    named = {"summary-output": (summary, SUMMARY_LIMIT), "junit-output": (junit, 0), "dotenv-output": (dotenv, 0)}
    for option, path in paths.named.items():
        text, limit = named[option]
        files.append(ReportFile(path=path, text=text, limit=limit, option=option))
    return files


def dotenv_warning(results: Results) -> str:
    """What GitLab would refuse of the dotenv report, "" when it takes all."""
    from buildx_tasks.reporting.outputs import dotenv_text

    text = dotenv_text(results)
    lines, size = text.count("\n"), len(text.encode())
    if lines <= DOTENV_VARIABLES and size <= DOTENV_LIMIT:
        return ""
    return (
        f"the dotenv report has {lines} variables in {size} bytes; GitLab rejects more than {DOTENV_LIMIT} bytes, and "
        f"more than {DOTENV_VARIABLES} variables on its free tier: pass build.json of --file-output as an artifact"
    )


class CiReporter:
    """Tells the CI service of `environ`, and the files of `paths`, how a run ended, whatever ended it.

    `write` writes files and gives option and problem of each that it could not write; `locate` is asked for the path
    of a file in the checkout; `spelled` makes the final text of a message; `say` gets the annotations, each a line.
    `warned` are warnings that were shown, and `unwritten` the problems of files that options ask for; those of the CI
    service's own files go to `warn`, and the run goes on.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        paths: ReportPaths,
        write: Callable[[Iterable[ReportFile]], list[tuple[str, str]]],
        locate: Locate,
        spelled: Callable[[str], str],
        say: Callable[[str], None],
        warn: Callable[[str], None],
        warned: Sequence[str] = (),
    ) -> None:
        self.environ = environ
        self.paths = paths
        self.write = write
        self.locate = locate
        self.spelled = spelled
        self.say = say
        self.warn = warn
        self.warned = warned
        self.unwritten: list[str] = []
        self.begun = time.monotonic()
        self.is_done = False

    @contextmanager
    def errors(self, setting: Callable[[], str]) -> Iterator[None]:
        """Within, an error that ends the run before `results` are known is reported as they are.

        `setting` gives the setting ``ci-service``; it may raise where the settings are what is wrong.
        """
        try:
            yield
        except (BuildxTasksError, KeyboardInterrupt) as error:
            if not self.is_done:
                self._error(error, setting)
            raise

    def results(self, results: Results, setting: str) -> None:
        """Report what came out; `setting` is ``ci-service``."""
        results = self._spelled(results)
        self._report(results, setting, lambda: self._annotations(results))
        if self.paths.dotenv and (text := dotenv_warning(results)):
            self.warn(text)

    def _error(self, error: BuildxTasksError | KeyboardInterrupt, setting: Callable[[], str]) -> None:
        try:
            chosen = setting()
        except BuildxTasksError:
            chosen = "auto"
        if isinstance(error, BuildxTasksError):
            failure = Failure(message=self.spelled(error.message), hint=self.spelled(error.hint))
            texts = [self.spelled(str(part)) for part in error.parts]
        else:
            failure, texts = Failure(message="interrupted"), ["interrupted"]
        interrupted = isinstance(error, Interrupted | KeyboardInterrupt)
        results = Results(interrupted=interrupted, failure=failure)
        self._report(results, chosen, lambda: self._annotations(results, texts))

    def _annotations(self, results: Results, errors: Sequence[str] | None = None) -> list[str]:
        """Those of the warnings that were shown, and of the results, or of `errors` in their place."""
        from buildx_tasks.reporting.annotations import error_annotations, result_annotations, text_annotations

        shown = map(self.spelled, self.warned)
        lines = [line for text in shown for line in text_annotations("warning", text, self.locate)]
        return lines + (
            result_annotations(results, self.locate) if errors is None else error_annotations(errors, self.locate)
        )

    def _report(self, results: Results, setting: str, annotations: Callable[[], Iterable[str]]) -> None:
        self.is_done = True
        service = ci_service(self.environ, setting)
        for line in annotations() if service == GITHUB else ():
            self.say(line)
        seconds = time.monotonic() - self.begun
        files = report_files(results, seconds, paths=self.paths, service=service, environ=self.environ)
        for option, problem in self.write(files):
            if option:
                self.unwritten.append(problem)
            else:
                self.warn(problem)

    def _spelled(self, results: Results) -> Results:
        """The results with the final texts of their messages, since what is escaped can't be respelled."""
        builds = tuple(
            replace(
                build,
                failure=self._spelled_failure(build.failure),
                reason=self.spelled(build.reason),
                warnings=tuple(map(self.spelled, build.warnings)),
            )
            for build in results.builds
        )
        return replace(results, builds=builds, failure=self._spelled_failure(results.failure))

    def _spelled_failure(self, failure: Failure | None) -> Failure | None:
        if failure is None:
            return None
        return replace(failure, message=self.spelled(failure.message), hint=self.spelled(failure.hint))
