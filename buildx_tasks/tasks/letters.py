"""Skaffold's short flags. Our own program takes them; elsewhere Invoke owns the letters, and each gets an answer.

Invoke gives ``-p``, ``-d``, ``-c`` and ``-f`` a meaning of its own, wherever they stand on the command line. A task
that is mounted declares the letters all the same, so that a message can name the long flag; what Invoke means by
them still happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from invoke.parser.argument import Argument
from invoke.util import enable_logging

from buildx_tasks.errors import CannotStart

LETTERS = {
    "b": "build-image",
    "d": "default-repo",
    "f": "filename",
    "m": "module",
    "o": "template",
    "p": "profile",
    "q": "quiet",
    "t": "tag",
}
"""Letter of ``skaffold build`` -> our long flag; ``--output`` of Skaffold is our ``--template``."""
WITHOUT_FLAG = {
    "c": "set SKAFFOLD_CONFIG=FILE for Skaffold's global config; Invoke's own -c comes before the task",
    "n": "leave it out: a namespace has no effect on a build",
    "v": "leave it out; Invoke's --echo, before the task, shows every command",
}
"""Letters of ``skaffold build`` whose long flags are not taken here -> what to do; tasks that build have them."""


def with_nicknames(arguments: Iterable[Argument]) -> list[Argument]:
    """The arguments of a task in our own program: each answers to its letter."""
    nick = {long: letter for letter, long in LETTERS.items()}
    found = list(arguments)
    for argument in found:
        if letter := nick.get(argument.names[0]):
            argument.names = (argument.names[0], letter)
    return [*found, *_without_flag(found)]


def refused(arguments: Iterable[Argument]) -> list[Argument]:
    """An argument for each letter whose long flag is among `arguments`, and for those that have none."""
    arguments = list(arguments)
    names = {name for argument in arguments for name in argument.names}
    known = [
        Argument(
            name=letter,
            optional=True,
            help=f"short for --{long} in Skaffold and in buildx-tasks; write --{long} here",
        )
        for letter, long in LETTERS.items()
        if long in names
    ]
    return [*known, *_without_flag(arguments)]


def _without_flag(arguments: Iterable[Argument]) -> list[Argument]:
    if all(argument.names[0] != "build-image" for argument in arguments):
        return []
    return [
        Argument(name=letter, optional=True, help=f"a flag of Skaffold: {hint}")
        for letter, hint in WITHOUT_FLAG.items()
    ]


def take_letters(c: Any, given: dict[str, Any]) -> None:
    """Take the letters out of the keyword arguments of a task; raise `CannotStart` for one that Skaffold means.

    ``-p`` and ``-d`` alone are Invoke's ``--pty`` and ``--debug``, and ``-f`` may name a config of Invoke's.
    """
    letters = {letter: given.pop(letter) for letter in (*LETTERS, *WITHOUT_FLAG) if letter in given}
    for letter, value in letters.items():
        if value is None:
            continue
        if value is True and letter == "p":
            c.config.run.pty = True
        elif value is True and letter == "d":
            enable_logging()
        elif letter == "f" and not is_skaffolds(value):
            c.config.set_runtime_path(value)
            c.config.load_runtime()
        elif letter == "f":
            raise not_for_invoke()
        elif letter in WITHOUT_FLAG:
            raise CannotStart(f"-{letter} is not a flag of this task", WITHOUT_FLAG[letter])
        else:
            raise CannotStart(f"-{letter} is not a flag of this task", f"write  {_long(letter, value)}")


def _long(letter: str, value: object) -> str:
    return f"--{LETTERS[letter]}" if value is True else f"--{LETTERS[letter]} {value}"


def not_for_invoke() -> CannotStart:
    """The error for ``-f skaffold.yaml``: right for Skaffold, while for Invoke it names its own configuration."""
    return CannotStart(
        "-f names a configuration of Invoke's own, and this is a config of Skaffold's",
        "name it with  --filename FILE",
    )


def is_skaffolds(value: object) -> bool:
    """Whether a file is a config of Skaffold's; so is what can't be read, which Invoke could not use either."""
    if value is True or str(value) == "-":
        return True
    try:
        lines = Path(str(value)).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return True
    return any(line.partition(":")[0].strip("\"' {") == "apiVersion" and "skaffold/" in line for line in lines)
