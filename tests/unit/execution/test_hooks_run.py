from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildx_tasks.errors import WorkFailed
from buildx_tasks.execution.run.hooks import AFTER, BEFORE, run_hooks
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.config import Hook


def run(cwd: Path, *hooks: Hook, phase: str = BEFORE) -> str:
    told: list[str] = []
    try:
        run_hooks(
            hooks,
            phase,
            environment=(("SKAFFOLD_IMAGE", "app:v1"),),
            runner=ShellRunner({"PATH": os.environ["PATH"]}),
            write=told.append,
            host_os="linux",
            cwd=str(cwd),
        )
    finally:
        (cwd / "told").write_text("".join(told))
    return "".join(told)


def script(text: str) -> tuple[str, ...]:
    return ("sh", "-c", text)


def test_hooks_run_in_order_with_their_environment_and_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    told = run(
        tmp_path,
        Hook(command=script("echo one $SKAFFOLD_IMAGE; echo two >&2")),
        Hook(command=script('basename "$PWD"'), dir="sub"),
        Hook(command=("echo", "$HOME"), os=("darwin", "linux")),
        phase=AFTER,
    )
    assert told == "Starting post-build hooks...\none app:v1\ntwo\nsub\n$HOME\nCompleted post-build hooks\n"


def test_hooks_of_other_systems_are_left_out(tmp_path: Path) -> None:
    told = run(tmp_path, Hook(command=("false",), os=("windows", "darwin")))
    assert told == "Starting pre-build hooks...\nCompleted pre-build hooks\n"


def test_no_hooks_say_nothing(tmp_path: Path) -> None:
    assert run(tmp_path) == ""


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (Hook(command=script("echo bad; exit 3")), "pre-build hook sh -c 'echo bad; exit 3' ended with 3"),
        (Hook(command=("no-such-program", "x")), "pre-build hook no-such-program x was not found"),
        (Hook(command=("true",), dir="none"), "its dir .*/none does not exist"),
    ],
)
def test_a_failing_hook_stops_the_rest(tmp_path: Path, hook: Hook, message: str) -> None:
    with pytest.raises(WorkFailed, match=message):
        run(tmp_path, Hook(command=("echo", "first")), hook, Hook(command=("echo", "never")))
    told = (tmp_path / "told").read_text()
    assert "first" in told
    assert "never" not in told
    assert "Completed" not in told


def test_a_relative_program_is_found_in_the_hooks_folder(tmp_path: Path) -> None:
    program = tmp_path / "sub" / "hook.sh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho found\n")
    program.chmod(0o755)
    assert "found\n" in run(tmp_path, Hook(command=("./hook.sh",), dir="sub"))
