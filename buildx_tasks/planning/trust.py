"""Whether what is built may be trusted: whoever wrote it chooses what a shared cache holds afterwards."""

from __future__ import annotations

from collections.abc import Mapping


def why_untrusted(environ: Mapping[str, str], event: Mapping[str, object]) -> str:
    """Why the ref that is built is one that others control, "" when it is not: a pull or merge request from a fork.

    `event` is the JSON of $GITHUB_EVENT_PATH; GitLab says the same in CI_MERGE_REQUEST_SOURCE_PROJECT_ID.
    """
    source, target = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), environ.get("CI_PROJECT_ID")
    if source and target and source != target:
        return "the merge request comes from a fork"
    if environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request") and _is_from_fork(event):
        return "the pull request comes from a fork"
    return ""


def _is_from_fork(event: Mapping[str, object]) -> bool:
    """Whether a pull request's branch is in another repository; one that can't be read counts as such."""
    names = []
    for side in ("head", "base"):
        place: object = event
        for key in ("pull_request", side, "repo", "full_name"):
            place = place.get(key) if isinstance(place, Mapping) else None
        names.append(place)
    return not names[0] or names[0] != names[1]
