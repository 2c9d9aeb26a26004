"""The CI service that runs us, and the folder of its checkout: the one place that decides which it is."""

from __future__ import annotations

import os
from collections.abc import Mapping

GITHUB = "github"
GITLAB = "gitlab"


def ci_service(environ: Mapping[str, str], setting: str = "auto") -> str:
    """`GITHUB`, `GITLAB` or "" for none; `setting` is the setting ``ci-service``.

    Gitea and Forgejo set GITHUB_ACTIONS too, and read the same commands and files.
    """
    if setting != "auto":
        return setting if setting in (GITHUB, GITLAB) else ""
    if environ.get("GITHUB_ACTIONS") == "true":
        return GITHUB
    return GITLAB if environ.get("GITLAB_CI") == "true" else ""


def workspace(environ: Mapping[str, str]) -> str:
    """The absolute folder that a service shows as the repository, "" when no service says it.

    Paths in annotations and reports are relative to it.
    """
    return next((environ[name] for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR") if environ.get(name)), "")


def path_in(folder: str, path: str) -> str:
    """An absolute path relative to an absolute folder, with forward slashes; "" for a path outside of the folder."""
    relative = os.path.relpath(path, folder)
    return "" if relative.split(os.sep, 1)[0] == os.pardir else relative.replace(os.sep, "/")
