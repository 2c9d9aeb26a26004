"""A build request as a target of a bake file: the other rendering beside `model.argv`.

A target sees another one under the name that its Dockerfile uses. What bake can't do is said in notes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os.path import relpath
from pathlib import PurePath
from typing import Any

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.argv import importer_text, secret_text
from buildx_tasks.model.bakenames import context_name, escape
from buildx_tasks.model.cliflags import CliFlag
from buildx_tasks.model.paths import absolute, is_outside, shown
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import (
    LOAD,
    PUSH,
    REFERENCE,
    STAY,
    Answer,
    Because,
    BuildArg,
    BuildRequest,
    NamedContext,
    Placeholder,
)
from buildx_tasks.model.spec import Spec, parse_output, read_csv

TEXTS = ("target", "network", "shm-size")
LISTS = {
    "allow": "entitlements",
    "annotation": "annotations",
    "attest": "attest",
    "cache-from": "cache-from",
    "cache-to": "cache-to",
    "no-cache-filter": "no-cache-filter",
    "output": "output",
    "platform": "platforms",
    "secret": "secret",
    "ssh": "ssh",
    "tag": "tags",
    "ulimit": "ulimits",
}
PAIRS = {"add-host": "extra-hosts", "build-arg": "args", "build-context": "contexts", "label": "labels"}
"""What flags among ``cliFlags`` are called in a bake file."""
ELSEWHERE = ("builder", "load", "metadata-file", "progress", "push")
"""Flags that are said on bake's command line, or that the target says in another way."""

RESULTS = {PUSH: "type=registry", LOAD: "type=docker", STAY: "type=cacheonly"}
NO_ATTESTATIONS = "BUILDX_NO_DEFAULT_ATTESTATIONS"
NO_PROVENANCE = "type=provenance,disabled=true"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(slots=True)
class BakeTarget:
    """A target as `data`, the `variables` that it reads, notes for the user, and what bake wants to be allowed."""

    data: dict[str, Any] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    allow: dict[str, None] = field(default_factory=dict)


def bake_target(
    plan: BuildPlan, step: BuildStep, names: Mapping[str, str], cwd: str, *, answer: Answer | None = None
) -> BakeTarget:
    """The target that builds `step` in the folder `cwd`; `names` are those of all targets by image.

    With an `answer` it is for a bake of this run, in which required images are there already: they are pinned as in
    `model.argv`, and the environment of the command is given to bake.
    """
    return _Renderer(plan, step, names, cwd, answer).render()


