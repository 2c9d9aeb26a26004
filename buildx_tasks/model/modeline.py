"""What became of one config that was to point editors to its schema."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class FilePointer:
    """One config, and what it needs for an editor.

    `schemas` are the schema files for it, `written` those of them that were missing or of another release, `comments`
    how many of its comments are new or changed. A config that could not be handled has a `problem`.
    """

    file: str
    schemas: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    comments: int = 0
    problem: str = ""

    @property
    def changed(self) -> bool:
        """Whether the config or a schema file had to change."""
        return bool(self.written or self.comments)
