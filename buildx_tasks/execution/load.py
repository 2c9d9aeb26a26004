"""From files to configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from buildx_tasks.document.decode import decode_config
from buildx_tasks.document.source import Document, parse
from buildx_tasks.errors import CannotStart
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
    notify: Callable[[str], None],
) -> tuple[Config, ...]:
    """The configs of the file that `settings` name."""
    del environ, kube_context, runner, notify
    path = cwd / (settings.filename or "skaffold.yaml")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise CannotStart(f"config file {path} not found") from None
    return tuple(_decode(document, str(path)) for document in parse(text))


def _decode(document: Document, file: str) -> Config:
    return decode_config(document.data, file=file, line_of=lambda path: document.place(path).line)
