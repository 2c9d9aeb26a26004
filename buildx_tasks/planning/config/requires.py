"""What one config requires of others, and which profiles it wants active in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildx_tasks.document.schema.decode import boolean, items, section, text, texts
from buildx_tasks.document.yaml.source import Path

UNSUPPORTED = ("googleCloudStorage", "googleCloudBuildRepoV2")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """One entry of ``requires``: `configs` of a file ("" for all of them), at `path`, in `repo` when it is a git one.

    `place` is the entry's path in the document. `profiles` are names with what activates them, () for always.
    """

    place: Path
    configs: tuple[str, ...] = ()
    path: str = ""
    repo: str = ""
    ref: str = ""
    sync: bool = True
    unsupported: str = ""
    profiles: tuple[tuple[str, tuple[str, ...]], ...] = ()


def read_requirements(data: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """The ``requires`` of a document."""
    return tuple(
        _requirement(item, ("requires", at))
        for at, item in enumerate(items(data, "requires"))
        if isinstance(item, Mapping)
    )


def _requirement(item: Mapping[str, Any], place: Path) -> Requirement:
    git = section(item, "git")
    return Requirement(
        place=place,
        configs=texts(item, "configs"),
        path=text(git or item, "path"),
        repo=text(git, "repo"),
        ref=text(git, "ref"),
        sync=boolean(git, "sync") is not False,
        unsupported=next((name for name in UNSUPPORTED if item.get(name) is not None), ""),
        profiles=tuple(
            (text(entry, "name"), texts(entry, "activatedBy"))
            for entry in items(item, "activeProfiles")
            if isinstance(entry, Mapping)
        ),
    )


def wanted_profiles(
    requirement: Requirement, active: Sequence[str], propagated: Mapping[str, str], config: str
) -> dict[str, str]:
    """The profiles to ask for in the required configs, in order, each with the reason.

    `active` are those of the requiring config, named `config` in reasons; `propagated` are the user's own, which
    keep their reason.
    """
    wanted: dict[str, str] = {}
    for name, activators in requirement.profiles:
        activator = next((activator for activator in activators if activator in active), "")
        if activator:
            wanted.setdefault(name, f"activatedBy {activator} in {config}")
        elif not activators:
            wanted.setdefault(name, f"required by {config}")
    for name, reason in propagated.items():
        wanted.setdefault(name, reason)
    return wanted
