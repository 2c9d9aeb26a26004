"""`docs/tasks.md`: every task with its arguments, from the tasks themselves."""

from __future__ import annotations

from typing import Any

import buildx_tasks

HEAD = """\
# Tasks

<!-- Made by `invoke docs.generate` from the tasks themselves: change them there. -->

`invoke --help TASK` shows the same. Repeated flags collect; commas separate in them too, except where a value may hold
commas itself. `[=false]` may follow a flag that means true by itself. Invoke's own `--dry`, `--echo`, `--hide`, `--pty`
and `--command-timeout` work, before the task's name. Without a `tasks.py` every task
runs as `buildx-tasks TASK`, which takes Skaffold's short flags: `-b -d -f -m -p -q -t`, and `-o` for `--template`. With
`invoke` these letters are Invoke's own (`-p` is `--pty`); after a task's name each gets a message with the long flag.

The exit status of every task: 0 when all went well, 1 when work was done and something failed, 2 when it could not
start (arguments, file, YAML, schema), 3 when nothing was selected, 4 when docker, buildx or the builder is missing or
unfit, 5 when an upgrade was refused, 130, 143 or 129 when SIGINT (Ctrl-C), SIGTERM or SIGHUP ended it. A command line
that can't be parsed ends
`buildx-tasks` with 2; `invoke` itself ends with 1 there, before any task of ours has a say. Several tasks may stand on
one command line; a flag that may have a value, such as `--push`, is then no good last word: write `--push=true`.
"""


def tasks_page() -> str:
    """The whole page."""
    namespace = buildx_tasks.namespace()
    return HEAD + "".join(_section(name, namespace[name]) for name in sorted(namespace.task_names))


def _section(name: str, task: Any) -> str:
    doc = (task.__doc__ or "").strip()
    arguments = [argument for argument in task.get_arguments() if len(argument.names[0]) > 1]
    rows = [f"| `{_spelled(argument)}` | {argument.help or ''} |" for argument in arguments]
    table = "\n".join(("", "| argument | meaning |", "|---|---|", *rows, "")) if rows else ""
    return f"\n## {name}\n\n{doc}\n{table}"


def _spelled(argument: Any) -> str:
    name = str(argument.name).strip("_").replace("_", "-")
    if argument.positional:
        return name.upper()
    if argument.optional:
        return f"--{name}[=false]"
    return f"--{name}" if argument.kind is bool else f"--{name}=…"
