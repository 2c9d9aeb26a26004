"""A build plan as a ``docker-bake.json``: the same images from one ``docker buildx bake``.

Every text in a bake file is an HCL template, and a target sees another one under the name that its Dockerfile
uses. What bake can't do (custom commands, hooks, unknown flags) is said in notes.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os.path import relpath
from typing import Any

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.plan import CUSTOM, LOAD, PUSH, STAY, BuildPlan, BuildStep, Flag, Placeholder
from buildx_tasks.model.spec import parse_output, read_csv
from buildx_tasks.reporting.paths import absolute, is_outside, shown

FILE = "docker-bake.json"
ALLOW_SINCE = "0.17"

SWITCHES = {"--no-cache": "no-cache", "--pull": "pull"}
VALUES = {"--target": "target", "--network": "network", "--shm-size": "shm-size"}
LISTS = {
    "--allow": "entitlements",
    "--annotation": "annotations",
    "--attest": "attest",
    "--cache-from": "cache-from",
    "--cache-to": "cache-to",
    "--no-cache-filter": "no-cache-filter",
    "--output": "output",
    "--platform": "platforms",
    "--secret": "secret",
    "--ssh": "ssh",
    "--tag": "tags",
    "--ulimit": "ulimits",
}
PAIRS = {"--add-host": "extra-hosts", "--build-arg": "args", "--build-context": "contexts", "--label": "labels"}
SHORT = {"-t": "--tag", "-o": "--output"}
ELSEWHERE = frozenset(("--builder", "--file", "--metadata-file", "--progress"))
"""Flags with a value that are said on bake's command line, or that the target says in another way."""
RESULTS = frozenset(("--load", "--push", "--push=true", "--load=true"))
NO_ATTESTATIONS = "BUILDX_NO_DEFAULT_ATTESTATIONS"
NO_PROVENANCE = "type=provenance,disabled=true"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(slots=True)
class _Bake:
    """The file as it grows; `reads` and `writes` are paths outside of `cwd`, which bake wants to be allowed."""

    plan: BuildPlan
    cwd: str
    names: Mapping[str, str]
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    allow: dict[str, None] = field(default_factory=dict)


def bake_json(plan: BuildPlan, cwd: str) -> tuple[str, tuple[str, ...]]:
    """The bake file of `plan` for use in the folder `cwd`, and notes for the user: the command to run comes first."""
    bake = _Bake(plan, cwd, target_names(plan))
    for step in plan.steps:
        if step.image in bake.names:
            bake.targets[bake.names[step.image]] = _target(bake, step)
        else:
            bake.notes.append(f"{step.image} is left out: bake can't run a custom command, so build it before")
        if step.hooks.before or step.hooks.after:
            bake.notes.append(f"the hooks of {step.image} are not run by bake")
    document: dict[str, Any] = {"group": {"default": {"targets": list(bake.targets)}}}
    if bake.variables:
        document["variable"] = {name: {"default": None} for name in sorted(bake.variables)}
    document["target"] = bake.targets
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text, (_command(bake), *dict.fromkeys(bake.notes))


def target_names(plan: BuildPlan) -> dict[str, str]:
    """A legal and unique target name for every image that bake can build: its last component, numbered on a clash."""
    names: dict[str, str] = {}
    taken: set[str] = {"default"}
    for step in plan.steps:
        if step.tool == CUSTOM:
            continue
        plain = re.sub(r"[^A-Za-z0-9_-]", "-", step.image.rpartition("/")[2]) or "image"
        name, number = plain, 2
        while name in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name)
        names[step.image] = name
    return names


def _target(bake: _Bake, step: BuildStep) -> dict[str, Any]:
    context = shown(bake.cwd, step.artifact.context)
    target: dict[str, Any] = {"context": escape(context)}
    _may_read(bake, context)
    for name, value in _options(bake, step):
        _add(bake, step, target, name, value)
    for image in dict.fromkeys(item.image for item in step.artifact.requires):
        if image in bake.names:
            contexts = target.setdefault("contexts", {})
            contexts[escape(context_name(_step_tag(bake, image)))] = f"target:{bake.names[image]}"
    said = [text for text in target.get("attest", ()) if "type=provenance" in text]
    if not said and any(item.name == NO_ATTESTATIONS for item in step.environment):
        target.setdefault("attest", []).append(NO_PROVENANCE)
    result = {PUSH: "type=registry", LOAD: "type=docker", STAY: "type=cacheonly"}.get(step.output)
    if result and not any(_pushes(text) for text in target.get("output", ())):
        target.setdefault("output", []).append(result)
    return target


def _pushes(output: str) -> bool:
    """Whether an exporter that is there already stands for ``--push``."""
    try:
        spec = parse_output(output)
    except CannotStart:
        return False
    return spec.type == "registry" or (spec.type == "image" and spec.get("push") == "true")


def _options(bake: _Bake, step: BuildStep) -> Iterator[tuple[str, str]]:
    """The step's flags as names and values, a switch with the value ""; the command and its context are left out."""
    words: list[str] = []
    for item in step.flags[1:]:
        if image := _layout_of(item):
            yield from _layout_context(bake, item, image)
        else:
            words += item.render(_answer(bake))
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        name = SHORT.get(name, name)
        at += 1
        if not equals and name not in SWITCHES and name not in RESULTS and at < len(words) and _takes_value(name):
            value = words[at]
            at += 1
        yield name, value


def _takes_value(name: str) -> bool:
    return name in VALUES or name in LISTS or name in PAIRS or name in ELSEWHERE or name in ("--provenance", "--sbom")


