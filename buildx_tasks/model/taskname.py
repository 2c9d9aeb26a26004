"""How messages name a task: as a command that is right everywhere, and that whoever prints it may spell otherwise.

The program ``buildx-tasks`` is installed with the package, so ``buildx-tasks schema.upgrade`` works for everybody: from
a shell, from nox, beside the Python API. The layers below the tasks write exactly that, through `task_command`; the
tasks know under which name they are mounted and which program runs them, and print every text through `respell`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

PROGRAM = "buildx-tasks"
HELP = f"{PROGRAM} --help"
"""The command that shows the arguments of a task, whose name follows."""

_COMMAND = re.compile(rf"\b{PROGRAM} (?:--help (?:TASK|[a-z.]+)|(?:buildx|schema)(?:\.[a-z]+)+)")


def task_command(name: str) -> str:
    """The command that runs the task `name`, such as ``buildx.config.set``; arguments may follow it in the text."""
    return f"{PROGRAM} {name}"


def respell(text: str, spell: Callable[[str], str]) -> str:
    """The same text, each of its commands as `spell` gives it; that gets what follows the program's name."""
    return _COMMAND.sub(lambda found: spell(found[0].removeprefix(f"{PROGRAM} ")), text)
