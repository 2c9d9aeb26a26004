"""What is removed from registries, and what is kept: the answer of ``buildx.cache.prune``."""

from __future__ import annotations

from dataclasses import dataclass

DELETE = "delete"
KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class PrunedTag:
    """A tag that buildx-tasks derives: its `kind`, whether it is deleted or kept (`action`), and why."""

    tag: str
    digest: str
    kind: str
    action: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PrunedRepository:
    """One repository: its derived `tags`, how many `others` it has, and what went wrong ("" for nothing).

    `deleted` are the tags that were really deleted, in a dry run none; `hint` is what helps against the `error`.
    """

    name: str
    tags: tuple[PrunedTag, ...] = ()
    others: int = 0
    deleted: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PruneResult:
    """All repositories; `notes` say what could not be told from other tags, and is left alone."""

    repositories: tuple[PrunedRepository, ...] = ()
    notes: tuple[str, ...] = ()
    dry_run: bool = False
