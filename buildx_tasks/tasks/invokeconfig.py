"""What Invoke ends with a traceback over, before any task runs: configuration that it can't read or merge."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.tasks.defaults import DEFAULTS, SECTION


def not_for_invoke() -> CannotStart:
    """The error for ``-f skaffold.yaml``: right for Skaffold, while for Invoke it names its own configuration."""
    return CannotStart(
        "-f names a configuration of Invoke's own, and this is a config of Skaffold's",
        "name it with  --filename FILE",
    )


@functools.cache
def explain_refusals() -> None:
    """Say in a line what Invoke has no message for, as far as it is about us; the rest stays a traceback."""
    before = sys.excepthook

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        refusal = _refusal(kind.__name__, error, trace)
        if refusal is None:
            before(kind, error, trace)
            return
        print(refusal, file=sys.stderr)
        _leave(refusal.exit_code)

    sys.excepthook = tell


def _refusal(kind: str, error: BaseException, trace: TracebackType | None) -> BuildxTasksError | None:
    frames = [(frame.f_code.co_name, frame.f_locals) for frame, _line in traceback.walk_tb(trace)]
    if kind == "ComposerError" and any(name == "load_runtime" for name, _locals in frames):
        return not_for_invoke() if "skaffold/" in _first_line(error) else None
    if kind == "AmbiguousMergeError":
        path = [str(local.get("key")) for name, local in frames if name == "merge_dicts"]
        return _misfit(path, frames[-1][1].get("value")) if path[:1] == [SECTION] else None
    if kind == "TypeError" and frames and frames[-1][0] == "_to_env_var":
        path = [str(key) for key in frames[-1][1].get("key_path") or ()]
        if path[:1] == [SECTION]:
            return CannotStart(f"{'.'.join(path)} in the Invoke config: keys must be text", "put quotes around numbers")
    return None


def _misfit(path: list[str], value: object) -> CannotStart:
    """The error for a mapping where there is none, or for something else where one is."""
    section = DEFAULTS[SECTION]
    wanted = "a mapping" if isinstance(section.get(path[1]) if len(path) > 1 else section, dict) else "no mapping"
    return CannotStart(
        f"{'.'.join(path)} in the Invoke config must be {wanted}, not {value!r}", "docs/settings.md has all settings"
    )


def _first_line(error: BaseException) -> str:
    """The line where YAML's first document begins: the apiVersion, in all configs that are made by hand."""
    mark = getattr(error, "context_mark", None)
    try:
        return Path(mark.name).read_text(encoding="utf-8").splitlines()[mark.line] if mark else ""
    except (OSError, ValueError, IndexError):
        return ""


def _leave(code: int) -> None:
    """End with this status; a hook for exceptions has no other way to choose one."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
