"""Where an image goes: default-repo rewrites the name that the config gives, as Skaffold does."""

from __future__ import annotations

import re

from buildx_tasks.model.imageref import parse_image_ref

NAME_LIMIT = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_PROJECT_PREFIX = re.compile(rf"{_DOMAIN}/{_PROJECT}/?")
_GOOGLE_HOSTS = ("gcr.io", "-docker.pkg.dev")


def apply_default_repo(default_repo: str, multi_level: bool | None, image: str) -> str:
    """The reference of `image` below `default_repo`; tag and digest stay, an empty `default_repo` changes nothing.

    Google's registries, and any registry with `multi_level`, keep the path; elsewhere the whole name becomes one
    component with `/._:@` replaced by `_`. Raises CannotStart when `image` is no reference.
    """
    if not default_repo:
        return image
    ref = parse_image_ref(image)
    name = _below(default_repo, multi_level is True, ref.base_name)
    tag = f":{ref.tag}" if ref.tag else ""
    digest = f"@{ref.digest}" if ref.digest else ""
    return f"{name}{tag}{digest}"


def _below(default_repo: str, multi_level: bool, base_name: str) -> str:
    if base_name.startswith(default_repo):  # Skaffold compares text, not components: `myrepo` holds `myrepository/app`
        return base_name
    own, wanted = _project_prefix(base_name), _project_prefix(default_repo)
    if multi_level or any(host in wanted for host in _GOOGLE_HOSTS):
        if own == wanted:
            return f"{default_repo}/{base_name[len(own) :]}"
        return f"{default_repo}/{base_name}"[:NAME_LIMIT]
    return f"{default_repo}/{re.sub('[/._:@]', '_', base_name)}"[:NAME_LIMIT]


def _project_prefix(name: str) -> str:
    """The leading `host/google-project/`, or "" when `name` has none."""
    found = _PROJECT_PREFIX.match(name)
    return found[0] if found else ""