class _Renderer:
    """Fills one target, in the order in which a command has its flags."""

    def __init__(
        self, plan: BuildPlan, step: BuildStep, names: Mapping[str, str], cwd: str, answer: Answer | None
    ) -> None:
        self.step = step
        self.names = names
        self.cwd = cwd
        self.tags = plan.tags
        self.answer = answer
        self.target = BakeTarget()

    def render(self) -> BakeTarget:
        step, data = self.step, self.target.data
        context = shown(self.cwd, step.artifact.context)
        data["context"] = escape(context)
        self._may_read(context)
        self._request(step.request)
        for image in dict.fromkeys(item.image for item in step.artifact.requires):
            if image in self.names:
                name = context_name(self._tag(image))
                data.setdefault("contexts", {})[escape(name)] = f"target:{self.names[image]}"
        said = any("type=provenance" in text for text in data.get("attest", ()))
        if not said and any(item.name == NO_ATTESTATIONS for item in step.environment):
            self._item("attest", NO_PROVENANCE)
        result, own = RESULTS.get(step.output), step.request.output(step.output)
        if own and own.value.spec:
            result = None
        if result and not any(_pushes(text) for text in data.get("output", ())):
            self._item("output", result)
        return self.target

    def _request(self, request: BuildRequest) -> None:
        if request.dockerfile:
            self._dockerfile(request.dockerfile.value)
        self._items("tags", request.tags)
        for arg in request.build_args:
            self._build_arg(arg.value)
        for host in request.add_hosts:
            self._host(host.value)
        for use in request.cache_from:
            self._item("cache-from", importer_text(use))
            self._may_read(_source(dict(use.spec.attrs)))
        for use in request.cache_to:
            self._exporter("cache-to", use.spec)
        for flag in request.parsed_cli_flags:
            self._cli_flag(flag)
        self._options(request)
        for attestation in request.attestations:
            self._item("attest", str(attestation.value))
        for platform in request.platforms.value if request.platforms else ():
            self._item("platforms", platform)
        for output in request.outputs:
            if output.value.spec:
                self._exporter("output", output.value.spec)

    def _options(self, request: BuildRequest) -> None:
        self._text("target", request.target)
        self._text("network", request.network)
        self._switch("no-cache", request.no_cache)
        self._no_place("--squash", request.squash)
        self._switch("pull", request.pull)
        for secret in request.secrets:
            self._item("secret", secret_text(secret.value))
            self._may_read(secret.value.src)
        if request.ssh:
            self._item("ssh", request.ssh.value)
            self._allow("ssh")
        self._no_place("--force-rm", request.force_rm)
        self._items("no-cache-filter", request.no_cache_filter)
        for context in request.named_contexts:
            self._named_context(context.value)
        for annotation in request.annotations:
            self._item("annotations", "=".join(annotation.value))
        for label in request.labels:
            self._pair("labels", *label.value)
        self._text("shm-size", request.shm_size)
        self._items("ulimits", request.ulimits)

    def _cli_flag(self, flag: CliFlag) -> None:
        name, value = flag.name, flag.value
        if name == "file":
            self._dockerfile(value)
        elif name in ("no-cache", "pull"):
            self.target.data[name] = flag.is_on
        elif name in TEXTS:
            self._text(name, Because(value, "cliFlags"))
        elif name in LISTS:
            for item in value.split(",") if name == "platform" else (value,):
                self._item(LISTS[name], item)
            self._needs_of(name, value)
        elif name == "build-arg":
            self._build_arg(BuildArg(*_arg(value)))
        elif name == "add-host":
            self._host(value)
        elif name in PAIRS:
            key, _equals, text = value.partition("=")
            self._pair(PAIRS[name], key, self._source(text) if name == "build-context" else text)
        elif name in ("provenance", "sbom"):
            self._item("attest", _attestation(name, value))
        elif name not in ELSEWHERE:
            self._no_place(flag.spelled if name else value)

    def _text(self, attribute: str, item: Because[str] | None) -> None:
        if item:
            self.target.data[attribute] = escape(item.value)
            if (attribute, item.value) == ("network", "host"):
                self._allow("network.host")

    def _switch(self, attribute: str, item: Because[bool] | None) -> None:
        if item:
            self.target.data[attribute] = item.value

    def _items(self, attribute: str, items: tuple[Because[str], ...]) -> None:
        for item in items:
            self._item(attribute, item.value)

    def _item(self, attribute: str, text: str) -> None:
        self.target.data.setdefault(attribute, []).append(escape(text))

    def _pair(self, attribute: str, key: str, value: str) -> None:
        text = value if value.startswith("target:") else escape(value)
        self.target.data.setdefault(attribute, {})[escape(key)] = text

    def _no_place(self, what: str, wanted: object = True) -> None:
        if wanted:
            self.target.notes.append(f"{self.step.image}: {what} has no place in a bake file")

    def _exporter(self, attribute: str, spec: Spec) -> None:
        self._item(attribute, str(spec))
        self._may_write(spec.get("dest"))

    def _dockerfile(self, path: str) -> None:
        """The Dockerfile as bake finds it: relative to the context as long as it is in the project."""
        path, context = str(PurePath(self.cwd, path)), absolute(self.cwd, self.step.artifact.context)
        if is_outside(context, path):
            self._may_read(path)
        self.target.data["dockerfile"] = escape(path if is_outside(self.cwd, path) else relpath(path, context))

    def _build_arg(self, arg: BuildArg) -> None:
        args = self.target.data.setdefault("args", {})
        image, notes = self.step.image, self.target.notes
        if isinstance(arg.value, Placeholder):
            value = self.answer(arg.value) if self.answer else self._tag(arg.value.image)
            args[escape(arg.name)] = escape(value)
        elif arg.value is not None:
            args[escape(arg.name)] = escape(arg.value)
        elif _IDENTIFIER.fullmatch(arg.name):
            self.target.variables.add(arg.name)
            args[arg.name] = f"${{{arg.name}}}"
            if self.answer is None and any(item.name == arg.name for item in self.step.environment):
                notes.append(f"{image}: set {arg.name} in the environment of bake: its value is not written down")
        else:
            notes.append(f"{image}: build arg {arg.name} takes its value from the environment, which bake can't do")

    def _host(self, text: str) -> None:
        name, _separator, address = text.partition("=" if "=" in text else ":")
        self._pair("extra-hosts", name, address)

    def _named_context(self, context: NamedContext) -> None:
        """A context of the config; one in place of a reference is there for every required image anyway."""
        if self.answer and context.image and context.name:
            reference = self.answer(Placeholder(REFERENCE, context.image))
            self._pair("contexts", context.name, f"docker-image://{reference}")
        elif context.image in self.names and context.name:
            self._pair("contexts", context.name, f"target:{self.names[context.image]}")
        elif context.image and context.name:
            self._pair("contexts", context.name, f"docker-image://{self._tag(context.image)}")
        elif context.source:
            self._pair("contexts", context.name, self._source(context.source))

    def _source(self, source: str) -> str:
        """A context's source as text: the target of an image of this plan, or a folder as bake finds it."""
        reference = source.removeprefix("docker-image://")
        for image, tag in self.tags:
            if tag == reference != source and image in self.names:
                return f"target:{self.names[image]}"
        if "://" not in source and not source.startswith("target:"):
            source = shown(self.cwd, source)
            self._may_read(source)
        return source

    def _tag(self, image: str) -> str:
        return next((tag for name, tag in self.tags if name == image), image)

    def _needs_of(self, name: str, value: str) -> None:
        """What a flag among ``cliFlags`` reads, writes or wants besides."""
        if name in ("allow", "ssh"):
            self._allow(value if name == "allow" else name)
        if name in ("secret", "cache-from"):
            self._may_read(_source(_pairs(value)))
        if name in ("cache-to", "output"):
            bare = value if name == "output" and "=" not in value else ""
            self._may_write(_pairs(value).get("dest") or bare)

    def _may_read(self, path: str) -> None:
        if path and is_outside(self.cwd, path):
            self._allow(f"fs.read={absolute(self.cwd, path)}")

    def _may_write(self, path: str) -> None:
        if path not in ("", "-") and is_outside(self.cwd, path):
            self._allow(f"fs.write={absolute(self.cwd, path)}")

    def _allow(self, what: str) -> None:
        self.target.allow[what] = None


def _pairs(text: str) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in read_csv(text))


def _source(attrs: Mapping[str, str]) -> str:
    return attrs.get("src") or attrs.get("source") or ""


def _arg(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name, value if equals else None


def _pushes(output: str) -> bool:
    """Whether an exporter that is there already stands for ``--push``."""
    try:
        spec = parse_output(output)
    except CannotStart:
        return False
    return spec.type == "registry" or (spec.type == "image" and spec.get("push") == "true")


def _attestation(kind: str, value: str) -> str:
    """``--provenance`` and ``--sbom`` as the attestation that buildx makes of them."""
    if value in ("", "true"):
        return f"type={kind}"
    return f"type={kind},disabled=true" if value == "false" else f"type={kind},{value}"
