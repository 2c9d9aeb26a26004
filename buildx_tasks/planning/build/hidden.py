"""Secrets on their way to buildx: by the environment where buildx takes them from there, else said to be visible."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from buildx_tasks.model.argv import visible_secrets
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import Variable
from buildx_tasks.model.request import BUILDX, BuildRequest, CacheUse
from buildx_tasks.model.secrets import looks_secret, masked
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.build.stepinput import Remarks

VARIABLES: Mapping[str, Mapping[str, str]] = {
    "s3": {
        "access_key_id": "AWS_ACCESS_KEY_ID",
        "secret_access_key": "AWS_SECRET_ACCESS_KEY",
        "session_token": "AWS_SESSION_TOKEN",
    },
    "gha": {"token": "ACTIONS_RUNTIME_TOKEN"},
}
"""Attributes of a cache backend that buildx also takes from a variable (buildx, util/buildflags/cache.go)."""
NEEDED = {"s3": ("access_key_id", "secret_access_key"), "gha": ("token",)}
"""Those without which the variables would mean something else."""
WHY = "credentials of the cache, kept out of the command line"
PROXIES = frozenset(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy"))
"""Build args whose variables docker and buildx heed themselves: setting one would change how they connect."""

AMAZON = re.compile(r"\.amazonaws\.com(\.cn)?$|^public\.ecr\.aws$")
"""Registries whose credential helper reads the variables of the s3 cache."""

_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")


def names_secret(template: str) -> bool:
    """Whether a template uses a variable whose name looks like a secret."""
    return any(looks_secret(word) for action in _ACTION.findall(template) for word in _WORD.findall(action))


def holds_secret(value: str) -> bool:
    """Whether a value has credentials or a token in it."""
    return masked(value) != value


def by_environment(request: BuildRequest, remarks: Remarks, environ: Mapping[str, str]) -> BuildRequest:
    """The request with the credentials of its caches in the environment of its command.

    Not where they would change what else docker does: a credential helper for Amazon's registry reads the same
    variables, and so another identity of `environ`, or of this machine, would be lost for pushes and pulls.
    """
    if request.tool.value != BUILDX:
        return request
    for kind, names in VARIABLES.items():
        uses = [use for use in (*request.cache_from, *request.cache_to) if use.spec.type == kind]
        given = {tuple(use.spec.get(name) for name in names) for use in uses}
        variables = dict(zip(names.values(), next(iter(given), ()), strict=False))
        taken = {item.name: item.value for item in remarks.environment}
        clash = any(environ.get(name, value) != value for name, value in variables.items())
        clash = clash or (kind == "s3" and not _same(variables, environ) and _is_amazon(request))
        clash = clash or any(taken.get(name, value) != value for name, value in variables.items())
        # Two caches with different credentials can't share one environment.
        if len(given) != 1 or clash or not all(use.spec.get(name) for use in uses for name in NEEDED[kind]):
            continue
        remarks.environment += [
            Variable(name, value, WHY, secret=bool(value)) for name, value in variables.items() if name not in taken
        ]
        request = replace(
            request,
            cache_from=tuple(_without(use, kind, names) for use in request.cache_from),
            cache_to=tuple(_without(use, kind, names) for use in request.cache_to),
        )
    return request


def _same(variables: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Whether the environment has just these values already."""
    return all(environ.get(name, "") == value for name, value in variables.items())


def _is_amazon(request: BuildRequest) -> bool:
    """Whether the image or a cache of it is in a registry of Amazon's."""
    caches = (*request.cache_from, *request.cache_to)
    references = [*(item.value for item in request.tags), *(use.spec.get("ref") for use in caches)]
    return any(AMAZON.search(parse_image_ref(text).domain) for text in references if text)


def _without(use: CacheUse, kind: str, names: Mapping[str, str]) -> CacheUse:
    if use.spec.type != kind:
        return use
    return replace(use, spec=Spec(kind, tuple(item for item in use.spec.attrs if item[0] not in names)))


def warn_of_visible(request: BuildRequest, remarks: Remarks) -> None:
    """Warn of every flag that shows a secret: other users of the machine can read the arguments of a command."""
    for name in visible_secrets(request):
        remarks.warnings.append(
            f"artifact {request.image!r}: {name} holds a secret, which other users of this machine can see in the "
            "list of processes while it builds (docs/security.md says what to use instead)"
        )
