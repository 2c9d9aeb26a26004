"""The lab's tasks: `lab.up`, `lab.down`, `lab.status`, `lab.env`."""

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from tasks.lab.errors import LabError, LabUnavailable
from tasks.lab.layout import RUN_VARIABLE, Layout
from tasks.lab.lifecycle import down, is_up, up
from tasks.lab.parts import NAMES, PARTS
from tasks.lab.preflight import find_problems
from tasks.lab.process import programs_in_use
from tasks.lab.state import State, read_state

FAILED, UNAVAILABLE = 1, 4


class LabTask(Task[Any]):
    """A task whose expected failures are one line each and an exit status, without a traceback."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task's body; status 4 when this machine can't run the lab, 1 when something of it failed."""
        try:
            return super().__call__(*args, **kwargs)
        except LabUnavailable as error:
            raise Exit("\n".join(f"lab: missing: {line}" for line in error.problems), UNAVAILABLE) from None
        except LabError as error:
            raise Exit(f"lab: {error}", FAILED) from None
        except KeyboardInterrupt:
            raise Exit("lab: interrupted", 130) from None


@task(
    name="up",
    klass=LabTask,
    auto_shortflags=False,
    iterable=["only"],
    help={
        "only": f"parts to start, with what they need; repeat it or use commas: {', '.join(NAMES)}",
        "refresh": "download the packages anew",
    },
)
def up_task(c: Context, only: list[str] | None = None, refresh: bool = False) -> None:
    """Start the lab, or parts of it; what runs already stays."""
    layout = _layout()
    names = [name.strip() for words in only or () for name in words.split(",")]
    up(layout, names, _say, refresh=refresh)
    print(f"lab: up in {layout.run}; `invoke lab.status` shows it, `invoke lab.down` ends it")


@task(name="down", klass=LabTask, auto_shortflags=False, help={"purge": "also remove the downloaded packages"})
def down_task(c: Context, purge: bool = False) -> None:
    """Stop the lab and remove every trace but its downloads."""
    layout = _layout()
    down(layout, _say)
    if purge:
        if users := programs_in_use(layout.cache):
            raise LabError(f"{layout.cache} is in use by another instance (process {users[0]}); take it down first")
        shutil.rmtree(layout.cache, ignore_errors=True)


@task(
    klass=LabTask, auto_shortflags=False, help={"format": "text, or json: the state file, what is up, what is missing"}
)
def status(c: Context, format: str = "text") -> None:  # noqa: A002 - named as the flag
    """Show what runs, its sockets and its ports."""
    layout = _layout()
    state = read_state(layout)
    running = [part.name for part in PARTS if is_up(part, state.parts)]
    missing = find_problems(NAMES)
    if format == "json":
        idle = [name for name in NAMES if name not in running]
        report = {
            "run": str(layout.run),
            "ident": layout.ident,
            "up": running,
            "down": idle,
            "missing": missing,
            "parts": state.parts,
        }
        print(json.dumps({**report, "packages": state.packages}, indent=1))
        return
    if format != "text":
        raise LabError(f"--format {format}: use text or json")
    for line in missing:
        print(f"missing: {line}")
    for part in PARTS:
        print(f"{part.name:<11} {'up' if part.name in running else 'down':<5} {_describe(state, part.name)}")


@task(
    klass=LabTask,
    auto_shortflags=False,
    help={"engine": "containerd or classic", "buildx": "old, new or none"},
)
def env(c: Context, engine: str = "containerd", buildx: str = "new") -> None:
    """Print shell exports for an engine: eval "$(invoke lab.env)"."""
    layout = _layout()
    parts = read_state(layout).parts
    client = parts.get("clients", {}).get(f"buildx-{buildx}")
    if client is None or engine not in parts:
        raise LabError(f"engine {engine} with buildx {buildx} is not up: run invoke lab.up")
    programs = str(Path(parts["clients"]["docker"]).parent)
    exports = {
        RUN_VARIABLE: str(layout.run),
        "DOCKER_HOST": parts[engine]["host"],
        "DOCKER_CONFIG": client["config"],
        "BUILDX_CONFIG": f"{client['config']}/buildx",
    }
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f'export PATH={shlex.quote(programs)}:"$PATH"')


def _layout() -> Layout:
    return Layout.from_environment(os.environ, os.geteuid())


def _say(line: str) -> None:
    print(f"lab: {line}", flush=True)


def _describe(state: State, name: str) -> str:
    """The addresses of a part, in one line."""
    hidden = {"processes", "store", "url", "unix", "rootfs"}
    facts = {key: value for key, value in state.parts.get(name, {}).items() if key not in hidden}
    words = [f"{key}={value}" for key, value in facts.items() if isinstance(value, str) and not value.endswith(".pem")]
    return " ".join(words)


collection = Collection("lab", up_task, down_task, status, env)
