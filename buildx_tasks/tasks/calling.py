"""How this user calls our tasks: the program, and the names under which they are mounted.

Every text that a task prints goes through `as_called`, which hides secrets too. Where the names can't be found out,
the text keeps the program ``buildx-tasks``, which works for everybody.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from invoke.collection import Collection

from buildx_tasks.model.mask import Mask
from buildx_tasks.model.taskname import PROGRAM, respell, task_command

INVOKE = ("invoke", "inv")
MODULES: list[str] = []
"""Names of the modules that have mounted our tasks, newest last."""
_masks: list[Mask] = []
"""What hides the secrets of the tasks that run now, innermost last."""
_running: list[Any] = []
"""The Invoke configs of the tasks that run now, innermost last; None for a task of our own program."""


@contextmanager
def called_with(config: Any) -> Iterator[None]:
    """Within, texts are spelled for a task that got this Invoke config; None stands for our own program.

    What looks secret in our environment is hidden in them, and what `hide` adds.
    """
    _running.append(config)
    _masks.append(Mask.of(os.environ))
    try:
        yield
    finally:
        _running.pop()
        _masks.pop()


def hide(mask: Mask) -> None:
    """Hide the secrets of `mask` too in everything that the running task prints."""
    if _masks:
        _masks[-1] = _masks[-1].with_values(mask.values)


def as_called(text: str) -> str:
    """The text without secrets, and with each of our commands as this user types it."""
    text = current_mask().text(text)
    return respell(text, _spelling()) if f"{PROGRAM} " in text else text


def current_mask() -> Mask:
    """What hides the secrets of the running task."""
    return _masks[-1] if _masks else Mask()


def _spelling() -> Callable[[str], str]:
    config: Any = _running[-1] if _running and None not in _running else None
    program = _program(config) if config is not None else ""
    if not program:
        return task_command
    module, names = _mounted(config)
    if program in INVOKE and module and module != config.tasks.collection_name:
        program = f"{program} -c {module}"

    def spell(words: str) -> str:
        *options, name = words.split(" ")
        if name == "TASK" and names:
            return f"{program} {words}"
        return " ".join([program, *options, names[name]]) if name in names else task_command(words)

    return spell


def _program(config: Any) -> str:
    """The name of the Invoke program that runs, "" when something else does, such as pytest or nox."""
    path = Path(sys.argv[0] if sys.argv else "")
    if path.name == "__main__.py":
        return f"python -m {path.parent.name}" if path.parent.name in ("invoke", "fabric") else ""
    return path.name if path.name in (*INVOKE, "fab", str(config.prefix)) else ""


def _mounted(config: Any) -> tuple[str, Mapping[str, str]]:
    """The module whose tasks run, and our names -> those in there; nothing when no module with our tasks is known."""
    for name in dict.fromkeys((config.tasks.collection_name, *reversed(MODULES))):
        if module := sys.modules.get(name):
            root = Collection.from_module(module, auto_dash_names=config.tasks.auto_dash_names)
            if names := names_in(root):
                return name, names
    return "", {}


def names_in(root: Collection) -> dict[str, str]:
    """Our tasks' own names (``buildx.config.set``) -> what they are called in `root`, for those that are in there."""
    ours = own_bodies()
    found: dict[str, str] = {}
    for name in sorted(root.task_names, key=len, reverse=True):
        if own := ours.get(root[name].body):
            found[own] = name
    return found


def own_bodies() -> dict[Callable[..., Any], str]:
    """The function of each of our tasks -> the task's own name. Copies of a task keep its function."""
    from buildx_tasks.tasks.mounting import own_collection

    root = own_collection()
    return {root[name].body: name for name in root.task_names}
