"""Dockerfile checks with real clients: what each version of buildx and BuildKit makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from lab_support import DOCKERFILE, Completed, Sandbox

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      context: app
"""


def check(sandbox: Sandbox, *words: str, dockerfile: str = DOCKERFILE) -> Completed:
    folder = sandbox.app("project/app", dockerfile).parent
    (folder / "skaffold.yaml").write_text(CONFIG)
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    return sandbox.run("invoke", "buildx.check", *words, check=False, cwd=folder)


@pytest.mark.parametrize(
    ("buildx", "said"),
    [("old", "need docker buildx 0.15 (--call), and this is 0.13.1"), ("none", "docker buildx does not answer")],
)
def test_a_client_without_checks(new_sandbox: Callable[..., Sandbox], buildx: str, said: str) -> None:
    done = check(new_sandbox(buildx=buildx))
    assert done.code == 4
    assert said in done.err


@pytest.mark.parametrize("kind", ["default", "plain"])
def test_a_buildkit_without_checks(sandbox: Sandbox, kind: str) -> None:
    """These engines are older than checks, and there is no Docker Hub to get a frontend from."""
    builder = kind if kind == "default" else sandbox.builder("plain")
    done = check(sandbox, "--builder", builder)
    assert done.code == 4
    assert f"the BuildKit of builder {builder} can't check Dockerfiles" in done.err
    assert "syntax=" in done.err


@pytest.fixture
def modern(new_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """An environment with an engine whose BuildKit can check."""
    return new_sandbox(engine="modern")


def test_a_dockerfile_with_nothing_to_find(modern: Sandbox) -> None:
    done = check(modern, dockerfile="FROM scratch\nCOPY . /\n")
    assert (done.code, done.out) == (0, "0 findings in 1 Dockerfile\n")


def test_what_buildkit_finds_is_told_with_its_place(modern: Sandbox) -> None:
    dockerfile = "FROM scratch AS Base\nENV PASSWORD=x\nMAINTAINER me\nFROM base\n"
    rules = ["StageNameCasing", "SecretsUsedInArgOrEnv", "MaintainerDeprecated"]
    done = check(modern, dockerfile=dockerfile)
    lines = done.out.splitlines()
    assert (done.code, lines[-1]) == (1, "3 findings in 1 Dockerfile")
    for line, (number, rule) in zip(lines, enumerate(rules, 1), strict=False):
        assert line.startswith(f"app/Dockerfile:{number}: warning: {rule}: ")
        assert line.endswith("/) [app]")
    report = json.loads(check(modern, "--format", "json", dockerfile=dockerfile).out)
    (artifact,) = report["artifacts"]
    assert [(finding["line"], finding["rule"]) for finding in artifact["findings"]] == list(enumerate(rules, 1))
    said = check(modern, "--format", "github", dockerfile=dockerfile).out.splitlines()
    assert said[0].startswith("::warning file=app/Dockerfile,line=1,col=1,title=StageNameCasing::app: Stage name")


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        (
            "FROM scratch\nRUNX hi\n",
            "app/Dockerfile:2: error: dockerfile parse error on line 2: unknown instruction: RUNX",
        ),
        ("FROM nowhere/gone\n", "app/Dockerfile:1: error: nowhere/gone: failed to resolve source metadata"),
    ],
)
def test_what_ends_a_check_is_a_finding_too(modern: Sandbox, dockerfile: str, said: str) -> None:
    done = check(modern, dockerfile=dockerfile)
    assert (done.code, done.out.startswith(said)) == (1, True), done.text


def test_the_build_args_of_the_build_count(modern: Sandbox) -> None:
    dockerfile = "ARG BASE=nowhere/gone\nFROM $BASE\nCOPY . /\n"
    assert "nowhere/gone: failed to resolve" in check(modern, dockerfile=dockerfile).out
    done = check(modern, "--set", "app.docker.buildArgs.BASE=scratch", dockerfile=dockerfile)
    assert (done.code, done.out) == (0, "0 findings in 1 Dockerfile\n")


NEEDS = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - {image: never-made, context: base}
    - image: app
      context: app
      requires: [{image: never-made, alias: BASE}]
      docker: {cliFlags: [--target, second, "--build-context=ext=elsewhere"]}
"""
STAGES = "ARG BASE\nFROM $BASE AS first\nFROM first AS second\nCOPY --from=ext /x /x\nFROM nowhere/gone\nCOPY . /\n"


def test_what_is_required_need_not_have_been_built_and_cli_flags_count(modern: Sandbox) -> None:
    folder = modern.app("project/app", STAGES).parent
    modern.app("project/base", "FROM scratch\nCOPY . /\n")
    (folder / "elsewhere").mkdir()
    (folder / "skaffold.yaml").write_text(NEEDS)
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    done = modern.run("invoke", "buildx.check", check=False, cwd=folder)
    assert "nowhere" not in done.text, done.text
    assert "never-made" not in done.out, done.text