def _layout_of(item: Flag) -> str:
    """The image that a flag hands over as files, "" for any other flag: in bake, targets see each other."""
    pieces = (piece for argument in item.arguments for piece in argument)
    return next((piece.image for piece in pieces if isinstance(piece, Placeholder) and piece.what == "layout"), "")


def _layout_context(bake: _Bake, item: Flag, image: str) -> Iterator[tuple[str, str]]:
    """A context that the config names; one in place of a reference is there for every needed image anyway."""
    name = item.arguments[-1][0]
    if item.arguments[0] == ("--build-context",) and isinstance(name, str):
        yield "--build-context", f"{name}target:{bake.names[image]}"


def _answer(bake: _Bake) -> Any:
    return lambda later: _step_tag(bake, later.image) if later.image else ""


def _step_tag(bake: _Bake, image: str) -> str:
    return dict(bake.plan.tags).get(image, image)


def _add(bake: _Bake, step: BuildStep, target: dict[str, Any], name: str, value: str) -> None:
    if name == "--file" or name in ELSEWHERE or name in RESULTS:
        if name == "--file":
            target["dockerfile"] = escape(_dockerfile(bake, step, value))
    elif name in SWITCHES:
        target[SWITCHES[name]] = value != "false"
    elif name in VALUES:
        target[VALUES[name]] = escape(value)
        if (name, value) == ("--network", "host"):
            bake.allow["network.host"] = None
    elif name in LISTS:
        values = value.split(",") if name == "--platform" else [value]
        target.setdefault(LISTS[name], []).extend(escape(item) for item in values)
        _paths_of(bake, name, value)
    elif name in PAIRS:
        _pair(bake, step, target, name, value)
    elif name in ("--provenance", "--sbom"):
        target.setdefault("attest", []).append(escape(_attestation(name[2:], value)))
    else:
        bake.notes.append(f"{step.image}: {name} has no place in a bake file")


def _dockerfile(bake: _Bake, step: BuildStep, path: str) -> str:
    """The Dockerfile as bake finds it: relative to the context as long as it is in the project."""
    context = absolute(bake.cwd, step.artifact.context)
    if is_outside(context, path):
        _may_read(bake, path)
    return path if is_outside(bake.cwd, path) else relpath(path, context)


def _pair(bake: _Bake, step: BuildStep, target: dict[str, Any], name: str, text: str) -> None:
    pairs = target.setdefault(PAIRS[name], {})
    separator = ":" if name == "--add-host" and "=" not in text else "="
    key, found, value = text.partition(separator)
    if name == "--build-context":
        value = _context(bake, value)
    if found:
        pairs[escape(key)] = value if value.startswith("target:") else escape(value)
    elif _IDENTIFIER.fullmatch(key):
        bake.variables.add(key)
        pairs[key] = f"${{{key}}}"
        if any(item.name == key for item in step.environment):
            bake.notes.append(f"{step.image}: set {key} in the environment of bake: its value is not written down")
    else:
        bake.notes.append(f"{step.image}: build arg {key} takes its value from the environment, which bake can't do")


def _context(bake: _Bake, value: str) -> str:
    image = value.removeprefix("docker-image://")
    for name, tag in bake.plan.tags:  # the source is another artifact of this run
        if tag == image != value and name in bake.names:
            return f"target:{bake.names[name]}"
    if "://" not in value and not value.startswith("target:"):
        value = shown(bake.cwd, value)
        _may_read(bake, value)
    return value


def _attestation(kind: str, value: str) -> str:
    """``--provenance`` and ``--sbom`` as the attestation that buildx makes of them."""
    if value in ("", "true"):
        return f"type={kind}"
    return f"type={kind},disabled=true" if value == "false" else f"type={kind},{value}"


def _paths_of(bake: _Bake, name: str, value: str) -> None:
    """Files that a secret, a cache or an exporter reads or writes."""
    pairs = dict(item.partition("=")[::2] for item in read_csv(value))
    if name in ("--secret", "--cache-from") and (path := pairs.get("src") or pairs.get("source")):
        _may_read(bake, path)
    if name in ("--cache-to", "--output"):
        path = pairs.get("dest") or (value if name == "--output" and "=" not in value else "")
        if path and path != "-" and is_outside(bake.cwd, path):
            bake.allow[f"fs.write={absolute(bake.cwd, path)}"] = None
    if name == "--ssh":
        bake.allow["ssh"] = None
    if name == "--allow":
        bake.allow[value] = None


def _may_read(bake: _Bake, path: str) -> None:
    if is_outside(bake.cwd, path):
        bake.allow[f"fs.read={absolute(bake.cwd, path)}"] = None


def _command(bake: _Bake) -> str:
    builder = next((step.builder for step in bake.plan.steps if step.builder), "")
    words = ["docker", "buildx", "bake", "--file", FILE, *(("--builder", builder) if builder else ())]
    text = f"build it with:  {shlex.join(words)}"
    if not bake.allow:
        return text
    allowed = " ".join(f"--allow {shlex.quote(item)}" for item in bake.allow)
    return f"{text}\nand since buildx {ALLOW_SINCE} also:  {allowed}"


def context_name(reference: str) -> str:
    """The name under which a Dockerfile's frontend looks for a context in place of `reference`.

    It shortens names of the default registry and drops the tag ``latest``.
    """
    ref = parse_image_ref(reference)
    name = ref.base_name
    for prefix in ("docker.io/library/", "docker.io/", "index.docker.io/library/", "index.docker.io/"):
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    tag = f":{ref.tag}" if ref.tag and (ref.tag != "latest" or ref.digest) else ""
    return f"{name}{tag}" + (f"@{ref.digest}" if ref.digest else "")


def escape(text: str) -> str:
    """A text as an HCL template that gives just this text."""
    return text.replace("${", "$${").replace("%{", "%%{")
