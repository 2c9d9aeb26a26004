"""The variables that build templates see, and their expansion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from buildx_tasks.golang.template import parse_template
from buildx_tasks.model.imageref import parse_image_ref

RunCmd = Callable[[Sequence[str]], str]
"""Runs the program of a template's ``cmd`` function and gives its trimmed output."""

BRANCH_VARIABLES = ("BRANCH", "CI_COMMIT_REF_NAME", "GITHUB_HEAD_REF", "GITHUB_REF_NAME")
"""Where the branch is looked for before git is believed; CI checkouts are often detached."""


def image_variables(tag: str) -> dict[str, str]:
    """IMAGE_REPO, IMAGE_NAME and IMAGE_TAG of a final reference, as Skaffold gives them to docker artifacts.

    A name without a slash has an empty IMAGE_REPO and an empty IMAGE_NAME.
    """
    ref = parse_image_ref(tag)
    return {"IMAGE_REPO": ref.repo, "IMAGE_NAME": ref.name, "IMAGE_TAG": ref.tag or "latest"}


def branch_variable(environ: Mapping[str, str], branch: str) -> dict[str, str]:
    """BRANCH, for cache tags: from the environment of this or a CI system's making, else git's current branch."""
    found = next((environ[name] for name in BRANCH_VARIABLES if environ.get(name)), branch)
    return {"BRANCH": found} if found else {}


class Expander:
    """Expands templates over `values`; a missing value becomes ``<no value>``, as in Skaffold."""

    def __init__(self, values: Mapping[str, str], *, now: datetime, cmd: RunCmd | None) -> None:
        self.values = values
        self.now = now
        self.cmd = cmd

    def __call__(self, text: str, more: Mapping[str, str] | None = None) -> str:
        """`text` with its template filled in; `more` are values for this text alone. Raises `TemplateError`."""
        if "{{" not in text:
            return text
        values = {**self.values, **more} if more else self.values
        return parse_template(text).render(values, missing="no-value", functions="sprig", cmd=self.cmd, now=self.now)
