"""What the system takes as an argument of a command: how long one may be, and what no argument can hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.argv import Flag, flags
from buildx_tasks.model.config import Artifact, Config, Hook
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, spelled
from buildx_tasks.model.taskname import task_command

NUL = "\0"
SHORTER = "make it shorter, or put it into a file that the command reads"
AS_FILE = "give the build a file instead: docker.secrets with src, or buildContexts in the .buildx block"
BY_BAKE = f"or build by a bake file, which has no such limit:  {task_command('buildx.plan')} --format bake"


def check_nul(configs: Iterable[Config], artifacts: Iterable[Artifact]) -> None:
    """Raise `CannotStart` that names every field with a NUL character, which no path or argument can hold.

    `artifacts` are the selected ones. The values are those of the configs, so they are found before anything is looked
    up or run; they may be secret, so they are not shown.
    """
    parts = [
        *((item.named, "", item) for item in artifacts),
        *((config.file, "build.hooks", config.hooks) for config in configs),
    ]
    found = [
        f"{where}: {field} has a NUL character, which no path or argument can hold"
        for where, above, part in parts
        for field in dict.fromkeys(_fields_with_nul(part, above))
    ]
    if found:
        raise CannotStart("\n".join(found), "remove it: in YAML it is written \\0, \\x00 or \\u0000")


def _fields_with_nul(value: object, field: str) -> Iterator[str]:
    """The fields of a config's value, as the config spells them, whose text or texts have one."""
    if isinstance(value, str):
        if NUL in value:
            yield field
    elif isinstance(value, tuple):
        for item in value:
            yield from _fields_with_nul(item, field)
    else:
        for name in getattr(value, "__dataclass_fields__", ()):
            if part := getattr(value, name):
                yield from _fields_with_nul(part, f"{field}.{_spelled(name)}".lstrip("."))


@cache
def _spelled(name: str) -> str:
    """The name of a field as configs spell it."""
    return re.sub("_(.)", lambda letter: letter[1].upper(), name)


def long_arguments(plan: BuildPlan, longest: int) -> tuple[CannotStart, ...]:
    """A problem for each argument and variable of the plan's commands that has more than `longest` bytes (0: any)."""
    if not longest:
        return ()
    return tuple(problem for step in plan.steps for problem in _of_step(step, longest)) + tuple(
        _problem(f"{config.file}: an argument of a hook around the builds", text, longest, SHORTER)
        for config in plan.configs
        for text in _of_hooks((*config.hooks.before, *config.hooks.after), longest)
    )


def _of_step(step: BuildStep, longest: int) -> Iterator[CannotStart]:
    bake = f"{AS_FILE}\n{BY_BAKE}" if step.tool == BUILDX else AS_FILE
    build_args = {f"{arg.value.name}={arg.value.value}" for arg in step.request.build_args}
    for item in flags(step.request, spelled):
        for text in item.words:
            if _size(text) > longest:
                hint = bake if text in build_args else SHORTER
                yield _problem(f"{step.artifact.named}: {_name(item)}", text, longest, hint)
    for variable in step.environment:
        text = f"{variable.name}={variable.value}"
        if _size(text) > longest:
            yield _problem(f"{step.artifact.named}: {variable.reason} ({variable.name})", text, longest, bake)
    for text in _of_hooks((*step.hooks.before, *step.hooks.after), longest):
        yield _problem(f"{step.artifact.named}: an argument of a hook", text, longest, SHORTER)


def _of_hooks(hooks: Iterable[Hook], longest: int) -> Iterator[str]:
    return (text for hook in hooks for text in hook.command if _size(text) > longest)


def _name(item: Flag) -> str:
    """How a message calls a flag: without its value, which may be long and may be secret."""
    words = item.words
    named = words[0] if words[0].startswith("-") else item.reason
    return " ".join([named.partition("=")[0], *(word.partition("=")[0] for word in words[1:2] if "=" in word[:200])])


def _size(text: str) -> int:
    return len(os.fsencode(text))


def _problem(what: str, text: str, longest: int, hint: str) -> CannotStart:
    return CannotStart(f"{what} has {_size(text)} bytes, and an argument can have {longest} on this system", hint)
