"""The lock file of a run: where it is, and what it holds."""

from __future__ import annotations

from pathlib import Path

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.config.configfile import locate
from buildx_tasks.execution.config.inputs import DEFAULT_NAMES
from buildx_tasks.execution.paths import exists, read_regular
from buildx_tasks.model.lock import LOCK_FILE, Lock
from buildx_tasks.model.settings import OFF, Settings
from buildx_tasks.model.taskname import task_command

SWITCHED_OFF = (OFF, "False")
"""YAML reads a plain ``off`` as a boolean."""


def lock_path(settings: Settings, cwd: Path) -> Path | None:
    """The lock file that `settings` name, else ``buildx.lock`` beside the root config; None when it is switched off.

    For a config from standard input or a web address it is in the current folder.
    """
    if settings.lock_file in SWITCHED_OFF:
        return None
    if settings.lock_file:
        return cwd / settings.lock_file
    return locate(settings.filename or DEFAULT_NAMES[0], cwd, cwd).folder / LOCK_FILE


def shown_lock(path: Path, cwd: Path) -> str:
    """How messages name the lock file."""
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


def read_lock(settings: Settings, cwd: Path) -> Lock | None:
    """The lock file of a run, None when there is none.

    Raises `CannotStart` for one that is wrong, and for one that is named and missing.
    """
    path = lock_path(settings, cwd)
    if path is None or (not settings.lock_file and not exists(path)):
        return None
    from buildx_tasks.document.formats.lockfile import parse_lock

    file = shown_lock(path, cwd)
    try:
        return parse_lock(read_regular(path).decode("utf-8", "replace"), file)
    except OSError as error:
        hint = f"write it:  {task_command('buildx.lock')} --lock-file {file}"
        raise CannotStart(f"lock file {file} can't be read: {error.strerror}", hint) from error
