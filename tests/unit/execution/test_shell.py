"""The door to other programs, tried with real ones."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from recording import gone

from buildx_tasks.execution.shell import ShellRunner, longest_argument
from buildx_tasks.model.command import Command


def shell(script: str, **options: object) -> Command:
    return Command(argv=("sh", "-c", script), **options)  # type: ignore[arg-type]


def test_captures_both_streams_and_the_code() -> None:
    done = ShellRunner().capture(shell("echo out; echo err >&2; exit 3"))
    assert (done.code, done.stdout, done.stderr, done.ok) == (3, "out\n", "err\n", False)


def test_standard_input_is_empty() -> None:
    assert ShellRunner().capture(shell("cat; echo end")).stdout == "end\n"


def test_a_command_may_bring_its_standard_input_which_is_never_shown() -> None:
    command = shell("cat; echo end", stdin="secret\n")
    assert ShellRunner().capture(command).stdout == "secret\nend\n"
    assert "secret" not in repr(command)


def test_captures_much_output_whole() -> None:
    done = ShellRunner().capture(shell("head -c 3000000 /dev/zero | tr '\\0' x"))
    assert len(done.stdout) == 3_000_000


def test_a_missing_program_is_a_result() -> None:
    done = ShellRunner().capture(Command(argv=("no-such-program-here",)))
    assert done.missing
    assert done.code == 127
    assert not ShellRunner().capture(shell("exit 127")).missing


@pytest.mark.parametrize(
    ("argument", "why"), [("a" * 10_000_000, "Argument list too long"), ("a\0b", "embedded null byte")]
)
def test_what_the_system_does_not_start_is_a_result(argument: str, why: str) -> None:
    command = Command(argv=("echo", argument))
    said: list[str] = []
    for done in (ShellRunner().capture(command), ShellRunner().stream(command, said.append)):
        assert (done.code, done.stderr, done.missing) == (126, f"echo can't be started: {why}", False)
    assert said == []
    done = ShellRunner().capture(Command(argv=("echo",), cwd="/no/such/folder"))
    assert (done.code, done.stderr) == (126, "echo can't be started: No such file or directory")


@pytest.mark.skipif("sys.platform != 'linux'")
def test_the_longest_argument_is_what_the_system_takes() -> None:
    longest = longest_argument()
    assert ShellRunner().capture(Command(argv=("true", "a" * longest))).ok
    assert ShellRunner().capture(Command(argv=("true", "a" * (longest + 1)))).code == 126
    assert ShellRunner().capture(Command(argv=("true",), env=(("A", "a" * (longest - 2)),))).ok
    assert ShellRunner().capture(Command(argv=("true",), env=(("A", "a" * (longest - 1)),))).code == 126


def test_a_timeout_ends_the_command_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "child"
    begin = time.monotonic()
    assert ShellRunner().capture(shell(f"sleep 60 & echo $! > {pid_file}; wait", timeout=0.4)).timed_out
    assert time.monotonic() - begin < 20
    assert gone(int(pid_file.read_text(encoding="utf-8")))


def test_environment_is_added_to_the_base_and_the_directory_is_used(tmp_path: Path) -> None:
    runner = ShellRunner({"PATH": os.environ["PATH"], "BASE": "1"})
    done = runner.capture(shell('echo "$BASE $MORE"; pwd', env=(("MORE", "2"),), cwd=str(tmp_path)))
    assert done.stdout == f"1 2\n{tmp_path.resolve()}\n"


def test_streams_whole_lines_of_both_streams_in_order() -> None:
    lines: list[str] = []
    done = ShellRunner().stream(shell("echo a; echo b >&2; printf 'gr\\303\\274n'; exit 4"), lines.append)
    assert lines == ["a\n", "b\n", "grün\n"]
    assert (done.code, done.stdout) == (4, "a\nb\ngrün\n")


def test_a_terminal_stream_gives_the_command_a_terminal() -> None:
    pieces: list[str] = []
    done = ShellRunner().stream(shell("test -t 1 && test -t 2 && printf 'yes\\r\\n'"), pieces.append, terminal=True)
    assert done.ok
    assert "".join(pieces) == "yes\r\n"


def test_stop_ends_a_command_with_its_children_and_refuses_new_ones(tmp_path: Path) -> None:
    runner = ShellRunner()
    pid_file = tmp_path / "child"
    stopper = threading.Timer(0.5, runner.stop)
    stopper.start()
    done = runner.stream(shell(f"sleep 60 & echo $! > {pid_file}; wait"), lambda _text: None)
    stopper.join()
    assert not done.ok
    assert gone(int(pid_file.read_text(encoding="utf-8")))
    with pytest.raises(KeyboardInterrupt):
        runner.capture(shell("true"))


def test_the_log_of_sh_never_shows_an_argv(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        ShellRunner().capture(shell("true # token-value"))
    assert "token-value" not in caplog.text


def test_a_question_that_was_begun_as_the_signal_came_is_ended_too() -> None:
    class Late(ShellRunner):
        def _start(self, program: str, command: Command, options: dict[str, Any]) -> Any:
            process = super()._start(program, command, options)
            self.stop_asking()
            return process

    begin = time.monotonic()
    # Not through a shell, which may miss the signal while it is starting its own command.
    assert not Late().capture(Command(argv=("sleep", "60"))).ok
    assert time.monotonic() - begin < 20
