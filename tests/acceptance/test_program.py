"""Our own program: what is nearly right is named, and Skaffold's letters work; `invoke` keeps its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import Here, make_project

from buildx_tasks.tasks.letters import LETTERS, WITHOUT_FLAG
from buildx_tasks.tasks.mounting import namespace

ONE = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts: [{image: app, context: app}, {image: web}]\n"
PROFILE = f"{ONE}profiles: [{{name: arm, build: {{platforms: [linux/arm64]}}}}]\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("buildx.biuld",), "No idea what 'buildx.biuld' is!\ndid you mean buildx.build?"),
        (("build",), "did you mean buildx.build?"),
        (("validate",), "did you mean schema.validate?"),
        (("buildx.config.lst",), "did you mean buildx.config.list?"),
        (("buildx.build", "--plaftorm", "x"), "No idea what '--plaftorm' is!\ndid you mean --platform?"),
        (("buildx.build", "--plaftorm=x"), "did you mean --platform?"),
        (("--hlep",), "did you mean --help?"),
        (("--help", "buildx.paln"), "did you mean buildx.plan?"),
        (("buildx.nope",), "all tasks: buildx-tasks --list"),
        (("biuldx.plan",), "did you mean buildx.plan?"),
        (("schema",), "its tasks: schema.validate, schema.upgrade, schema.modeline, "),
        (("buildx.config.set", "cache-tag"), "its arguments:  buildx-tasks --help buildx.config.set"),
        (("zzz",), "all tasks: buildx-tasks --list"),
        (("buildx.build", "--zzzzz"), "all flags: buildx-tasks --help buildx.build"),
    ],
)
def test_what_is_nearly_right_is_named(here: Here, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = here.invoke(make_project(tmp_path, ONE), *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_skaffolds_letters_work_as_in_skaffold(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    project.write("other.yaml", PROFILE)
    words = ("-f", "other.yaml", "-p", "arm", "-b", "app", "-d", "reg.example/x", "-t", "v1")
    done = here.invoke(project, "buildx.plan", "--format", "json", *words)
    assert done.code == 0, done.err
    (build,) = json.loads(done.out)["builds"]
    assert build["tag"] == "reg.example/x/app:v1"
    assert "linux/arm64" in str(build)
    template = "{{range .Builds}}{{.ImageName}} {{end}}"
    done = here.invoke(project, "buildx.build", "-t", "v1", "--push", "-q", "-o", template)
    assert (done.code, done.out) == (0, "app web \n"), done.err
    done = here.invoke(project, "buildx.plan", "-m", "nothing")
    assert (done.code, "nothing" in done.err) == (2, True)
    done = here.invoke(project, "--help", "buildx.build")
    assert "-t STRING, --tag=STRING" in done.out


@pytest.mark.parametrize("letter", [letter for letter in LETTERS if letter != "f"])
def test_below_invoke_each_letter_gets_an_answer(tmp_path: Path, letter: str) -> None:
    project = make_project(tmp_path, ONE)
    done = project.invoke("buildx.build", f"-{letter}", "value")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"-{letter} is not a flag of this task\nwrite  --{LETTERS[letter]} value\n"
    assert not project.docker.builds


@pytest.mark.parametrize("letter", WITHOUT_FLAG)
def test_letters_without_a_flag_of_ours_are_answered_everywhere(here: Here, tmp_path: Path, letter: str) -> None:
    project = make_project(tmp_path, ONE)
    expected = f"-{letter} is not a flag of this task\n{WITHOUT_FLAG[letter]}\n"
    assert project.invoke("buildx.build", f"-{letter}", "value").stderr == expected
    assert here.invoke(project, "buildx.build", f"-{letter}", "value").err == expected


def test_below_invoke_the_help_of_a_task_says_so(tmp_path: Path) -> None:
    done = make_project(tmp_path, ONE).invoke("--help", "buildx.build")
    assert done.returncode == 0, done.stderr
    assert "-t [STRING]" in done.stdout
    assert "write --tag here" in " ".join(done.stdout.split())


def test_letters_of_invoke_mean_what_they_mean(tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    project.write("other.yaml", "run: {echo: true}\n")
    done = project.invoke("buildx.build", "--tag=v1", "--no-push", "--artifact=app", "-p", "-f", "other.yaml")
    assert done.returncode == 0, done.stderr
    assert "docker buildx build" in done.stderr
    assert "debug: " in project.invoke("buildx.plan", "--tag=v1", "-d").stderr


def test_only_tasks_with_the_long_flag_know_a_letter() -> None:
    names = {item.names[0] for item in namespace()["schema.validate"].get_arguments()}
    assert names & set(LETTERS) == {"f"}
