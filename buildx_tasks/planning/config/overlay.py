"""How a profile's sections go over the main ones: Skaffold's rules by kind of field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PIPELINE = ("build", "test", "manifests", "deploy", "portForward", "resourceSelector", "verify", "customActions")
"""The sections that a profile may repeat."""

WHOLE = frozenset(
    (
        "manifests.kustomize",
        "manifests.helm",
        "manifests.kpt",
        "manifests.transform",
        "manifests.validate",
        "deploy.docker",
        "deploy.helm",
        "deploy.kpt",
        "deploy.kubectl",
        "deploy.cloudrun",
        "deploy.statusCheck",
    )
)
"""Fields that Skaffold holds by pointer: given (even as ``{}`` or false) they replace what was there, unmerged."""

ONE_OF: dict[str, tuple[str, ...]] = {
    "build": ("local", "googleCloudBuild", "cluster"),
    "build.tagPolicy": ("gitCommit", "sha256", "envTemplate", "dateTime", "customTemplate", "inputDigest"),
}
"""Groups of which one member may be set: the first that the profile sets replaces the whole group."""


def overlay(data: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    """`data` with the sections of `profile` over it; both stay as they are, unchanged parts are shared."""
    result = dict(data)
    for name in PIPELINE:
        merged = _merged(name, data.get(name), profile.get(name))
        if merged is not None:
            result[name] = merged
    return result


def _merged(path: str, base: Any, value: Any) -> Any:
    if value is None:
        return base
    if path in WHOLE:
        return value
    if isinstance(value, Mapping):
        return _struct(path, base if isinstance(base, Mapping) else {}, value)
    return value or base  # an empty list, "", 0 and false are as good as absent


def _struct(path: str, base: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    members = ONE_OF.get(path, ())
    chosen = next((member for member in members if value.get(member) is not None), None)
    if chosen is not None:
        result = {key: kept for key, kept in result.items() if key not in members}
        result[chosen] = value[chosen]
    for key, given in value.items():
        if key not in members:
            merged = _merged(f"{path}.{key}", base.get(key), given)
            if merged is not None:
                result[key] = merged
    return result
