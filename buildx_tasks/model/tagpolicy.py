"""The tag policies as values: Skaffold's rules that make an image's tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

DEFAULT_DATE_FORMAT = "2006-01-02_15-04-05.999_MST"


@dataclass(frozen=True, kw_only=True, slots=True)
class GitCommit:
    """The state of the git checkout; `variant` is kept as the user spelled it."""

    variant: str = ""
    prefix: str = ""
    ignore_changes: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Sha256:
    """``latest``: despite its name no digest is computed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvTemplate:
    """A template over the environment."""

    template: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DateTime:
    """The time of the build in a Go layout; an empty `timezone` is the local one."""

    format: str = ""
    timezone: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class InputDigest:
    """A digest of the source files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TagComponent:
    """A named policy that a custom template may use; `policy` is None when the config names none."""

    name: str
    policy: TagPolicy | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomTemplate:
    """A template over components."""

    template: str
    components: tuple[TagComponent, ...] = field(default=())


TagPolicy: TypeAlias = "GitCommit | Sha256 | EnvTemplate | DateTime | InputDigest | CustomTemplate"


def tag_policy_from_mapping(data: Mapping[str, Any]) -> TagPolicy:
    """The policy of a plain newest-shape ``build.tagPolicy``; the default, ``gitCommit: {}``, when none is set."""
    return _policy(data) or GitCommit()


def _policy(data: Mapping[str, Any]) -> TagPolicy | None:
    """When several are set, which validation refuses, Skaffold's own order decides."""
    if (env := data.get("envTemplate")) is not None:
        return EnvTemplate(template=_text(env, "template"))
    if data.get("sha256") is not None:
        return Sha256()
    if (git := data.get("gitCommit")) is not None:
        return GitCommit(
            variant=_text(git, "variant"),
            prefix=_text(git, "prefix"),
            ignore_changes=git.get("ignoreChanges") in (True, "yes", "on", "y", "Yes", "YES", "On", "ON", "Y"),
        )
    if (date := data.get("dateTime")) is not None:
        return DateTime(format=_text(date, "format"), timezone=_text(date, "timezone"))
    if data.get("inputDigest") is not None:
        return InputDigest()
    if (custom := data.get("customTemplate")) is not None:
        components = tuple(
            TagComponent(name=_text(item, "name"), policy=_policy(item))
            for item in custom.get("components") or ()
            if isinstance(item, Mapping)
        )
        return CustomTemplate(template=_text(custom, "template"), components=components)
    return None


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return "" if value is None else str(value)
