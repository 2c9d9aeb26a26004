"""The artifact cache with real engines and registries: nothing is built twice, and nothing stale is ever taken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Lab, Sandbox

NewSandbox = Callable[..., Sandbox]

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
  - image: base
    context: base
  - image: app
    context: app
    requires: [{image: base, alias: BASE}]
    docker: {buildArgs: {GREETING: hello}}
"""
FILES = {
    "skaffold.yaml": CONFIG,
    "base/Dockerfile": "FROM busybox\nRUN echo base > /base\n",
    "app/Dockerfile": "ARG BASE\nFROM $BASE\nARG GREETING\nCOPY src /src\nRUN echo $GREETING > /greeting\n",
    "app/src/main": "main\n",
    "app/src/lib/one": "1\n",
    "app/README.md": "about\n",
    "app/.dockerignore": "*.md\n**/ignored\n",
}


class Project:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.folder = sandbox.folder / "project"
        for name, text in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # The engines are shared by all tests: an image with the same content would be found under other names.
        (self.folder / "app/src/main").write_text(f"{sandbox.prefix}\n")
        sandbox.env["SOURCE_DATE_EPOCH"] = "1700000000"

    def build(self, *words: str, tag: str = "v1", attest: str = "none") -> dict[str, str]:
        """Build; what was said of every artifact, without why it is built."""
        words = (f"--tag={tag}", f"--attest={attest}", "--file-output=out.json", *words)
        done = self.sandbox.run("buildx-tasks", "buildx.build", *words, cwd=self.folder)
        lines = done.out.partition("Checking cache...\n")[2].splitlines()
        said = [line.removeprefix(" - ").partition(": ") for line in lines if line.startswith(" - ")]
        return {image: state.partition(" (")[0] for image, colon, state in said if colon and " -> " not in image}

    def result(self, image: str = "app") -> str:
        builds = json.loads((self.folder / "out.json").read_text())["builds"]
        return str(next(build["tag"] for build in builds if build["imageName"] == image))


def test_equal_artifacts_are_found_each_in_its_own_repository(sandbox: Sandbox) -> None:
    project = Project(sandbox)
    twins = "\n".join(f"  - {{image: {name}, context: base}}" for name in ("one", "two"))
    (project.folder / "skaffold.yaml").write_text(f"{CONFIG.partition('  - image')[0]}{twins}\n")
    # The provenance of every push says when it was made, and so each has another digest.
    for repo, state in (("r1", "Not found. Building"), ("r2", "Not found. Building"), ("r1", "Found Remotely")):
        said = project.build(f"--default-repo={sandbox.image(repo)}", attest="min")
        assert said == {"one": state, "two": state}


ENGINES = [("containerd", "", "new"), ("classic", "", "old"), ("containerd", "", "none"), (None, "plain", "new")]


@pytest.mark.parametrize(("engine", "builder", "buildx"), ENGINES)
def test_pushed_results_are_found(
    lab: Lab, new_sandbox: NewSandbox, engine: str | None, builder: str, buildx: str
) -> None:
    sandbox = new_sandbox(engine=engine, buildx=buildx)
    project = Project(sandbox)
    words = [f"--default-repo={sandbox.image('r')}"]
    if builder:
        words.append(f"--builder={sandbox.builder(builder)}")
    missing = dict.fromkeys(("base", "app"), "Not found. Building")
    assert project.build(*words) == missing
    first = project.result()
    assert project.build(*words) == dict.fromkeys(("base", "app"), "Found Remotely")
    assert project.result() == first
    assert project.build(*words, tag="v2") == dict.fromkeys(("base", "app"), "Found. Tagging")
    name, _at, digest = first.partition("@")
    assert project.result() == f"{name.removesuffix('v1')}v2@{digest}"
    assert lab.registry().manifest(name, "v2").digest == digest
    words[0] = f"--default-repo={sandbox.image('other')}"
    assert project.build(*words) == missing


@pytest.mark.parametrize(("engine", "buildx"), [("containerd", "old"), ("classic", "new"), ("classic", "none")])
def test_loaded_results_are_found(new_sandbox: NewSandbox, engine: str, buildx: str) -> None:
    sandbox = new_sandbox(engine=engine, buildx=buildx)
    project = Project(sandbox)
    words = ("--no-push", f"--default-repo={sandbox.image('r')}")
    assert project.build(*words) == dict.fromkeys(("base", "app"), "Not found. Building")
    first = project.result()
    assert project.build(*words) == dict.fromkeys(("base", "app"), "Found Locally")
    assert project.result() == first
    assert sandbox.docker("run", "--rm", first, "cat", "/greeting").out == "hello\n"
    assert project.build(*words, tag="v2") == dict.fromkeys(("base", "app"), "Found. Tagging")
    assert project.result() == first
    sandbox.docker("rmi", first, f"{sandbox.image('r')}/app:v1", f"{sandbox.image('r')}/app:v2")
    assert project.build(*words) == {"base": "Found Locally", "app": "Not found. Building"}


