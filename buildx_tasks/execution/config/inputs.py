"""The files that a schema task is asked to look at: by name, by pattern, from standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.paths import LARGEST_FILE, exists, is_file, is_folder, read_start
from buildx_tasks.model.taskname import task_command

STDIN = "-"
DEFAULT_NAMES = ("skaffold.yaml", "skaffold.yml")


@dataclass(frozen=True, slots=True)
class Input:
    """One file: `shown` is how messages name it, `path` is None for standard input."""

    shown: str
    path: Path | None = None

    def read(self, stdin: BinaryIO) -> str:
        """The text; bytes that are no UTF-8 come as lone surrogates. Raises `CannotStart`."""
        try:
            data = stdin.read(LARGEST_FILE + 1) if self.path is None else read_start(self.path, LARGEST_FILE + 1)
        except OSError as error:
            raise CannotStart(f"{self.shown} can't be read: {error.strerror or error}") from error
        if len(data) > LARGEST_FILE:
            raise CannotStart(f"{self.shown} has more than {LARGEST_FILE} bytes")
        return data.decode("utf-8", "surrogateescape")


def find_inputs(names: Sequence[str], cwd: Path) -> list[Input]:
    """The files that `names` mean, each once: files, folders that hold a config, patterns with ``**``, ``-``.

    No name stands for the config in `cwd`. A name with commas that is no file is several names. Raises
    `CannotStart` with all that was not found.
    """
    if not names:
        return [_default(cwd)]
    found: dict[str, Input] = {}
    missing: list[str] = []
    for name in [part for given in names for part in _parts(given, cwd)]:
        inputs = list(_expand(name, cwd))
        if not inputs:
            folder = is_folder(cwd / name)
            missing.append(f"{name}: no {' or '.join(DEFAULT_NAMES)} in it" if folder else f"{name}: no such file")
        for item in inputs:
            found.setdefault(os.path.realpath(item.path) if item.path else item.shown, item)
    if missing:
        raise CannotStart("\n".join(missing), "name files, or folders that hold one; quote patterns for the shell")
    return list(found.values())


def _default(cwd: Path) -> Input:
    for name in DEFAULT_NAMES:
        if exists(cwd / name):
            return Input(name, cwd / name)
    raise CannotStart(
        f"no {' or '.join(DEFAULT_NAMES)} in {cwd}",
        f"name a file with --filename\nor write one from the Dockerfiles here:  {task_command('buildx.init')}",
    )


def _parts(name: str, cwd: Path) -> list[str]:
    return [name] if exists(cwd / name) else [part for part in name.split(",") if part]


def _expand(name: str, cwd: Path) -> Iterator[Input]:
    if name == STDIN:
        yield Input("<stdin>")
    elif is_folder(cwd / name):
        names = [str(Path(name) / default) for default in DEFAULT_NAMES]
        yield from (Input(inner, cwd / inner) for inner in names if is_file(cwd / inner))
    elif exists(cwd / name):
        yield Input(name, cwd / name)
    elif glob.has_magic(name):
        for match in sorted(glob.glob(name, root_dir=cwd, recursive=True)):  # noqa: PTH207 - may be absolute
            if is_file(cwd / match):
                yield Input(match, cwd / match)
