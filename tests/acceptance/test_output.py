"""What a user sees of several builds at once: on a terminal, in a log, under a CI service, and with each option."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recording import Project, gone, make_project, without_times
from terminal import on_terminal

TWO = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts: [{image: app, context: app}, {image: web}]\n"
SAID = "#1 [1/2] FROM busybox\n#2 [2/2] RUN make\n#2 0.1 cc\n#2 DONE 0.1s\n"
BUILD = ("buildx.build", "--batch", "off", "--tag", "v1")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path, TWO)
    project.docker.table["buildx build"] = (0, "", SAID)
    return project


def on_a_terminal(project: Project, *words: str) -> str:
    """What a task writes to a terminal of 80 columns."""
    project.docker.save()
    reading, writing = pty.openpty()
    command = [sys.executable, "-m", "invoke", *words]
    env = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"} | project.environment()
    with subprocess.Popen(command, cwd=project.folder, env=env, stdout=writing, stderr=subprocess.DEVNULL):
        os.close(writing)
        pieces = []
        while True:
            try:
                piece = os.read(reading, 65536)
            except OSError:  # every writer is gone
                break
            if not piece:
                break
            pieces.append(piece)
    os.close(reading)
    return b"".join(pieces).decode()


def test_a_log_has_a_block_for_each_build(project: Project) -> None:
    lines = without_times(project.invoke(*BUILD).stdout.splitlines())
    for image in ("app", "web"):
        begin, end = lines.index(f"Building [{image}]..."), lines.index(f"Build [{image}] succeeded")
        assert [line for line in lines[begin + 1 : end] if line] == SAID.splitlines()


def test_github_folds_the_blocks(project: Project) -> None:
    project.env["GITHUB_ACTIONS"] = "true"
    lines = without_times(project.invoke(*BUILD).stdout.splitlines())
    for image in ("app", "web"):
        begin, end = lines.index(f"::group::Building [{image}]..."), lines.index(f"Build [{image}] succeeded")
        assert lines[end - 1] == "::endgroup::"
        assert "#2 0.1 cc" in lines[begin:end]
    assert project.invoke("--hide=out", *BUILD).stdout.count("::") == 0


def test_plain_prints_every_line_as_it_comes(project: Project) -> None:
    project.env["NO_COLOR"] = "1"
    for said in (
        project.invoke(*BUILD, "--progress", "plain").stdout,
        on_a_terminal(project, *BUILD, "--progress=plain"),
    ):
        assert "\x1b" not in said
        assert said.count("[app] #2 0.1 cc") == said.count("[web] #2 0.1 cc") == 1


def test_a_terminal_has_a_board(project: Project) -> None:
    project.docker.duration = 0.8
    said = on_a_terminal(project, *BUILD)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)
    assert re.search(r" s  app  \[2/2\] RUN make: cc +\r\n", text)
    assert re.search(r" s  web  \[2/2\] RUN make: cc +\r", text)
    assert "#2 0.1 cc" not in said
    shown = on_terminal(project, *BUILD, "--no-cache-artifacts", lines=50).rows
    end = [line for line in without_times(shown) if line.startswith(("Build [", " - ", "2 "))][-5:]
    assert sorted(end[:2]) == ["Build [app] succeeded", "Build [web] succeeded"]
    assert end[2].startswith(" - app -> app:111111111111... (0 of 1")
    assert end[4] == "2 built"


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_can_not_draw_has_none(project: Project, term: str) -> None:
    project.env["TERM"] = term
    said = on_a_terminal(project, *BUILD)
    assert "\x1b" not in said
    assert said.count("#2 0.1 cc") == 2


def test_a_failed_build_leaves_its_line_above_the_board(project: Project) -> None:
    project.env["NO_COLOR"] = "1"
    project.docker.table = {"buildx build app": (1, "", "#2 [2/2] RUN make\nERROR: no luck\n"), **project.docker.table}
    said = on_a_terminal(project, *BUILD, "--keep-going")
    assert "Build [app] failed: no luck (" in said
    assert "Build [web] succeeded (" in said
    assert "1 built, 1 failed · " in said


@pytest.mark.parametrize("value", ["rawjson", "tty", "plain"])
def test_what_is_read_is_plain_whatever_the_user_has_set_for_docker(project: Project, value: str) -> None:
    project.env["BUILDKIT_PROGRESS"] = value
    project.docker.environment = ("BUILDKIT_PROGRESS",)
    assert project.invoke(*BUILD).returncode == 0
    assert [call["env"]["BUILDKIT_PROGRESS"] for call in project.docker.builds] == ["plain", "plain"]


def test_a_terminal_that_is_asked_for_and_not_there(project: Project) -> None:
    done = project.invoke(*BUILD, "--progress", "tty")
    assert done.returncode == 2
    assert "progress is tty (flag), and standard output is not a terminal" in done.stderr
    assert not project.docker.builds
    assert "Building 2 artifacts in parallel" in on_a_terminal(project, *BUILD, "--progress", "tty")


def test_what_was_held_back_of_builds_that_were_stopped_is_shown(project: Project) -> None:
    project.docker.duration = 60
    with project.start(*BUILD) as process:
        while len(project.docker.builds) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            out, _err = process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 130
    assert out.count("#2 0.1 cc") == 2


STUBBORN = "trap '' INT TERM; echo $$ > pid; while :; do sleep 0.1; done\n"


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_waiting_and_not_the_result(project: Project, second: signal.Signals) -> None:
    artifacts = "[{image: app, context: app}, {image: web, custom: {buildCommand: sh ./stubborn}}]"
    project.write("skaffold.yaml", TWO.partition("  artifacts:")[0] + f"  artifacts: {artifacts}\n")
    project.write("stubborn", STUBBORN)
    with project.start(*BUILD, "--file-output", "build.json") as process:
        assert process.stdout is not None
        while "Build [app] succeeded" not in process.stdout.readline() or not (project.folder / "pid").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(second)
        try:
            _out, err = process.communicate(timeout=15)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err
    entries = json.loads((project.folder / "build.json").read_text())["builds"]
    assert [entry["imageName"] for entry in entries] == ["app"]
    assert gone(int((project.folder / "pid").read_text()))


@pytest.mark.parametrize("words", [BUILD, ("buildx.plan",), ("buildx.doctor",), ("schema.versions",)])
def test_a_full_disk_under_standard_output_is_said_in_a_line(project: Project, words: tuple[str, ...]) -> None:
    project.docker.save()
    more = ("--file-output", "build.json") if words == BUILD else ()
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "invoke", *words, *more]
        done = subprocess.run(
            command, cwd=project.folder, env=project.environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "standard output can't be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if words == BUILD:
        entries = json.loads((project.folder / "build.json").read_text())["builds"]
        assert [entry["imageName"] for entry in entries] == ["app", "web"]


def test_what_the_encoding_has_no_letters_for_is_spelled(project: Project) -> None:
    project.docker.table["buildx build"] = (0, "", "#1 [1/2] FROM busybox\n#1 0.1 grün \u2713\n")
    project.env["PYTHONIOENCODING"] = "ascii"
    project.docker.save()
    done = project.invoke(*BUILD)
    assert (done.returncode, "gr\\xfcn \\u2713" in done.stdout) == (0, True), done.stderr


def test_result_files_that_can_not_be_written_are_missed_before_the_build(project: Project) -> None:
    project.write("file", "")
    for words, why in (
        (("--file-output", "gone/build.json"), "there is no folder"),
        (("--file-output", "app"), "it is a folder"),
        (("--metadata-output", "file/x"), "Not a directory"),
    ):
        done = project.invoke(*BUILD, *words)
        assert (done.returncode, f"{words[1]} can't be written: {why}" in done.stderr) == (2, True), done.stderr
    assert not project.docker.builds
    assert '"builds"' in project.invoke(*BUILD, "--hide", "out", "--file-output", "/dev/stdout").stdout


def test_a_command_whose_time_is_up_says_so(project: Project) -> None:
    project.docker.duration = 60
    project.write("skaffold.yaml", TWO.replace("{image: web}", "{image: web, custom: {buildCommand: sleep 60}}"))
    done = project.invoke("--command-timeout", "3", *BUILD, "--keep-going")
    assert done.returncode == 1
    for image in ("app", "web"):
        assert f"build [{image}] failed: it timed out" in done.stderr
    assert "--command-timeout SECONDS" in done.stderr
    hook = "{image: app, context: app, hooks: {before: [{command: [sleep, '60']}]}}"
    project.write("skaffold.yaml", TWO.replace("{image: app, context: app}", hook))
    done = project.invoke("--command-timeout", "3", *BUILD, "--artifact", "app")
    assert "pre-build hook sleep 60 timed out (--command-timeout)" in done.stderr


def test_what_is_left_out_after_a_failure_is_named(project: Project) -> None:
    project.docker.table["buildx build"] = (1, "", "ERROR: no\n")
    done = project.invoke(*BUILD, "--concurrency", "1")
    assert done.returncode == 1
    lines = without_times(done.stdout.splitlines())
    assert [line for line in lines if line.startswith("Build [")] == ["Build [app] failed"]
    assert lines[-3:] == ["Skipped (app failed): web", "", "1 failed, 1 skipped"]


def test_a_last_line_without_an_end_does_not_run_into_ours(project: Project) -> None:
    project.docker.table["buildx build"] = (0, "", "drawn without an end")
    project.env["NO_COLOR"] = "1"
    shown = on_a_terminal(project, *BUILD, "--concurrency", "1")
    assert "drawn without an end\r\nBuild [app] succeeded" in shown


def test_ctrl_c_does_not_wait_for_a_builder_that_hesitates(project: Project) -> None:
    project.docker.hesitation = 30
    project.docker.save()
    for task in ("buildx.build", "buildx.plan", "buildx.doctor"):
        before = len(project.docker.calls)
        with project.start(task, "--builder", "far", "--builder-timeout", "60") as process:
            while not any(call["argv"][:2] == ["buildx", "inspect"] for call in project.docker.calls[before:]):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            begun = time.monotonic()
            _out, err = process.communicate(timeout=40)
        assert (process.returncode, err) == (130, "interrupted\n")
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize("words", ["buildx.build --tag v1 --file-output build.json", "schema.validate"])
def test_a_stream_that_is_closed_or_full_is_no_reason_not_to_work(project: Project, closed: str, words: str) -> None:
    project.write("skaffold.yaml", TWO.replace("context: app", "context: app, docker: {squash: true}"))
    project.docker.save()
    line = f"{sys.executable} -m invoke {words} {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=project.folder, env=project.environment(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    if "build" in words:
        assert len(json.loads((project.folder / "build.json").read_text())["builds"]) == 2


def test_two_result_files_are_two_files(project: Project) -> None:
    done = project.invoke(*BUILD, "--file-output", "x.json", "--metadata-output", "./x.json")
    assert (done.returncode, "are both x.json" in done.stderr) == (2, True)
    assert not project.docker.builds


def test_what_was_left_out_is_not_folded_away(project: Project) -> None:
    project.env["GITHUB_ACTIONS"] = "true"
    slow = "{image: slow, custom: {buildCommand: sleep 2}}"
    artifacts = f"{slow}, {{image: app, context: app}}, {{image: web, requires: [{{image: app}}]}}"
    project.write("skaffold.yaml", TWO.partition("  artifacts:")[0] + f"  artifacts: [{artifacts}]\n")
    project.docker.table["buildx build"] = (1, "", "ERROR: no\n")
    lines = project.invoke(*BUILD).stdout.splitlines()
    left_out = lines.index("Not started (needs app): web")
    assert lines[:left_out].count("::endgroup::") == sum(line.startswith("::group::") for line in lines)
    assert left_out > without_times(lines).index("Build [app] failed: no")


def test_a_builder_in_cli_flags_holds_unless_one_is_configured(project: Project) -> None:
    project.write(
        "skaffold.yaml", TWO.replace("context: app", 'context: app, docker: {cliFlags: ["--builder", "mine"]}')
    )
    done = project.invoke(*BUILD, "--artifact", "app")
    assert (done.returncode, project.docker.builds[0]["argv"].count("--builder")) == (0, 1)
    assert "cliFlags have --builder: what it supports is not checked" in done.stderr
    done = project.invoke(*BUILD, "--artifact", "app", "--builder", "default", "--no-cache-artifacts")
    assert project.docker.builds[1]["argv"].count("--builder") == 2
    assert "builder default is used" in done.stderr


@pytest.mark.parametrize("fails", [False, True])
def test_a_result_file_that_cannot_be_written_after_a_build_is_a_failure(project: Project, fails: bool) -> None:
    """The folder of one goes away while it is built: the other is written, and the results are shown."""
    project.write("out/keep", "")
    project.docker.table["buildx build"] = (int(fails), "", "ERROR: no\n" if fails else "")
    project.docker.duration = 2
    words = (*BUILD, "--quiet", "--file-output", "out/build.json", "--metadata-output", "record.json")
    with project.start(*words) as process:
        while not project.docker.builds:
            assert process.poll() is None
            time.sleep(0.05)
        shutil.rmtree(project.folder / "out")
        out, err = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "out/build.json can't be written: No such file or directory" in err
    assert ("build [app] failed" in err) == fails
    assert len(json.loads(out)["builds"] or []) == (0 if fails else 2)
    assert len(json.loads((project.folder / "record.json").read_text())["builds"]) == 2