def test_several_platforms_are_found(lab: Lab, sandbox: Sandbox) -> None:
    project = Project(sandbox)
    words = (f"--default-repo={sandbox.image('r')}", "--platform=linux/amd64,linux/arm64", "--metadata-output=record")
    project.build(*words)
    built = json.loads((project.folder / "record").read_text())["builds"][1]
    assert project.build(*words) == dict.fromkeys(("base", "app"), "Found Remotely")
    found = json.loads((project.folder / "record").read_text())["builds"][1]
    index = lab.registry().manifest(sandbox.image("r/app"), found["digest"])
    digests = [entry["digest"] for entry in index.data["manifests"]]
    assert (built["status"], found["status"]) == ("built", "cached")
    for record in (built, found):
        assert record["mediaType"] == index.media_type
        assert [entry["platform"] for entry in record["manifests"]] == ["linux/amd64", "linux/arm64"]
        assert [entry["digest"] for entry in record["manifests"]] == digests


def test_a_registry_with_a_password(sandbox: Sandbox) -> None:
    project = Project(sandbox)
    sandbox.login()
    words = (f"--default-repo={sandbox.image('r', 'password')}",)
    project.build(*words)
    assert project.build(*words) == dict.fromkeys(("base", "app"), "Found Remotely")
    assert project.build(*words, tag="v2") == dict.fromkeys(("base", "app"), "Found. Tagging")


def test_a_registry_that_fails(lab: Lab, sandbox: Sandbox, faults: Callable[[dict[str, object]], None]) -> None:
    project = Project(sandbox)
    words = (f"--default-repo={sandbox.image('r', 'faulty')}",)
    project.build(*words)
    faults({"count": 1, "status": 503, "method": "HEAD"})
    assert project.build(*words) == dict.fromkeys(("base", "app"), "Found Remotely")


Change = Callable[[Path], object]


def _config(old: str, new: str) -> Change:
    return lambda folder: (folder / "skaffold.yaml").write_text(CONFIG.replace(old, new))


def _file(name: str, text: str) -> Change:
    return lambda folder: (folder / name).write_text(text)


def _link(folder: Path) -> None:
    (folder / "app/src/main").unlink()
    (folder / "app/src/main").symlink_to("lib/one")


def _reverse(folder: Path) -> None:
    file = folder / "app/src/main"
    file.write_text(file.read_text()[::-1])


CHANGES: dict[str, Change] = {
    "nothing": lambda _folder: None,
    "content": _file("app/src/main", "changed\n"),
    "same size": _reverse,
    "new file": _file("app/src/new", ""),
    "mode": lambda folder: (folder / "app/src/main").chmod(0o755),
    "folder mode": lambda folder: (folder / "app/src/lib").chmod(0o700),
    "empty folder": lambda folder: (folder / "app/src/empty").mkdir(),
    "link": _link,
    "gone": lambda folder: (folder / "app/src/main").unlink(),
    "renamed": lambda folder: (folder / "app/src/lib").rename(folder / "app/src/bil"),
    "base": _file("base/Dockerfile", "FROM busybox\nRUN echo changed > /base\n"),
    "dockerfile": _file("app/Dockerfile", FILES["app/Dockerfile"] + "ENV A=1\n"),
    "ignore file": _file("app/.dockerignore", "**/one\n"),
    "ignore file of the dockerfile": _file("app/Dockerfile.dockerignore", "**/main\n"),
    "build arg": _config("hello", "bye"),
    "target": _config("docker: {", "docker: {target: first, "),
    "label": _config("docker: {", "docker: {cliFlags: ['--label=a=b'], "),
    "network": _config("docker: {", "docker: {network: none, "),
    "not required any more": _config("requires: [{image: base, alias: BASE}]", "platforms: [linux/amd64]"),
}


def test_nothing_stale_is_ever_taken(lab: Lab, sandbox: Sandbox, tmp_path: Path) -> None:
    """After every change the artifact cache gives what a build without it gives; where it hits, that is right."""
    project = Project(sandbox)
    dockerfile = FILES["app/Dockerfile"].replace("ARG BASE\nFROM $BASE", "ARG BASE=busybox\nFROM $BASE AS first")
    (project.folder / "app/Dockerfile").write_text(dockerfile)
    words = (f"--default-repo={sandbox.image('r')}",)
    project.build(*words)
    before = tmp_path / "before"
    shutil.copytree(project.folder, before, symlinks=True)
    for name, change in CHANGES.items():
        change(project.folder)
        said = project.build(*words)
        with_cache = {image: project.result(image) for image in ("base", "app")}
        project.build(*words, "--no-cache-artifacts")
        without = {image: project.result(image) for image in ("base", "app")}
        assert with_cache == without, name
        assert (said["app"] == "Found Remotely") is (name == "nothing"), name
        shutil.rmtree(project.folder)
        shutil.copytree(before, project.folder, symlinks=True)
        assert project.build(*words)["app"] in ("Found Remotely", "Found. Tagging"), name


def test_an_interrupted_run_keeps_what_it_finished(sandbox: Sandbox) -> None:
    project = Project(sandbox)
    (project.folder / "app/Dockerfile").write_text("ARG BASE\nFROM $BASE\nRUN sleep 60\n")
    argv = ["buildx-tasks", "buildx.build", "--tag=v1", f"--default-repo={sandbox.image('r')}"]
    with subprocess.Popen(
        argv, cwd=project.folder, env=sandbox.env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "Building [app]" in line:
                break
        os.kill(run.pid, signal.SIGINT)
        run.stdout.read()
        assert run.wait(60) == 130
    (project.folder / "app/Dockerfile").write_text(FILES["app/Dockerfile"])
    sandbox.run(*argv, cwd=project.folder)
    done = sandbox.run(*argv, cwd=project.folder)
    assert " - base: Found Remotely\n - app: Found Remotely\n" in done.out
