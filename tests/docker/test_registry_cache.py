"""Runner A builds and pushes, runner B finds everything in the registry: real engines, registries, git checkouts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab_support import Completed, Lab, Sandbox

NewSandbox = Callable[..., Sandbox]

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  tagPolicy: {envTemplate: {template: "{{.TAG}}"}}
  artifacts:
  - {image: base, context: base}
  - {image: app, context: app, requires: [{image: base, alias: BASE}]}
  - {image: web, context: web}
"""
FILES = {
    "skaffold.yaml": CONFIG,
    "base/Dockerfile": "FROM busybox\nRUN echo base > /base\n",
    "app/Dockerfile": "ARG BASE\nFROM $BASE\nCOPY src /src\nRUN cat /src/main\n",
    "app/src/main": "main\n",
    "web/Dockerfile": "FROM busybox\nCOPY run.sh page /web/\n",
    "web/run.sh": "#!/bin/sh\n",
    "web/page": "page\n",
}
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
MISSING = "Not found. Building"


@dataclass
class Runner:
    """A machine of its own: home, checkout, umask; all runners use one engine and one registry."""

    sandbox: Sandbox
    folder: Path
    umask: int = 0o022

    def git(self, *words: str) -> None:
        subprocess.run(("git", *WHO, *words), cwd=self.folder, check=True, capture_output=True, umask=self.umask)

    def run(self, repo: str, *words: str, tag: str = "v1", check: bool = True) -> Completed:
        words = (
            f"--default-repo={repo}",
            "--attest=none",
            "--artifact-cache=registry",
            "--file-output=out.json",
            *words,
        )
        self.sandbox.env["TAG"] = tag
        return self.sandbox.run("buildx-tasks", "buildx.build", *words, cwd=self.folder, check=check)

    def build(self, repo: str, *words: str, tag: str = "v1") -> dict[str, str]:
        """Build; what was said of every artifact."""
        lines = self.run(repo, *words, tag=tag).out.partition("Checking cache...\n")[2].splitlines()
        said = [line.removeprefix(" - ").partition(": ") for line in lines if line.startswith(" - ")]
        return {image: state for image, colon, state in said if colon and " -> " not in image}

    def digests(self) -> dict[str, str]:
        builds = json.loads((self.folder / "out.json").read_text())["builds"]
        return {item["imageName"]: item["tag"].partition("@")[2] for item in builds}


@pytest.fixture
def first(new_sandbox: NewSandbox) -> Runner:
    sandbox = new_sandbox()
    folder = sandbox.folder / "first"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("page\n", f"page of {sandbox.prefix}\n"))
    (folder / "web" / "run.sh").chmod(0o755)
    sandbox.env["SOURCE_DATE_EPOCH"] = "1700000000"
    runner = Runner(sandbox, folder)
    runner.git("init", "-q", ".")
    runner.git("add", ".")
    runner.git("commit", "-qm", "one")
    return runner


def another(first: Runner, new_sandbox: NewSandbox, umask: int = 0o077, engine: str | None = "containerd") -> Runner:
    """A fresh machine: an empty home and cache, another path, another umask; the same commit."""
    sandbox = new_sandbox(engine=engine)
    sandbox.env.update(SOURCE_DATE_EPOCH="1700000000", PATH=f"{calls_of(sandbox)}:{sandbox.env['PATH']}")
    folder = sandbox.folder / "somewhere" / "else"
    folder.parent.mkdir()
    before = os.umask(umask)
    try:
        subprocess.run(("git", "clone", "-q", first.folder, folder), check=True, capture_output=True)
    finally:
        os.umask(before)
    return Runner(sandbox, folder, umask)


def calls_of(sandbox: Sandbox) -> Path:
    """A folder with a `docker` that writes down what it is asked to do, and then does it."""
    folder = sandbox.folder / "noting"
    folder.mkdir()
    script = folder / "docker"
    script.write_text(f'#!/bin/sh\necho "$*" >> {folder}/calls\nexec {sandbox.lab.docker} "$@"\n')
    script.chmod(0o755)
    return folder


def build_calls(runner: Runner) -> list[str]:
    log = runner.sandbox.folder / "noting" / "calls"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line for line in lines if line.startswith(("buildx build", "buildx bake", "build "))]


