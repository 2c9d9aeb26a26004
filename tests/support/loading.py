"""Configs as values, as a run reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from buildx_tasks.execution.config.load import decoded, read_configs
from buildx_tasks.model.command import Runner
from buildx_tasks.model.config import Config
from buildx_tasks.model.settings import Settings


def load_configs(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    cwd: Path,
    kube_context: str,
    runner: Runner,
    stdin: TextIO | None = None,
    notify: Callable[[str], None] = lambda _line: None,
) -> tuple[Config, ...]:
    """The configs that `settings` select, dependencies first."""
    read = read_configs(
        settings, environ=environ, cwd=cwd, kube_context=kube_context, runner=runner, stdin=stdin, notify=notify
    )
    return tuple(map(decoded, read))
