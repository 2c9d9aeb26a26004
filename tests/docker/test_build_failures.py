"""Builds that fail, or nearly: what is shown last, what is tried again, what is told and not fatal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Completed, Sandbox, seen_requests

Faults = Callable[[dict[str, object]], None]

CONFIG = """\
    apiVersion: skaffold/v4beta13
    kind: Config
    build:
      artifacts:
        - image: app
          context: app
"""
FINE = "FROM busybox\nRUN echo fine\n"
BROKEN = """\
FROM busybox
RUN for i in $(seq 1 30); do echo line $i; done; echo 'denied: 503 Service Unavailable'; exit 3
"""


class Project:
    """A folder with one artifact, built as a user would."""

    def __init__(self, sandbox: Sandbox, config: str = CONFIG, dockerfile: str = FINE) -> None:
        self.sandbox = sandbox
        self.folder = sandbox.folder / "project"
        (self.folder / "app").mkdir(parents=True)
        (self.folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
        (self.folder / "skaffold.yaml").write_text(textwrap.dedent(config))
        (self.folder / "app" / "Dockerfile").write_text(dockerfile)

    def repo(self, registry: str = "open") -> str:
        return self.sandbox.image("x", registry).removesuffix("/x")

    def build(self, *words: str, registry: str = "open", check: bool = True) -> Completed:
        argv = ("invoke", "buildx.build", "--default-repo", self.repo(registry), "--tag", "v1", *words)
        return self.sandbox.run(*argv, "--no-cache-artifacts", check=check, cwd=self.folder)


class TestFailingStep:
    @pytest.mark.parametrize("buildx", ["old", "new"])
    def test_its_last_lines_and_its_source_are_shown_last_and_once(
        self, new_sandbox: Callable[..., Sandbox], buildx: str
    ) -> None:
        project = Project(new_sandbox(buildx=buildx), dockerfile=BROKEN)
        done = project.build(check=False)
        assert done.code == 1
        shown = done.out[done.out.index("Build [app] failed") :].splitlines()
        assert re.fullmatch(r"\[app\] \[2/2\] RUN for i in .*", shown[2])
        assert shown[3:23] == [*(f"  line {n}" for n in range(12, 31)), "  denied: 503 Service Unavailable"]
        assert shown[23] == "  app/Dockerfile:2"
        assert any(line.startswith("     2 | >>> RUN for i") for line in shown)
        assert done.out.count(">>> RUN for i") == 1
        first, *more = done.err.strip().splitlines()
        assert first.endswith("(app/Dockerfile:2) ended with exit code 3")
        assert [line.partition(":  ")[0] for line in more] == (["the whole log"] if buildx == "new" else [])
        for line in more:
            log = project.sandbox.run(*line.partition(":  ")[2].split())
            assert "line 1\n" in log.text

    def test_it_is_never_tried_again(self, sandbox: Sandbox) -> None:
        done = Project(sandbox, dockerfile=BROKEN).build(check=False)
        assert "trying again" not in done.text
        assert done.out.count("line 30") == 2

    def test_quiet_leaves_standard_output_to_the_json(self, sandbox: Sandbox) -> None:
        done = Project(sandbox, dockerfile=BROKEN).build("--quiet", check=False)
        assert done.out.strip() == '{"builds":null}'
        assert "  line 30" in done.err

    def test_plain_docker(self, new_sandbox: Callable[..., Sandbox]) -> None:
        done = Project(new_sandbox(buildx="none"), dockerfile=BROKEN).build(check=False)
        assert "ended with exit code 3" in done.err
        assert "  line 12\n" in done.out
        assert "  line 11\n" not in done.out


def from_faulty(sandbox: Sandbox) -> str:
    """A Dockerfile whose base image comes from the faulty registry, and which no engine has seen yet."""
    create = ("buildx", "imagetools", "create", "-t", sandbox.image("base"), sandbox.lab.base_image)
    # buildx 0.29 copies blobs and manifests at once, and a manifest that is there before its blob is refused.
    for last in (False, False, True):
        if sandbox.docker(*create, check=last).code == 0:
            break
    return f"FROM {sandbox.image('base', 'faulty')}\nRUN echo fine\n"


class TestRegistryInTrouble:
    @pytest.mark.parametrize("buildx", ["old", "new"])
    def test_a_base_image_that_comes_at_the_fourth_try(
        self, new_sandbox: Callable[..., Sandbox], faults: Faults, buildx: str
    ) -> None:
        sandbox = new_sandbox(buildx=buildx)
        dockerfile = from_faulty(sandbox)
        faults({"count": 3, "status": 503, "path": "/base/"})
        done = Project(sandbox, dockerfile=dockerfile).build()
        assert [line for line in done.out.splitlines() if "trying again" in line][-1].endswith("(3 of 3)")
        assert "answers 503: it is temporarily unavailable: trying again in" in done.out
        assert sandbox.lab.registry().has(sandbox.image("app"), "v1")

    def test_a_push_that_is_refused_three_times(self, sandbox: Sandbox, faults: Faults) -> None:
        faults({"count": 3, "status": 503, "method": "PUT"})
        Project(sandbox).build(registry="faulty")
        assert sandbox.lab.registry("faulty").has(sandbox.image("app", "faulty"), "v1")

    def test_a_limit_is_waited_for_as_long_as_the_registry_says(self, sandbox: Sandbox, faults: Faults) -> None:
        dockerfile = from_faulty(sandbox)
        # BuildKit asks six times in a row before it gives up, and the seventh is ours.
        faults({"count": 7, "status": 429, "headers": {"Retry-After": "3"}, "path": "/base/"})
        done = Project(sandbox, dockerfile=dockerfile).build()
        wait = re.search(r"trying again in (\d+\.\d) s", done.out)
        assert wait is not None
        assert 3 <= float(wait[1]) <= 4.1
        assert [item["outcome"] for item in seen_requests(sandbox.lab)].count(429) == 7

    def test_there_is_an_end(self, sandbox: Sandbox, faults: Faults) -> None:
        dockerfile = from_faulty(sandbox)
        faults({"count": 100, "reset": True, "path": "/base/"})
        sandbox.env["INVOKE_BUILDX_RETRIES"] = "1"
        done = Project(sandbox, dockerfile=dockerfile).build(check=False)
        assert done.code == 1
        assert done.out.count("trying again") == 1
        assert "reset the connection" in done.err

    def test_no_right_to_push_is_told_at_once(self, sandbox: Sandbox, faults: Faults) -> None:
        faults({"count": 100, "status": 403, "method": "PUT"})
        done = Project(sandbox).build(registry="faulty", check=False)
        assert done.code == 1
        assert "trying again" not in done.text
        assert "denied access: these credentials lack the permission" in done.err


class TestNewestEngine:
    """BuildKit 0.25 sums a refusal up in a word, and has the status and the address in its log alone."""

    def test_without_credentials(self, new_sandbox: Callable[..., Sandbox]) -> None:
        sandbox = new_sandbox(engine="modern")
        done = Project(sandbox).build(registry="password", check=False)
        host = sandbox.lab.parts["password"]["host"]
        assert done.code == 1
        assert f"{host} rejected the credentials, or requires some" in done.err
        assert f"docker login {host}" in done.err

    def test_trouble_is_tried_again(self, new_sandbox: Callable[..., Sandbox], faults: Faults) -> None:
        sandbox = new_sandbox(engine="modern")
        sandbox.env["INVOKE_BUILDX_RETRIES"] = "1"
        faults({"count": 10000, "status": 503, "method": "POST"})
        done = Project(sandbox).build(registry="faulty", check=False)
        why = f"{sandbox.lab.parts['faulty']['host']} answers 503: it is temporarily unavailable"
        assert done.code == 1
        assert done.out.count(f"{why}: trying again in") == 1
        assert f"build [app] failed: {why}" in done.err


CACHED = CONFIG + "          docker:\n            cacheFrom: [CACHE]\n"
EXPORTED = CONFIG + "          docker:\n            cacheTo: ['type=registry,ref=CACHE,mode=max']\n"


class TestCacheExport:
    def test_a_derived_one_that_fails_is_told_and_the_image_is_there(self, sandbox: Sandbox, faults: Faults) -> None:
        faults({"count": 1000, "status": 403, "method": "PUT", "path": "/v2/.*/manifests/cache$"})
        done = Project(sandbox, CACHED.replace("CACHE", "app")).build("--cache-tag", "cache", registry="faulty")
        assert "the image is there, but its cache could not be written" in done.err
        assert sandbox.lab.registry("faulty").has(sandbox.image("app", "faulty"), "v1")
        assert "Build [app] succeeded" in done.out

    def test_an_explicit_one_that_fails_is_fatal(self, sandbox: Sandbox, faults: Faults) -> None:
        cache = sandbox.image("cache:1", "faulty")
        faults({"count": 1000, "status": 403, "method": "PUT", "path": "/cache/"})
        done = Project(sandbox, EXPORTED.replace("CACHE", cache)).build(check=False)
        assert done.code == 1
        assert "the image is pushed, but its cache could not be written" in done.err
        assert "add ignore-error=true to cacheTo" in done.err
        assert sandbox.lab.registry().has(sandbox.image("app"), "v1")

    def test_unless_it_says_otherwise(self, sandbox: Sandbox, faults: Faults) -> None:
        cache = sandbox.image("cache:1", "faulty")
        faults({"count": 1000, "status": 403, "method": "PUT", "path": "/cache/"})
        config = EXPORTED.replace("CACHE,mode=max", f"{cache},mode=max,ignore-error=true")
        assert "its cache could not be written" in Project(sandbox, config).build().err

    def test_one_that_cannot_be_read_costs_nothing_but_time(self, sandbox: Sandbox, faults: Faults) -> None:
        cache = sandbox.image("cache:1", "faulty")
        faults({"count": 1000, "status": 403, "path": "/cache/"})
        done = Project(sandbox, CACHED.replace("CACHE", cache)).build()
        assert f"cache {cache} could not be read" in done.err


def test_a_custom_command_is_shown_and_not_judged(sandbox: Sandbox, tmp_path: Path) -> None:
    config = CONFIG + "          custom:\n            buildCommand: sh -c 'echo unauthorized; exit 5'\n"
    done = Project(sandbox, config).build(check=False)
    assert "the build command ended with exit status 5" in done.err
    assert "docker login" not in done.text
