"""What is known of a folder before it has a config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from buildx_tasks.document.formats.dockerfile import Dockerfile

_NAME = re.compile(r"(?i)(?:(?P<before>.+)\.)?(?:dockerfile|containerfile)(?:\.(?P<after>.+))?")
_OTHERS = re.compile(
    r"(?i)\.(?:dockerignore|j2|jinja2?|tmpl|tpl|template|in|erb|mustache|bak|old|orig|rej|swp|diff|patch|md|txt|ya?ml"
    r"|json|toml|lock|sh|py)$|~$"
)
"""Ends of names that a Dockerfile has not: templates of one, copies of one, and files about one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundDockerfile:
    """A Dockerfile: its path from the config's folder, in ``/``, and what it says.

    `sources` are the paths that it needs of its context, and `present` are those of them that a folder has which may
    be the context: its own and each above it, as paths from the config's folder.
    """

    path: str
    dockerfile: Dockerfile
    sources: tuple[str, ...] = ()
    present: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def folder(self) -> tuple[str, ...]:
        """The names of the folders that it is in, none for the config's own."""
        return tuple(self.path.split("/")[:-1])

    @property
    def variant(self) -> str:
        """What its file name says besides being a Dockerfile: "worker" of ``Dockerfile.worker``."""
        return variant_of(self.path.rpartition("/")[2])


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectFacts:
    """The folder as a whole: `name` of its git remote or else of the folder, and whether it has a git commit."""

    name: str
    committed: bool = True


def is_dockerfile(name: str) -> bool:
    """Whether a file of this name is a Dockerfile, and not a template, an ignore file or a copy of one."""
    return _NAME.fullmatch(name) is not None and _OTHERS.search(name) is None


def variant_of(name: str) -> str:
    """The part of a Dockerfile's name that is its own, "" for a plain ``Dockerfile``."""
    found = _NAME.fullmatch(name)
    return "-".join(part for part in (found["before"], found["after"]) if part) if found else ""
