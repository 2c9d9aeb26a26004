"""The Python API: what the tasks do, as functions that take plain arguments and return values.

Nothing heavy is imported until a function is called.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, Unpack

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.execution.signals import handled
from buildx_tasks.model.mask import Mask

if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn, Self, TextIO

    from buildx_tasks.execution.pipeline import Run
    from buildx_tasks.model.arguments import SettingArguments
    from buildx_tasks.model.config import Config
    from buildx_tasks.model.plan import BuildPlan
    from buildx_tasks.model.reports import ReportPaths
    from buildx_tasks.model.result import Results
    from buildx_tasks.reporting.cireports import CiReporter

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger("buildx_tasks")


def without_secrets(function: Callable[P, T]) -> Callable[P, T]:
    """The same function, whose errors have no secrets in their texts; what looks secret in `environ` is hidden too."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BuildxTasksError as error:
            environ: Any = kwargs.get("environ", getattr(args[0], "environ", None) if args else None)
            Mask.of(os.environ if environ is None else environ).hide_in(error)
            raise

    return call


@handled()
@without_secrets
def load(
    path: str | os.PathLike[str] | None = None,
    *,
    profiles: Sequence[str] = (),
    modules: Sequence[str] = (),
    overrides: Sequence[str] = (),
    profile_auto_activation: bool | None = None,
    kube_context: str | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
) -> tuple[Config, ...]:
    """The configs of `path` (by default ``skaffold.yaml`` here) and of what it requires, dependencies first.

    `profiles`, `modules` and `overrides` (``"app.docker.target=debug"``) are what ``--profile``, ``--module`` and
    ``--set`` take; what is not given comes from the environment and the global config. ``skaffold.env`` in `cwd`
    counts. `warn` gets warnings; by default they go to the log. Runs nothing but git, for
    repositories that a config requires. Raises `CannotStart`, and `ConfigInvalid` with one line for each problem.
    """
    flags = {
        "profile": tuple(profiles) or None,
        "module": tuple(modules) or None,
        "set": tuple(overrides) or None,
        "profile_auto_activation": profile_auto_activation,
        "kube_context": kube_context,
    }
    return _run("load", path, flags, environ, cwd, warn).configs


@handled()
@without_secrets
def plan(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
    **settings: Unpack[SettingArguments],
) -> BuildPlan:
    """How the artifacts of `path` would be built: every command with the reason of every flag. Builds nothing.

    `settings` are those of ``docs/settings.md`` with underscores: ``default_repo="localhost:5000"``,
    ``platform=["linux/arm64"]``, ``builder="ci"``; they count as flags, and what is not given comes from the
    usual places. Raises `TypeError` for an unknown one, and `CannotStart`, `ConfigInvalid`, `NothingSelected` or
    `EngineUnfit`.
    """
    return _run("plan", path, settings, environ, cwd, warn).prepare(building=False).plan


@handled()
@without_secrets
def build(
    path: str | os.PathLike[str] | None = None,
    *,
    log: TextIO | None = None,
    check: bool = True,
    junit_output: str | os.PathLike[str] | None = None,
    summary_output: str | os.PathLike[str] | None = None,
    dotenv_output: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    warn: Callable[[str], None] = _log.warning,
    **settings: Unpack[SettingArguments],
) -> Results:
    """Build the artifacts of `path`; `settings` are as for `plan`.

    `log` gets the text that ``buildx.build`` prints, None keeps quiet; `warn` gets warnings, and notes go to the
    log of the module. With `check` a failed build raises `WorkFailed`, and so does a warning of a build with
    ``strict=True``; without it the results say so. An interrupt stops the builds and raises `Interrupted`.
    `junit_output`, `summary_output` and `dotenv_output` are files to write, as the options of these names do, also
    after a failure. Under GitHub Actions its job summary and outputs are written, and annotations to `log`.
    """
    paths = _report_paths(junit_output, summary_output, dotenv_output)
    return _build(_run("build", path, settings, environ, cwd, warn), log, check, warn, paths)


