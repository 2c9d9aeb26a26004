"""Upgrading files: each is read, rewritten in memory, and replaced in one step or not at all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.execution.config.inputs import Input
from buildx_tasks.execution.files import write_atomic
from buildx_tasks.model.upgrade import FileUpgrade


def upgrade_file(item: Input, to: str | None, stdin: BinaryIO, *, write: bool, backup: bool) -> FileUpgrade:
    """Upgrade one file to version `to`, and write it when `write` says so and it is no standard input.

    What can't be read, upgraded or written is a result with a problem, not an exception: others shall still be done.
    """
    try:
        old = item.read(stdin)
        result = _upgraded(item.shown, old, to)
        kept = ""
        if write and item.path is not None and result.changed:
            kept = _keep_aside(item.path).name if backup else ""
            write_atomic(item.path, result.new.encode("utf-8", "surrogateescape"))
    except BuildxTasksError as error:
        return FileUpgrade(file=item.shown, problem=error.message, hint=error.hint, exit_code=error.exit_code)
    return replace(result, kept=kept)


def _upgraded(file: str, old: str, to: str | None) -> FileUpgrade:
    from buildx_tasks.document.migrations.upgrade import upgrade

    done = upgrade(old, to, file=file)
    return FileUpgrade(file=file, old=old, new=done.text, before=done.before, after=done.after, notes=done.notes)


def _keep_aside(path: Path) -> Path:
    """Copy a file, with its mode and times, to the first name with .bak that is free."""
    number = 0
    while True:
        aside = path.with_name(f"{path.name}.bak{number or ''}")
        try:
            aside.touch(exist_ok=False)
            shutil.copy2(path, aside)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise CannotStart(f"{aside} can't be written: {error.strerror or error}") from error
        else:
            return aside
