"""The guard: expected failures become an exit status, bugs stay bugs."""

from __future__ import annotations

import copy
import signal
import subprocess
import sys

import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.program import Program

from buildx_tasks.errors import BuildxTasksError, CannotStart, EngineUnfit, NothingSelected, UpgradeRefused
from buildx_tasks.tasks import namespace
from buildx_tasks.tasks.program import OurProgram
from buildx_tasks.tasks.task import GuardedTask, task

ERRORS = [
    (CannotStart("no file", "name one"), 2),
    (NothingSelected("no artifact"), 3),
    (EngineUnfit("no docker"), 4),
    (UpgradeRefused("acr"), 5),
]


def failing(error: BaseException) -> GuardedTask:
    @task
    def fail(c: Context) -> None:
        raise error

    assert isinstance(fail, GuardedTask)
    return fail


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_expected_failure_becomes_message_hint_and_status(error: BuildxTasksError, code: int) -> None:
    with pytest.raises(Exit) as caught:
        failing(error)(Context())
    assert caught.value.code == code
    assert caught.value.message == str(error)


def test_ctrl_c_is_130() -> None:
    with pytest.raises(Exit) as caught:
        failing(KeyboardInterrupt())(Context())
    assert caught.value.code == 130


def test_a_reader_that_is_gone_is_no_bug() -> None:
    code = "import buildx_tasks.tasks.program as p; p.main()"
    script = f"{sys.executable} -c '{code}' schema.versions | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() == "141"


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())(Context())


def test_the_program_prints_one_message_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(namespace=Collection(fail=failing(CannotStart("no such file: x", "name one with --filename"))))
    with pytest.raises(SystemExit) as caught:
        program.run(["x", "fail"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.strip() == "no such file: x\nname one with --filename"


def test_tasks_leave_the_short_flags_to_invoke() -> None:
    @task
    def build(c: Context, platform: str = "", dry_run: bool = False, echo: bool = False) -> None:
        """Build."""

    assert [argument.names for argument in build.get_arguments()] == [("platform",), ("dry-run",), ("echo",)]


def test_help_can_be_read_twice() -> None:
    @task(help={"platform": "one"})
    def build(c: Context, platform: str = "") -> None:
        """Build."""

    for _ in range(2):
        assert [argument.help for argument in build.get_arguments()] == ["one"]


@pytest.mark.parametrize("words", [["nothing"], ["schema.versions", "--nope"], ["schema.validate", "--format"]])
def test_what_our_own_program_can_not_parse_is_no_start(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        OurProgram(namespace=namespace()).run(["buildx-tasks", *words])
    assert caught.value.code == 2
    assert capsys.readouterr().err


def test_a_task_leaves_the_handler_of_ctrl_c_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)

    @task
    def changing(c: Context) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    changing(Context())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_copied_task_is_changed_by_itself() -> None:
    run = failing(CannotStart("never"))
    copied = copy.deepcopy(run)
    copied.help["more"] = "words"
    copied.aliases = (*copied.aliases, "other")
    assert "more" not in run.help
    assert "other" not in run.aliases
    assert copied.body is run.body
