"""The JSON Schema of a version as a file beside the configs that point to it, for editors."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePath

from buildx_tasks.document.schema.catalogue import SCHEMA_ID, project
from buildx_tasks.document.schema.modeline import modeline
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import write_atomic
from buildx_tasks.execution.paths import exists, read_regular

NAME = ".skaffold.{version}.schema.json"


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """The file of the schema of `version`, and `reference`, how a config names it: the path from its folder."""

    path: Path
    version: str
    reference: str

    @property
    def modeline(self) -> str:
        """The comment for the config."""
        return modeline(self.reference)

    def content(self) -> bytes:
        """The bytes that the file must have."""
        return f"{json.dumps(project(self.version), indent=2)}\n".encode()

    def is_current(self) -> bool:
        """Whether the file is there and holds the schema. Raises `CannotStart` for a file of something else."""
        if not exists(self.path):
            return False
        try:
            data = read_regular(self.path)
        except OSError as error:
            raise CannotStart(f"{self.path} can't be read: {error.strerror or error}") from None
        if data == self.content():
            return True
        if not _is_ours(data):
            raise CannotStart(
                f"{self.path} exists and is not a schema of buildx-tasks", "move it, or name another  --folder"
            )
        return False

    def write(self) -> None:
        """Write the file, or replace the schema of another release. Raises `CannotStart`."""
        if not self.is_current():
            write_atomic(self.path, self.content())


def place_schema(config: Path, version: str, folder: Path | None = None) -> SchemaFile:
    """The schema file for a config: in `folder`, or else beside it. Raises `CannotStart` for a path with blanks."""
    name = NAME.format(version=version)
    if folder is None:
        return SchemaFile(config.parent / name, version, name)
    reference = PurePath(os.path.relpath(folder / name, config.parent)).as_posix()
    if len(reference.split()) > 1:
        raise CannotStart(f"editors can't find a schema at a path with blanks: {reference}", "name another  --folder")
    return SchemaFile(folder / name, version, reference)


def _is_ours(data: bytes) -> bool:
    try:
        found = json.loads(data)
    except ValueError:
        return False
    return isinstance(found, dict) and str(found.get("$id", "")).startswith(SCHEMA_ID)
