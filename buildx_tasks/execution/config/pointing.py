"""Configs that point editors to their schema: the comment in each document, and the schema file beside."""

from __future__ import annotations

import io
import os
from pathlib import Path

from buildx_tasks.document.schema.modeline import with_modelines
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.inputs import Input
from buildx_tasks.execution.config.schemafile import SchemaFile, place_schema
from buildx_tasks.execution.files import write_atomic
from buildx_tasks.model.modeline import FilePointer


def point_to_schema(item: Input, folder: Path | None, *, write: bool) -> FilePointer:
    """Make a config point to the schemas of its versions in `folder`, by default beside it; only look without `write`.

    What can't be done is a result with a problem, not an exception: other files shall still be done.
    """
    path = item.path
    assert path is not None
    schemas: dict[str, SchemaFile] = {}

    def reference(version: str) -> str:
        schemas[version] = place_schema(path, version, folder)
        return schemas[version].reference

    try:
        old = item.read(io.BytesIO())
        done = with_modelines(old, reference, item.shown)
        missing = [schema for schema in schemas.values() if not schema.is_current()]
        if write:
            for schema in missing:
                schema.write()
            if done.changes:
                write_atomic(path, done.text.encode("utf-8", "surrogateescape"))
    except CannotStart as error:
        return FilePointer(file=item.shown, problem=str(error))
    return FilePointer(
        file=item.shown,
        schemas=tuple(_shown(schema.path) for schema in schemas.values()),
        written=tuple(_shown(schema.path) for schema in missing),
        comments=done.changes,
    )


def _shown(path: Path) -> str:
    shown = os.path.relpath(path)
    return str(path) if shown.startswith("..") else shown
