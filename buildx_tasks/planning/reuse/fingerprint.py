"""What can change an image, as one digest: the key under which the artifact cache knows a result.

Everything the build command says counts, except for what is named here; so an option that is new to us makes a
new key instead of a wrong hit. Where the result goes and which builder makes it do not count, nor does the tag.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Hook
from buildx_tasks.model.plan import CUSTOM, LOAD, PUSH, BuildStep, Flag, Placeholder
from buildx_tasks.model.spec import parse_output

VERSION = "1"

FRESH = {"--no-cache": "noCache", "--no-cache-filter": "noCacheFilter", "--pull": "pullParent"}
"""Flags that ask for a fresh build; what it gives is what it would give without them."""

UNIMPORTANT = frozenset(
    (
        "--builder",
        "--cache-from",
        "--cache-to",
        "--file",
        "--force-rm",
        "--load",
        "--metadata-file",
        "--progress",
        "--push",
        "-t",
        *FRESH,
    )
)
"""Flags that change where a result comes from or goes to, or whose files are looked at instead."""

UNSEEN = frozenset(("--file", "-f", "--build-context", "--iidfile", "--metadata-file", "--call", "--print"))
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

FRONTEND_ARG = "BUILDKIT_SYNTAX"
TAG_VARIABLES = frozenset(("IMAGE", "IMAGE_TAG", "IMAGE_REPO", "PUSH_IMAGE", "BUILD_CONTEXT"))
"""What a custom build command is told about where its result goes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What is on disk for one artifact, as digests; `unknown` says why nothing can be said, and then it is built.

    `contexts` are the named build contexts, `stage_args` the build args whose text may get into the image (None for
    all of them).
    """

    dockerfile: str = ""
    files: str = ""
    contexts: tuple[tuple[str, str], ...] = ()
    stage_args: frozenset[str] | None = None
    unknown: str = ""


def why_fresh(step: BuildStep) -> str:
    """Why `step` is built however well its result is known: it asks for a fresh build. "" when it does not."""
    return next((FRESH[name] for item in step.flags if (name := _name(item)) in FRESH), "")


def why_unknown(step: BuildStep, environ: Mapping[str, str]) -> str:
    """Why the result of `step` can't be known from its inputs, or not be found again; "" when it can."""
    if step.output not in (PUSH, LOAD):
        return "its result is neither pushed nor loaded"
    for name in UNPREDICTABLE:
        if environ.get(name):
            return f"{name} is set"
    for item in step.flags:
        own, name = item.reason == "cliFlags", _name(item)
        if own and name in UNSEEN:
            return f"{name} is in cliFlags"
        if name in ("--output", "-o") and (own or not _is_our_output(item, step)):
            return "it has outputs of its own"
    return ""


def _name(item: Flag) -> str:
    return str(item.arguments[0][0]).partition("=")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Required:
    """A required image: its digest, and the reference that a build is told."""

    digest: str
    reference: str


def fingerprint(step: BuildStep, inputs: Inputs, required: Mapping[str, Required], environ: Mapping[str, str]) -> str:
    """The key of a build; `required` are the images that it needs, by name."""
    variables = {**environ, **{item.name: item.value for item in step.environment}}
    flags = [_texts(item, step, inputs, required, variables) for item in step.flags[_head(step) :]]
    parts: dict[str, object] = {
        "version": VERSION,
        "tool": step.tool,
        "flags": [texts for texts in flags if texts],
        "required": [(item.image, item.alias) for item in step.artifact.requires],
        "digests": sorted((image, required[image].digest) for image in step.needs),
        "variables": sorted(_variables(step)),
        "environment": [(name, environ[name]) for name in ENVIRONMENT if name in environ],
        "platforms": list(step.platforms) or [step.native],
        "hooks": [_hook(hook) for hook in (*step.hooks.before, *step.hooks.after)],
        "dockerfile": inputs.dockerfile,
        "files": inputs.files,
        "contexts": sorted(inputs.contexts),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def frontend_is_replaced(step: BuildStep) -> bool:
    """Whether a build arg puts another frontend in place, which may read the context as it likes."""
    return any(
        isinstance(piece, str) and FRONTEND_ARG in piece
        for item in step.flags
        for argument in item.arguments
        for piece in argument
    )


def _head(step: BuildStep) -> int:
    """How many flags are the command itself: the program and the context, whose content counts instead."""
    return 0 if step.tool == CUSTOM else 1


def _texts(
    item: Flag, step: BuildStep, inputs: Inputs, required: Mapping[str, Required], variables: Mapping[str, str]
) -> list[str]:
    """A flag as it counts; nothing for one that does not."""
    name, own = _name(item), item.reason == "cliFlags"
    if not own and not _counts(item, step):
        return []
    told = name == "--build-arg" and (inputs.stage_args is None or _argument(item) in inputs.stage_args)
    texts = list(item.render(lambda later: _stands_for(later, required, told=told)))
    if name == "--build-arg" and not own and "=" not in texts[1]:
        texts.append(f"from the environment: {variables.get(texts[1])!r}")
    elif own:
        texts += _bare_arguments(texts[0].removeprefix("--build-arg="), variables)
    return texts


def _counts(item: Flag, step: BuildStep) -> bool:
    """Whether a flag of ours can change the image; an inline cache becomes part of it."""
    name = _name(item)
    if name == "--cache-to":
        return "type=inline" in str(item.arguments[-1][0])
    return name not in UNIMPORTANT and not (name == "--output" and _is_our_output(item, step))


def _argument(item: Flag) -> str:
    return str(item.arguments[-1][0]).partition("=")[0]


def _bare_arguments(text: str, variables: Mapping[str, str]) -> Iterator[str]:
    """The value of a build arg among ``cliFlags`` that may come from the environment."""
    if "=" not in text and text in variables:
        yield f"from the environment: {variables[text]!r}"


def _stands_for(later: Placeholder, required: Mapping[str, Required], *, told: bool) -> str:
    """The digest of a required image; also its name where that may get into the image."""
    if later.image not in required:
        return f"<{later.what}>"
    one = required[later.image]
    return f"<{later.image}: {one.reference if told else one.digest}>"


def _is_our_output(item: Flag, step: BuildStep) -> bool:
    """Whether an exporter hands the result to other artifacts, or is another way to say ``--push``."""
    if any(isinstance(piece, Placeholder) for argument in item.arguments for piece in argument):
        return True
    try:
        spec = parse_output(str(item.arguments[-1][0]))
    except CannotStart:
        return False
    names = {key for key, _value in spec.attrs}
    return (
        step.output == PUSH
        and spec.type == "image"
        and (spec.get("name"), spec.get("push")) == (step.tag, "true")
        and names == {"name", "push", "registry.insecure"}
    )


def _variables(step: BuildStep) -> Iterator[tuple[str, str]]:
    """The variables of the command; those that lead to a daemon have no say, nor what speaks of the tag."""
    for item in step.environment:
        leads = item.name.startswith(("DOCKER_", "MINIKUBE_")) and item.name != "DOCKER_BUILDKIT"
        if not leads and not (step.tool == CUSTOM and item.name in TAG_VARIABLES):
            yield item.name, item.value


def _hook(hook: Hook) -> list[object]:
    return [list(hook.command), list(hook.os), hook.dir]
