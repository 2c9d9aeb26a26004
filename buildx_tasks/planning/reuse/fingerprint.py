"""What can change an image, as one digest: the key under which the artifact cache knows a result.

Every field of the request counts, except for those that are named here; so an option that is new to us makes a new
key instead of a wrong hit. Where the result goes and which builder makes it do not count, nor does the tag.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace

from buildx_tasks.model.cliflags import CliFlag, has_flag
from buildx_tasks.model.config import Hook
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.request import (
    CUSTOM,
    EXPORT,
    LOAD,
    PUSH,
    SKAFFOLD,
    Because,
    BuildArg,
    BuildRequest,
    NamedContext,
    Placeholder,
)

VERSION = "3"

PINNED = ("docker-image://", "oci-layout://")
REMOTE = ("http://", "https://", "git://", "git@", "ssh://", "github.com/")
"""How the sources of named contexts begin that are no folders: images and layouts, and addresses."""

UNIMPORTANT = {
    "image": "what it is called in the config is not in it",
    "context": "the files in it count",
    "dockerfile": "its content counts",
    "tags": "the same image may have any",
    "cache_from": "what is imported is what a build would make",
    "no_cache": "it asks for a fresh build of the same",
    "no_cache_filter": "it asks for a fresh build of the same",
    "pull": "it asks for a fresh build of the same",
    "force_rm": "it is about containers of the build",
    "builder": "the builder is not part of the result",
    "progress": "it is about the log",
    "metadata_file": "it is about a file beside the result",
}
"""Fields of a request that can't change an image, or whose files are looked at instead, and why."""

UNSEEN = frozenset(("file", "build-context", "iidfile", "metadata-file", "call", "check", "policy", "print"))
"""Flags that among ``cliFlags`` bring in what is not looked at, or want more than an image."""

ENVIRONMENT = (
    "BUILDX_NO_DEFAULT_ATTESTATIONS",
    "DOCKER_BUILDKIT",
    "DOCKER_DEFAULT_PLATFORM",
    "SOURCE_DATE_EPOCH",
)
"""Variables that docker and buildx read for themselves and that change what comes out."""

UNPREDICTABLE = ("BUILDX_GIT_LABELS", "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY")
"""Variables that bring in what is not looked at: git's state, a policy file."""

