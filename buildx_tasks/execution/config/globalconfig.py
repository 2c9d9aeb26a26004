"""The two global config files: where they are, what they set, and changing ours.

Skaffold's own file is only ever read: Skaffold rewrites it, and drops the keys it does not know.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from buildx_tasks.document.yaml.nodes import YamlProblem
from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.files import locked, write_atomic
from buildx_tasks.model.layers import Layer

if TYPE_CHECKING:
    from buildx_tasks.document.globalconfig.values import GlobalConfig

OWN_VARIABLE = "BUILDX_TASKS_CONFIG"
Warn = Callable[[str], None]


def own_path(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Our file: $BUILDX_TASKS_CONFIG, else ``buildx-tasks/config.yaml`` in the platform's config folder."""
    if environ.get(OWN_VARIABLE):
        return Path(environ[OWN_VARIABLE])
    if platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        said = Path(environ.get("XDG_CONFIG_HOME", ""))
        folder = said if said.is_absolute() else home / ".config"
    return folder / "buildx-tasks" / "config.yaml"


def skaffold_path(environ: Mapping[str, str], home: Path) -> Path:
    """Skaffold's file: $SKAFFOLD_CONFIG, else ``~/.skaffold/config``."""
    return Path(environ.get("SKAFFOLD_CONFIG") or home / ".skaffold" / "config")


def config_layers(
    environ: Mapping[str, str], home: Path, kube_context: str, warn: Warn, platform: str = sys.platform
) -> list[Layer]:
    """What the global config files set for `kube_context` ("" for none), strongest first; missing files set nothing.

    Raises `CannotStart` with file and line when ours is broken. A broken file of Skaffold's is as good as
    none, as it is for Skaffold, and `warn` is told.
    """
    own, skaffold = own_path(environ, home, platform), skaffold_path(environ, home)
    if not own.exists() and not skaffold.exists():
        return []
    layers = _layers(read_config(own, home), own, home, kube_context, false_counts=True)
    try:
        other = read_config(skaffold, home)
    except CannotStart as error:
        warn(f"none of {shown(skaffold, home)} is used: {error.message}")
        return layers
    return layers + _layers(other, skaffold, home, kube_context, false_counts=False)


def read_config(path: Path, home: Path) -> GlobalConfig:
    """The file's values, empty when there is no file. Raises `CannotStart` with one line for each problem."""
    from buildx_tasks.document.globalconfig.values import read

    config = read(read_text(path, home))
    if config.problems:
        lines = [f"{shown(path, home)}:{problem}" for problem in config.problems]
        raise CannotStart("\n".join(lines), "correct the file by hand: a file that can't be parsed is not rewritten")
    return config


def read_text(path: Path, home: Path) -> str:
    """The file's text with its line ends as they are, "" when there is no file.

    Raises `CannotStart` for a file that can't be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise CannotStart(f"{shown(path, home)} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotStart(f"{shown(path, home)} is not UTF-8 text: byte {error.start}") from error


def change(path: Path, home: Path, key: str, value: str | None, kube_context: str | None) -> str | None:
    """Set `key` in our file at `path`, or unset it (None, or empty); the global section when `kube_context` is None.

    Other writers wait meanwhile, so no change is ever lost. Gives the pattern of the kube-context entry that
    holds the change, None for the global section. Raises `CannotStart`.
    """
    from buildx_tasks.document.globalconfig.edit import edit, parse_value
    from buildx_tasks.document.globalconfig.values import matching, read

    parse_value(key, value or "")
    if not value and not path.exists():
        return kube_context
    with locked(path, shown(path, home)):
        before = read_text(path, home)
        try:
            after = edit(before, key, value, kube_context)
        except YamlProblem as problem:
            where = f"{shown(path, home)}:{problem.mark.line}:{problem.mark.column}"
            raise CannotStart(f"{where}: {problem.message}", "correct or change it by hand") from problem
        if after != before:
            write_atomic(path, after.encode("utf-8"), private=not path.exists())
    config = read(after)
    at = matching(config, kube_context or "")
    return kube_context if at is None else config.contexts[at].context


def shown(path: Path, home: Path) -> str:
    """A path as people write it."""
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _layers(config: GlobalConfig, path: Path, home: Path, kube_context: str, *, false_counts: bool) -> list[Layer]:
    from buildx_tasks.document.globalconfig.values import lookup

    sections = lookup(config, kube_context, false_counts=false_counts)
    return [Layer(f"{shown(path, home)} ({section.title})", section.values) for section in sections if section.values]
