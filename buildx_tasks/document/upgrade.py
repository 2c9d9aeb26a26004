"""Bring a config from any apiVersion to the newest one, as data or as text."""

from __future__ import annotations

from typing import Any

from buildx_tasks.document.migrations.hop import Note
from buildx_tasks.document.migrations.table import migrate
from buildx_tasks.document.tree import Map, plain
from buildx_tasks.errors import ConfigInvalid, UpgradeRefused
from buildx_tasks.model.apiversion import NEWEST, find_version
from buildx_tasks.model.finding import dotted


def upgrade_data(data: dict[str, Any], to: str = NEWEST) -> dict[str, Any]:
    """One document's plain mapping in the shape of version `to` (short); the input is not changed, parts are shared.

    Raises `ConfigInvalid` for an unknown apiVersion and `UpgradeRefused` where no upgrade can keep the meaning.
    """
    version = find_version(data.get("apiVersion"))
    if version is None:
        raise ConfigInvalid(f"unknown apiVersion {data.get('apiVersion')!r}", "`invoke schema.versions` lists them")
    root = Map(data)
    journey = migrate(root, version, to)
    if journey.refusals:
        raise UpgradeRefused("\n".join(map(_line, journey.refusals)), "\n".join(note.hint for note in journey.refusals))
    upgraded: dict[str, Any] = plain(root)
    return upgraded


def _line(note: Note) -> str:
    return f"{dotted(note.path)}: {note.message}"
