"""What one apiVersion changed against the one before it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """Paths are dotted, with ``[]`` for the items of a list and ``{}`` for the values of a mapping.

    `version` is short (``v4beta13``). `removed` pairs a path with its successor or "". `retyped` keys kept their
    place and take another type. `ours` are keys of buildx-tasks that begin there.
    """

    version: str
    added: tuple[str, ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