CREDENTIALS = frozenset(("ACTIONS_RUNTIME_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))
"""Variables with credentials of a cache, which change from run to run; as build args they count there."""

FRONTEND_ARG = "BUILDKIT_SYNTAX"
TAG_VARIABLES = frozenset(("IMAGE", "IMAGE_TAG", "IMAGE_REPO", "PUSH_IMAGE", "BUILD_CONTEXT"))
"""What a custom build command is told about where its result goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What is on disk for one artifact, as digests; `unknown` says why nothing can be said, and then it is built.

    `contexts` are the named build contexts, `stage_args` the build args whose text may get into the image (None for
    all of them). `entries` are what the digests are made of: what is at each path, by the name of the context ("" for
    the build's own).
    """

    dockerfile: str = ""
    files: str = ""
    contexts: tuple[tuple[str, str], ...] = ()
    stage_args: frozenset[str] | None = None
    unknown: str = ""
    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False, repr=False)


def why_fresh(step: BuildStep) -> str:
    """Why `step` is built however well its result is known: it asks for a fresh build. "" when it does not."""
    request, own = step.request, step.request.parsed_cli_flags
    wanted = {
        "noCache": request.no_cache or has_flag(own, "no-cache"),
        "pullParent": request.pull or has_flag(own, "pull"),
        "noCacheFilter": request.no_cache_filter or has_flag(own, "no-cache-filter"),
    }
    return next((name for name, is_wanted in wanted.items() if is_wanted), "")


def why_unknown(step: BuildStep, environ: Mapping[str, str]) -> str:
    """Why the result of `step` can't be known from its inputs, or not be found again; "" when it can."""
    if unseen := why_unseen(step, environ):
        return unseen
    if step.output not in (PUSH, LOAD):
        return "its result is neither pushed nor loaded"
    if step.request.output(EXPORT) or has_flag(step.request.parsed_cli_flags, "output"):
        return "it has outputs of its own"
    return ""


def why_unseen(step: BuildStep, environ: Mapping[str, str]) -> str:
    """Why not all is seen that `step` is made from; "" when it is."""
    if step.tool == SKAFFOLD:
        return "skaffold builds it and has a cache of its own"
    for name in UNPREDICTABLE:
        if environ.get(name):
            return f"{name} is set"
    own = step.request.parsed_cli_flags
    unseen = next((flag.spelled for flag in own if flag.name in UNSEEN), "")
    return f"{unseen} is in cliFlags" if unseen else ""


def why_not_listed(step: BuildStep) -> str:
    """Why the files of a custom artifact are not known without running something; "" when they are."""
    command = step.tool == CUSTOM and step.artifact.custom.dependencies.command
    return "its files are listed by a command, which only a build runs" if command else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Required:
    """A required image: its digest, and the reference that a build is told."""

    digest: str
    reference: str


def fingerprint(step: BuildStep, inputs: Inputs, required: Mapping[str, Required], environ: Mapping[str, str]) -> str:
    """The key of a build; `required` are the images that it needs, by name."""
    return key_of_parts(key_parts(step, inputs, required, environ))


def key_of_parts(parts: Mapping[str, object]) -> str:
    """The key that `key_parts` make: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def key_parts(
    step: BuildStep, inputs: Inputs, required: Mapping[str, Required], environ: Mapping[str, str]
) -> dict[str, object]:
    """What the key of a build is made of, as JSON has it. No absolute path of this machine is in it."""
    return {
        "version": VERSION,
        "request": _Counter(step, inputs, required, environ).request(step.request),
        "required": [(item.image, item.alias) for item in step.artifact.requires],
        "digests": sorted((image, required[image].digest) for image in step.needs),
        "variables": sorted(_variables(step)),
        "environment": [(name, environ[name]) for name in ENVIRONMENT if name in environ],
        "platforms": list(step.platforms) or [step.native],
        "hooks": [_hook(hook, step.artifact.context) for hook in (*step.hooks.before, *step.hooks.after)],
        "dockerfile": inputs.dockerfile,
        "files": inputs.files,
        "contexts": sorted(inputs.contexts),
        # A part is never taken for a whole image of the same platform, whose tag a hit would set.
        **({"partial": True} if step.partial else {}),
        **({"rewritten": True} if any(item.value.rewrite for item in step.request.outputs) else {}),
        **({"locked": [list(pair) for pair in step.locked]} if step.locked else {}),
    }


def _hook(hook: Hook, context: str) -> object:
    """A hook with its folder as seen from the context, since both are absolute in a required config."""
    folder = posixpath.relpath(hook.dir, context) if hook.dir and posixpath.isabs(hook.dir) else hook.dir
    return _plain(replace(hook, dir=folder))


def frontend_is_replaced(step: BuildStep) -> bool:
    """Whether a build arg puts another frontend in place, which may read the context as it likes."""
    own = (flag.value for flag in step.request.parsed_cli_flags if flag.name == "build-arg")
    names = (*(item.value.name for item in step.request.build_args), *(text.partition("=")[0] for text in own))
    return FRONTEND_ARG in names


class _Counter:
    """The fields of a request as they count: without their reasons, with digests in place of required images."""

    def __init__(
        self, step: BuildStep, inputs: Inputs, required: Mapping[str, Required], environ: Mapping[str, str]
    ) -> None:
        self.stage_args = inputs.stage_args
        self.required = required
        self.variables = {**environ, **{item.name: item.value for item in step.environment}}

    def request(self, request: BuildRequest) -> dict[str, object]:
        """Every field that counts and is set; of caches and outputs those that can be a part of the image."""
        special: dict[str, object] = {
            "build_args": [self._build_arg(item.value) for item in request.build_args],
            "cache_to": [str(use.spec) for use in request.cache_to if use.spec.type == "inline"],
            "cli_flags": [
                *(item.value for item in request.cli_flags),
                *(text for flag in request.parsed_cli_flags for text in self._bare(flag)),
            ],
            "named_contexts": [self._named_context(item.value) for item in request.named_contexts],
            "secrets": [item.value.id for item in request.secrets],
            "ssh": request.ssh.value.partition("=")[0] if request.ssh else "",
            "outputs": [_plain(item.value) for item in request.outputs if item.value.kind == EXPORT],
        }
        counted = {
            item.name: special[item.name] if item.name in special else _plain(getattr(request, item.name))
            for item in fields(request)
            if item.name not in UNIMPORTANT
        }
        return {name: value for name, value in counted.items() if value}

    def _build_arg(self, arg: BuildArg) -> tuple[str, str]:
        """Name and value; a required image also by its name where that may get into the image."""
        if arg.value is None:
            return arg.name, f"from the environment: {self.variables.get(arg.name)!r}"
        if not isinstance(arg.value, Placeholder):
            return arg.name, f"={arg.value}"
        image = arg.value.image
        if image in self.required and (self.stage_args is None or arg.name in self.stage_args):
            return arg.name, f"<{image}: {self.required[image].reference}>"
        return arg.name, self._digest(image)

    def _named_context(self, context: NamedContext) -> tuple[object, str]:
        """A named context; of a folder the files count, wherever it is."""
        is_folder = bool(context.source) and not context.source.startswith((*PINNED, *REMOTE))
        return _plain(replace(context, source="") if is_folder else context), self._digest(context.image)

    def _digest(self, image: str) -> str:
        return f"<{image}: {self.required[image].digest}>" if image in self.required else ""

    def _bare(self, flag: CliFlag) -> Iterator[str]:
        """The value of a build arg among ``cliFlags`` that comes from the environment."""
        if flag.name == "build-arg" and "=" not in flag.value:
            yield f"{flag.value} from the environment: {self.variables.get(flag.value)!r}"


def _plain(value: object) -> object:
    """A value as JSON has it: dataclasses as lists of names and values, reasons left out."""
    if isinstance(value, Because):
        return _plain(value.value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return [(item.name, _plain(getattr(value, item.name))) for item in fields(value)]
    return value


def _variables(step: BuildStep) -> Iterator[tuple[str, str]]:
    """The variables of the command; those that lead to a daemon or a cache have no say, nor what speaks of the tag."""
    for item in step.environment:
        leads = item.name.startswith(("DOCKER_", "MINIKUBE_")) and item.name != "DOCKER_BUILDKIT"
        if not leads and item.name not in CREDENTIALS and not (step.tool == CUSTOM and item.name in TAG_VARIABLES):
            yield item.name, item.value
