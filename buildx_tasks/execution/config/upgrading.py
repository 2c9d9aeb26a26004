"""Upgrading files: each is read, rewritten in memory, and replaced in one step or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from buildx_tasks.errors import BuildxTasksError
from buildx_tasks.execution.config.inputs import Input
from buildx_tasks.execution.files import keep_old, write_atomic
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
            kept = _replace(item.path, result, backup=backup)
    except BuildxTasksError as error:
        return FileUpgrade(file=item.shown, problem=error.message, hint=error.hint, exit_code=error.exit_code)
    return replace(result, kept=kept)


def _upgraded(file: str, old: str, to: str | None) -> FileUpgrade:
    from buildx_tasks.document.migrations.upgrade import upgrade

    done = upgrade(old, to, file=file)
    return FileUpgrade(file=file, old=old, new=done.text, before=done.before, after=done.after, notes=done.notes)


def _replace(path: Path, result: FileUpgrade, *, backup: bool) -> str:
    """Write the new text, and with `backup` first the text that was read; its name, which is free again on failure."""
    kept = keep_old(path, result.old.encode("utf-8", "surrogateescape")) if backup else None
    try:
        write_atomic(path, result.new.encode("utf-8", "surrogateescape"))
    except BaseException:
        if kept is not None:
            kept.unlink(missing_ok=True)
        raise
    return kept.name if kept is not None else ""
