"""What the user wants to have of the result: flags, and the variables that Skaffold reads for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from buildx_tasks.errors import CannotStart, WorkFailed
from buildx_tasks.model.layers import as_boolean

if TYPE_CHECKING:
    from buildx_tasks.model.reports import ReportPaths
    from buildx_tasks.model.result import Results

VARIABLES = {
    "quiet": "SKAFFOLD_QUIET",
    "dry-run": "SKAFFOLD_DRY_RUN",
    "file-output": "SKAFFOLD_FILE_OUTPUT",
    "template": "SKAFFOLD_OUTPUT",
}
"""The environment variable that stands for a flag that is not given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputOptions:
    """What to show and to write; the names that end with `output` are files, "" for none."""

    quiet: bool = False
    dry_run: bool = False
    file_output: str = ""
    metadata_output: str = ""
    junit_output: str = ""
    summary_output: str = ""
    dotenv_output: str = ""
    template: str = ""

    @property
    def reports(self) -> ReportPaths:
        """The files that other programs read."""
        from buildx_tasks.model.reports import ReportPaths

        return ReportPaths(junit=self.junit_output, summary=self.summary_output, dotenv=self.dotenv_output)

    @property
    def files(self) -> dict[str, str]:
        """Every file to write, by the option that names it."""
        files = {"file-output": self.file_output, "metadata-output": self.metadata_output, **self.reports.named}
        return {option: name for option, name in files.items() if name}

    def text(self, results: Results) -> str:
        """The machine output: Skaffold's JSON, what the template makes of it, or the parts of a partial run.

        Raises `WorkFailed` for a template that can't be rendered.
        """
        from buildx_tasks.model.partial import parts_json
        from buildx_tasks.planning.build.resulttemplate import parse_result_template
        from buildx_tasks.reporting.buildjson import build_json, built_items

        if results.partial:
            return parts_json(results.parts())
        if not self.template:
            return build_json(results)
        try:
            return parse_result_template(self.template).render(built_items(results))
        except CannotStart as error:
            raise WorkFailed(error.message, error.hint) from None


SILENT = OutputOptions(quiet=True, dry_run=True)
"""The options of a task that builds nothing and prints its own answer."""


def output_options(flags: Mapping[str, object], environ: Mapping[str, str]) -> OutputOptions:
    """What `flags` (by their names without dashes in front) and `environ` ask for.

    Raises `CannotStart` for what is no boolean and for a template that can't be read.
    """
    said = {key: environ[name] for key, name in VARIABLES.items() if environ.get(name)}
    said |= {key: str(value) for key, value in flags.items()}
    options = OutputOptions(
        quiet=as_boolean(said.get("quiet", False), "quiet"),
        dry_run=as_boolean(said.get("dry-run", False), "dry-run"),
        file_output=said.get("file-output", ""),
        metadata_output=said.get("metadata-output", ""),
        junit_output=said.get("junit-output", ""),
        summary_output=said.get("summary-output", ""),
        dotenv_output=said.get("dotenv-output", ""),
        template=said.get("template", ""),
    )
    if options.template:
        from buildx_tasks.planning.build.resulttemplate import parse_result_template

        parse_result_template(options.template)
    return options