@pytest.mark.parametrize("engine", ["containerd", None])
def test_a_fresh_runner_finds_everything_and_builds_what_changed(
    first: Runner, new_sandbox: NewSandbox, engine: str | None
) -> None:
    repo = first.sandbox.image("r")
    unknown = f"{MISSING} (no earlier build is known here)"
    assert first.build(repo) == {"base": unknown, "app": MISSING + " (required image base is built)", "web": unknown}
    second = another(first, new_sandbox, engine=engine)
    more = () if engine else (f"--builder={second.sandbox.builder()}",)
    found = dict.fromkeys(("base", "app", "web"), "Found Remotely")
    assert second.build(repo, *more) == found
    assert build_calls(second) == []
    assert second.digests() == first.digests()
    # Another tag of another commit that changes nothing is set in the registry.
    third = another(first, new_sandbox)
    assert third.build(repo, tag="v2") == dict.fromkeys(found, "Found. Tagging")
    assert build_calls(third) == []
    assert third.digests() == first.digests()
    # One file is changed: exactly its artifact and its dependents are built, and why is said on a fresh machine too.
    fourth = another(first, new_sandbox)
    (fourth.folder / "base" / "Dockerfile").write_text("FROM busybox\nRUN echo other > /base\n")
    assert fourth.build(repo, tag="v3") == {
        "base": f"{MISSING} (the Dockerfile changed)",
        "app": f"{MISSING} (required image base is built)",
        "web": "Found. Tagging",
    }
    assert len(build_calls(fourth)) >= 1
    assert fourth.digests()["web"] == first.digests()["web"]
    assert fourth.digests()["base"] != first.digests()["base"]
    fifth = another(fourth, new_sandbox)
    (fifth.folder / "web" / "page").write_text("another page\n")
    (fifth.folder / "web" / "new").write_text("not copied\n")
    said = fifth.build(repo, tag="v4")
    assert said["web"] == f"{MISSING} (page changed)"


def test_a_result_is_pulled_where_images_are_loaded(first: Runner, new_sandbox: NewSandbox) -> None:
    repo = first.sandbox.image("r")
    first.build(repo)
    second = another(first, new_sandbox, engine="classic")
    assert second.build(repo, "--no-push") == dict.fromkeys(("base", "app", "web"), "Found. Tagging")
    assert second.build(repo, "--no-push") == dict.fromkeys(("base", "app", "web"), "Found Locally")
    assert build_calls(second) == []
    tag = json.loads((second.folder / "out.json").read_text())["builds"][0]["tag"]
    assert second.sandbox.docker("run", "--rm", tag, "cat", "/base").out == "base\n"


def test_a_registry_that_refuses_the_tags_of_keys_costs_one_warning(
    lab: Lab, first: Runner, new_sandbox: NewSandbox, faults: Callable[[Mapping[str, object]], None]
) -> None:
    repo = first.sandbox.image("r", "faulty")
    faults({"count": 100, "status": 403, "method": "PUT", "path": "/manifests/bx-"})
    done = first.run(repo)
    assert done.err.count("results are not shared through the registry") == 1
    assert set(first.digests()) == {"base", "app", "web"}
    second = another(first, new_sandbox)
    assert all(state.startswith(MISSING) for state in second.build(repo).values())


@pytest.mark.parametrize("environ", [{}, {"GITHUB_EVENT_NAME": "pull_request"}])
def test_a_run_that_must_not_write_writes_nothing_and_reads(
    lab: Lab, first: Runner, new_sandbox: NewSandbox, environ: dict[str, str]
) -> None:
    repo = first.sandbox.image("r")
    words = () if environ else ("--cache-mode=read",)
    first.sandbox.env.update(environ)
    first.run(repo, *words)
    tags = lab.registry().tags(f"{repo}/web")
    assert tags == ["v1"]
    for name in environ:
        del first.sandbox.env[name]
    first.run(repo, tag="v2")
    assert lab.registry().tags(f"{repo}/web") == ["v1", "v2"]


def test_another_prefix_is_another_cache(lab: Lab, first: Runner, new_sandbox: NewSandbox) -> None:
    repo = first.sandbox.image("r")
    first.run(repo, "--artifact-cache-prefix=team-")
    assert sum(tag.startswith("team-") for tag in lab.registry().tags(f"{repo}/web")) == 2
    second = another(first, new_sandbox)
    assert all(state.startswith(MISSING) for state in second.build(repo).values())
    third = another(first, new_sandbox)
    third.build(repo, "--artifact-cache-prefix=team-")
    assert build_calls(third) == []
