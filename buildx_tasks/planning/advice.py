"""How to get a builder: what helps where a docker daemon answers is of no use where none does."""

from __future__ import annotations

from buildx_tasks.model.taskname import task_command

SELECT = f"{task_command('buildx.config.set')} --global buildx-builder NAME"
ADDRESS = "tcp://HOST:1234"
"""An endpoint as it looks."""


def builder_advice(name: str, *, daemon: bool) -> str:
    """Commands that create a builder and select it: one in a container of the `daemon`, else a BuildKit elsewhere."""
    if daemon:
        create = f"docker buildx create --name {name} --driver docker-container --bootstrap"
        return f"create one:  {create}\nselect one:  {SELECT}"
    create = f"docker buildx create --name {name} --driver remote {ADDRESS}"
    return (
        f"create one for a BuildKit that runs elsewhere:  {create}\n"
        f"select one:  {SELECT}\n"
        f"or give its address, for one command:  BUILDKIT_HOST={ADDRESS} {task_command('buildx.build')}"
    )


ELSEWHERE = "start docker, or build somewhere else:\n" + builder_advice("remote", daemon=False)
"""What to do where a docker daemon is needed and none answers."""
