"""What the user wants, from every place where it can be said."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from invoke.context import Context

from buildx_tasks.model.settings import Settings, block_layer
from buildx_tasks.tasks.defaults import invoke_layer


def settings_from(
    c: Context,
    flags: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    home: Path,
    buildx_block: Mapping[str, object] | None = None,
    block_file: str = "skaffold.yaml",
    warn: Callable[[str], None] | None = None,
) -> Settings:
    """Settings from, strongest first: flags, environment, Invoke config, ``.buildx:`` block, global configs.

    `flags` are settings by key, None for those that were not given; `buildx_block` is the block of
    `block_file`. Raises `CannotStart`.
    """
    from buildx_tasks.execution.config.layers import gather

    others = [invoke_layer(c, environ)]
    if buildx_block:
        others.append(block_layer(buildx_block, block_file))
    return gather(flags, others, environ, home, warn or print_warning)


def print_warning(text: str) -> None:
    """Say what is odd but no reason to stop, on standard error."""
    print_aside(f"WARNING: {text}")


def print_aside(text: str) -> None:
    """A line on standard error; where that takes nothing more, nothing is said and the work goes on."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)


def once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """A `tell` that does not repeat itself: a file that is read twice has its problem named once."""
    told: set[str] = set()

    def tell_new(text: str) -> None:
        if text not in told:
            told.add(text)
            tell(text)

    return tell_new
