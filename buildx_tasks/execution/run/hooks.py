"""Running build hooks: host commands that a config names, around one build or around all of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.paths import is_folder
from buildx_tasks.model.command import Command, Completed, Runner, Write
from buildx_tasks.model.config import Hook
from buildx_tasks.planning.build.hooks import Variables

BEFORE = "pre-build"
AFTER = "post-build"


def run_hooks(
    hooks: Sequence[Hook],
    phase: str,
    *,
    environment: Variables,
    runner: Runner,
    write: Write,
    host_os: str,
    cwd: str,
) -> None:
    """Run `hooks` one after the other, without a shell; their output and two lines of ours go to `write`.

    `phase` is `BEFORE` or `AFTER`. A hook for other systems than `host_os` (``linux``, ``darwin``) is left out without
    a word, as in Skaffold. A hook runs in its ``dir``, relative to `cwd`, else in `cwd`.
    Raises `WorkFailed` for the first one that fails; the rest is not started.
    """
    if not hooks:
        return
    write(f"Starting {phase} hooks...\n")
    for hook in hooks:
        if hook.os and host_os not in hook.os:
            continue
        folder = Path(cwd, hook.dir)
        if not is_folder(folder):
            raise WorkFailed(f"{phase} hook {_shown(hook)}: its dir {folder} does not exist")
        done = runner.stream(Command(argv=hook.command, env=environment, cwd=str(folder)), write)
        if not done.ok:
            raise WorkFailed(f"{phase} hook {_shown(hook)} {_end(done)}", f"it ran in {folder}")
    write(f"Completed {phase} hooks\n")


def _shown(hook: Hook) -> str:
    return shlex.join(hook.command)


def _end(done: Completed) -> str:
    if done.timed_out:
        return "timed out (--command-timeout)"
    return "was not found" if done.missing else f"ended with {done.code}"
