"""Which profiles of a document are active, and why, and the document with them applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildx_tasks.document.schema.decode import boolean, items, section, text
from buildx_tasks.document.yaml.problem import Problem
from buildx_tasks.document.yaml.source import Path
from buildx_tasks.golang.matching import matches
from buildx_tasks.model.config import ActiveProfile
from buildx_tasks.planning.config.origins import Origins
from buildx_tasks.planning.config.problems import DocumentInvalid


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationFacts:
    """What activations are compared with.

    `kube_context` is the one in use, "" when there is none; `kube_context_given` says that the user named it, which
    silences the check that profiles do not change the very context that activated them.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    kube_context: str = ""
    kube_context_given: bool = False
    command: str = "build"


def apply_profiles(
    data: Mapping[str, Any],
    requested: Sequence[str],
    facts: ActivationFacts,
    *,
    auto: bool = True,
    reasons: Mapping[str, str] | None = None,
    origins: Origins | None = None,
) -> tuple[dict[str, Any], tuple[ActiveProfile, ...]]:
    """One document (newest shape, dotted keys included) with its active profiles applied and its `profiles` gone.

    Activated ones come first, in the order of the document, then `requested` in its own order: ``-name`` takes a
    profile out again, a name that the document does not define is left alone. `reasons` says for a requested name
    who asked for it. Raises `DocumentInvalid` with every activation that is malformed and every patch that fails.
    """
    origins = origins or Origins(data)
    chosen = _choose(data, requested, facts, auto, reasons or {})
    if not chosen.active:
        return {key: value for key, value in data.items() if key != "profiles"}, ()
    from buildx_tasks.planning.config.overlay import overlay

    dots = {key: value for key, value in data.items() if key.startswith(".")}
    result: dict[str, Any] = {key: value for key, value in data.items() if key not in dots and key != "profiles"}
    problems: list[Problem] = []
    defined = {text(profile, "name"): (at, profile) for at, profile in _profiles(data)}
    for active in chosen.active:
        at, profile = defined[active.name]
        result = overlay(result, profile)
        result = _patched(result, active.name, ("profiles", at, "patches"), profile, origins, problems)
    problems += _kube_context_problems(result, chosen, facts)
    if problems:
        raise DocumentInvalid(problems)
    return {**result, **dots}, tuple(chosen.active)


def profile_names(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the profiles that a document defines."""
    return tuple(dict.fromkeys(text(profile, "name") for _, profile in _profiles(data)))


@dataclass(slots=True)
class _Chosen:
    active: list[ActiveProfile]
    by_kube_context: list[tuple[str, Path]]


def _profiles(data: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    return [(at, item) for at, item in enumerate(items(data, "profiles")) if isinstance(item, Mapping)]


def _choose(
    data: Mapping[str, Any],
    requested: Sequence[str],
    facts: ActivationFacts,
    auto: bool,
    reasons: Mapping[str, str],
) -> _Chosen:
    chosen = _Chosen([], [])
    if auto:
        problems: list[Problem] = []
        for at, profile in _profiles(data):
            _activate(at, profile, facts, chosen, problems)
        if problems:
            raise DocumentInvalid(problems)
    known = set(profile_names(data))
    for name in requested:
        if name.startswith("-"):
            chosen.active = [active for active in chosen.active if active.name != name[1:]]
        elif name in known and all(active.name != name for active in chosen.active):
            chosen.active.append(ActiveProfile(name=name, reason=reasons.get(name, "flag")))
    return chosen


def _activate(
    at: int, profile: Mapping[str, Any], facts: ActivationFacts, chosen: _Chosen, problems: list[Problem]
) -> None:
    """Add the profile when its activations say so: one of them, or all with ``requiresAllActivations``."""
    name = text(profile, "name")
    activations = [
        (number, item) for number, item in enumerate(items(profile, "activation")) if isinstance(item, Mapping)
    ]
    held: list[tuple[Mapping[str, Any], str]] = []
    for number, activation in activations:
        env = text(activation, "env")
        if env and "=" not in env:
            path = ("profiles", at, "activation", number, "env")
            problems.append(
                Problem(
                    path=path,
                    code="invalid-activation",
                    message=f"profile {name!r}: env {env!r} has no =",
                    hint="write it as KEY=VALUE",
                )
            )
        elif (reason := _reason(activation, facts)) is not None:
            held.append((activation, reason))
    if not held or (boolean(profile, "requiresAllActivations") and len(held) < len(activations)):
        return
    used = held if boolean(profile, "requiresAllActivations") else held[:1]
    if any(text(activation, "kubeContext") for activation, _ in used):
        chosen.by_kube_context.append((name, ("profiles", at)))
    if all(active.name != name for active in chosen.active):
        chosen.active.append(ActiveProfile(name=name, reason=" and ".join(reason for _, reason in used)))


def _reason(activation: Mapping[str, Any], facts: ActivationFacts) -> str | None:
    """Why the activation holds, None when it does not; what it does not mention holds."""
    env, context, command = (text(activation, key) for key in ("env", "kubeContext", "command"))
    reasons = []
    if env:
        if not _env_holds(env, facts.env):
            return None
        reasons.append(f"env {env}")
    if context:
        if not matches(context, facts.kube_context):
            return None
        reasons.append(f"kube-context {facts.kube_context or context}")
    if command:
        if not matches(command, facts.command):
            return None
        reasons.append(f"command {facts.command}")
    return " and ".join(reasons) or "an empty activation"


def _env_holds(env: str, variables: Mapping[str, str]) -> bool:
    key, _, pattern = env.partition("=")
    value = variables.get(key, "")
    # An empty regex would be found in everything; what the user wants is an empty variable.
    return matches(pattern, value) if pattern else not value


def _patched(
    data: dict[str, Any],
    name: str,
    path: Path,
    profile: Mapping[str, Any],
    origins: Origins,
    problems: list[Problem],
) -> dict[str, Any]:
    from buildx_tasks.planning.config.patches import PatchFailed, apply_patch

    for number, patch in enumerate(items(profile, "patches")):
        if not isinstance(patch, Mapping):
            continue
        try:
            data = apply_patch(data, patch, origins)
        except PatchFailed as failed:
            message = f"applying profile {name!r}: invalid path: {text(patch, 'path')} ({failed.reason})"
            problems.append(Problem(path=(*path, number), message=message, hint=failed.hint, code="invalid-patch"))
    return data


def _kube_context_problems(data: Mapping[str, Any], chosen: _Chosen, facts: ActivationFacts) -> list[Problem]:
    wanted = text(section(data, "deploy"), "kubeContext")
    if facts.kube_context_given or not wanted or wanted == facts.kube_context:
        return []
    return [
        Problem(
            path=path,
            code="kube-context",
            message=f"profile {name!r} was activated by kube-context {facts.kube_context!r}, "
            f"but deploy.kubeContext is {wanted!r}",
            hint=f"change one of them, or give --kube-context {wanted}",
        )
        for name, path in chosen.by_kube_context
    ]