class Project:
    """One config and the settings for it, to plan and build several times.

    ```python
    with Project("skaffold.yaml", default_repo="localhost:5000", fail=session.error) as project:
        print(project.plan().tags)
        results = project.build(log=sys.stdout)
    ```

    The configs are read once. `fail` gets the message of an expected failure (`BuildxTasksError`) that leaves the
    block, and must not return: ``session.error`` of nox ends the session with that one message, without a traceback.
    Without `fail` the error is raised. Settings given to a method count for that call, above those of the project.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        warn: Callable[[str], None] = _log.warning,
        fail: Callable[[str], NoReturn] | None = None,
        **settings: Unpack[SettingArguments],
    ) -> None:
        self.environ = environ
        self._where = (path, environ, cwd, warn)
        self._warn = warn
        self._fail = fail
        self._settings: dict[str, object] = dict(settings)
        self._own = self._run("Project", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        from buildx_tasks.errors import BuildxTasksError

        if self._fail is not None and isinstance(error, BuildxTasksError):
            self._fail(str(error))

    @handled()
    @without_secrets
    def configs(self) -> tuple[Config, ...]:
        """The configs, those that others require first."""
        return self._own.configs

    @handled()
    @without_secrets
    def plan(self, **settings: Unpack[SettingArguments]) -> BuildPlan:
        """As the function `plan`."""
        return self._run("plan", settings).prepare(building=False).plan

    @handled()
    @without_secrets
    def build(
        self,
        *,
        log: TextIO | None = None,
        check: bool = True,
        junit_output: str | os.PathLike[str] | None = None,
        summary_output: str | os.PathLike[str] | None = None,
        dotenv_output: str | os.PathLike[str] | None = None,
        **settings: Unpack[SettingArguments],
    ) -> Results:
        """As the function `build`."""
        paths = _report_paths(junit_output, summary_output, dotenv_output)
        return _build(self._run("build", settings), log, check, self._warn, paths)

    def _run(self, function: str, settings: Mapping[str, object]) -> Run:
        path, environ, cwd, warn = self._where
        if not settings and hasattr(self, "_own"):
            return self._own.again()
        return _run(function, path, {**self._settings, **settings}, environ, cwd, warn)


def _report_paths(
    junit: str | os.PathLike[str] | None,
    summary: str | os.PathLike[str] | None,
    dotenv: str | os.PathLike[str] | None,
) -> ReportPaths:
    from buildx_tasks.model.reports import ReportPaths

    junit, summary, dotenv = ("" if path is None else os.fspath(path) for path in (junit, summary, dotenv))
    return ReportPaths(junit=junit, summary=summary, dotenv=dotenv)


def _build(run: Run, log: TextIO | None, check: bool, warn: Callable[[str], None], paths: ReportPaths) -> Results:
    from buildx_tasks.errors import Interrupted, WorkFailed
    from buildx_tasks.execution.files import check_writable
    from buildx_tasks.model.ciservice import ci_service
    from buildx_tasks.model.outcome import outcome
    from buildx_tasks.model.settings import PLAIN
    from buildx_tasks.reporting.failures import failures_text
    from buildx_tasks.reporting.paint import painter_for
    from buildx_tasks.reporting.text import Silent, TextReporter

    for path in paths.named.values():
        check_writable(run.world.cwd / path)
    reports = _ci_reporter(run, log, warn, paths)
    with reports.errors(lambda: run.outside.ci_service):
        prepared = run.prepare(building=True)
        settings = prepared.settings
        reporter = None
        if log is not None:
            service = ci_service(run.world.environ, settings.ci_service)
            reporter = TextReporter(log, service=service, painter=painter_for(log, run.world.environ))
            reporter.interleaved = settings.progress == PLAIN
            reporter.tags(prepared.plan.tags)
        results = run.build(prepared, reporter or Silent())
        if reporter is not None:
            reporter.results(results)
        for text in (text for result in results.builds for text in result.warnings):
            warn(text)
        reports.results(results, settings.ci_service)
    error = outcome(results, strict=settings.strict, describe=failures_text)
    if reports.unwritten and not isinstance(error, Interrupted):
        error = WorkFailed("\n".join([*([str(error)] if error else []), *reports.unwritten]))
    if error is not None and (check or isinstance(error, Interrupted)):
        raise error
    for text in reports.unwritten:
        warn(text)
    return results


def _ci_reporter(run: Run, log: TextIO | None, warn: Callable[[str], None], paths: ReportPaths) -> CiReporter:
    from buildx_tasks.execution.reportfiles import in_workspace, write_reports
    from buildx_tasks.reporting.cireports import CiReporter

    def say(text: str) -> None:
        if log is not None:
            print(text, file=log)

    world = run.world
    return CiReporter(
        environ=world.environ,
        paths=paths,
        write=functools.partial(write_reports, cwd=world.cwd),
        locate=functools.partial(in_workspace, cwd=world.cwd, environ=world.environ),
        spelled=Mask.of(world.environ).text,
        say=say,
        warn=warn,
    )


def _run(
    function: str,
    path: str | os.PathLike[str] | None,
    settings: Mapping[str, object],
    environ: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
    warn: Callable[[str], None],
) -> Run:
    from datetime import UTC, datetime

    from buildx_tasks.execution.cluster.kube import KubeConfigs
    from buildx_tasks.execution.config.envfile import load_environment_file
    from buildx_tasks.execution.config.layers import SettingsSources
    from buildx_tasks.execution.pipeline import Run
    from buildx_tasks.execution.shell import ShellRunner
    from buildx_tasks.execution.world import World
    from buildx_tasks.model.arguments import as_flags

    flags = {"filename": None if path is None else os.fspath(path), **as_flags(function, settings)}
    folder = Path(cwd or Path.cwd()).absolute()
    mask = Mask.of(os.environ if environ is None else environ)

    def hide(values: Iterable[str]) -> None:
        nonlocal mask
        mask = mask.with_values(values)

    def tell(text: str) -> None:
        warn(mask.text(text))

    variables = load_environment_file(folder, os.environ if environ is None else environ, tell)
    world = World(
        environ=variables,
        cwd=folder,
        home=Path(variables.get("HOME") or Path.home()),
        now=datetime.now(UTC).astimezone(),
        runner=ShellRunner(variables, cwd=folder),
        notify=tell,
        note=lambda text: _log.info(mask.text(text)),
        hide=hide,
    )
    kube = KubeConfigs(variables, world.home, tell)
    return Run(SettingsSources(flags=flags, environ=variables, home=world.home, kube=kube), world)
