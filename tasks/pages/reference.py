"""`docs/tasks.md`: every task with its arguments, from the tasks themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import buildx_tasks
from buildx_tasks.tasks.options import BUILD, SELECTION

HEAD = """\
# Tasks

<!-- Made by `invoke docs.generate` from the tasks themselves: change them there. -->

Each task with its arguments. `invoke --list` shows the tasks, `invoke --help TASK` the arguments of one:

```console
$ invoke --help buildx.build
```

Repeat a flag, or use commas, for several values, except where a value may contain commas itself. `[=false]` is an
optional value. Invoke's own `--dry`, `--echo`, `--hide`, `--pty` and `--command-timeout` work as well, before the
task's name. Without a `tasks.py` every task runs as `buildx-tasks TASK`, which takes Skaffold's short flags: `-b -d
-f -m -p -q -t`, and `-o` for `--template`. With `invoke` these letters are Invoke's own (`-p` is `--pty`); after a
task's name each gets a message with the long flag.

The exit status of every task: 0 when all went well, 1 when work was done and something failed, 2 when it could not
start (arguments, file, YAML, schema), 3 when nothing was selected, 4 when docker, buildx or the builder is missing or
unsuitable, 5 when an upgrade was refused, 130, 143 or 129 when SIGINT (Ctrl-C), SIGTERM or SIGHUP ended it. A command
line that can't be parsed ends `buildx-tasks` with 2; `invoke` itself ends with 1, before it runs a task. Several
tasks can be given on one command line. Write `--push=true` instead of `--push` in front of another task, because
Invoke takes the next word for its value.
"""


SHARED = (
    (
        "Flags of the selection",
        "Which configs, profiles and artifacts a task works on. Several tasks take all of them.",
        tuple(option.flag for option in SELECTION),
    ),
    (
        "Flags of a build",
        "How artifacts are built. The tasks that build, show or check a build take all of them.",
        tuple(option.flag for option in BUILD),
    ),
)
"""Flags that several tasks have alike, so that the page has them once: heading, meaning and flags."""


VALUED = ("update",)
"""Arguments whose optional value is more than a boolean."""


def tasks_page() -> str:
    """The whole page: every task, then the flags that several tasks share."""
    namespace = buildx_tasks.namespace()
    tasks = "".join(_section(name, namespace[name]) for name in sorted(namespace.task_names))
    build = _rows(namespace["buildx.build"])
    shared = "".join(
        f"\n## {heading}\n\n{meaning}\n{_table([row for row in build if _flag(row) in flags])}"
        for heading, meaning, flags in SHARED
    )
    return HEAD + tasks + shared


def _section(name: str, task: Any) -> str:
    doc = (task.__doc__ or "").strip()
    rows = _rows(task)
    links = []
    for heading, _meaning, flags in SHARED:
        if set(flags) <= {_flag(row) for row in rows}:
            rows = [row for row in rows if _flag(row) not in flags]
            links.append(f"[{heading.lower()}](#{heading.lower().replace(' ', '-')})")
    also = f"\nIt takes the {' and the '.join(links)}{', and:' if rows else '.'}\n" if links else ""
    return f"\n## {name}\n\n{doc}\n{also}{_table(rows)}"


def _rows(task: Any) -> Sequence[str]:
    """The rows of a table of a task's arguments; Invoke's one-letter spellings are left out."""
    arguments = [argument for argument in task.get_arguments() if len(argument.names[0]) > 1]
    return [f"| `{_spelled(argument)}` | {argument.help or ''} |" for argument in arguments]


def _flag(row: str) -> str:
    return row.removeprefix("| `").partition("`")[0].partition("[")[0].partition("=")[0]


def _table(rows: Sequence[str]) -> str:
    return "\n".join(("", "| argument | meaning |", "|---|---|", *rows, "")) if rows else ""


def _spelled(argument: Any) -> str:
    name = str(argument.name).strip("_").replace("_", "-")
    if argument.positional:
        return name.upper()
    if argument.optional:
        return f"--{name}[=…]" if name in VALUED else f"--{name}[=false]"
    return f"--{name}" if argument.kind is bool else f"--{name}=…"
