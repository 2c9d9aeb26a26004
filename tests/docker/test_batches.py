"""Batches with real parts: many artifacts by one bake, with the digests, logs and failures of single builds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Completed, Sandbox

TASKS = "import buildx_tasks\n\nns = buildx_tasks.namespace()\n"
HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts:\n"
PLAIN = ("--tag", "v1", "--no-cache-artifacts", "--attest", "none")


class Monorepo:
    """Services ``s0``, ``s1`` … with a context each; `last` are more lines of their Dockerfiles."""

    def __init__(self, sandbox: Sandbox, count: int, last: str = "RUN echo {name} > /name\n") -> None:
        self.sandbox = sandbox
        self.names = [f"s{number}" for number in range(count)]
        self.folder = sandbox.folder / "project"
        for name in self.names:
            (self.folder / name).mkdir(parents=True)
            self.dockerfile(name, f"FROM busybox\nCOPY f /f\n{last.format(name=name)}")
            (self.folder / name / "f").write_text(name)
        (self.folder / "tasks.py").write_text(TASKS)
        self.config(dict.fromkeys(self.names, ""))

    @property
    def repo(self) -> str:
        return self.sandbox.image("x").removesuffix("/x")

    def dockerfile(self, name: str, text: str) -> None:
        (self.folder / name / "Dockerfile").write_text(text)

    def config(self, artifacts: dict[str, str]) -> None:
        """Artifacts with more lines each, indented as keys of the artifact."""
        items = "".join(f"    - image: {name}\n      context: {name}\n{more}" for name, more in artifacts.items())
        (self.folder / "skaffold.yaml").write_text(HEAD + items)

    def build(self, *words: str, check: bool = True) -> Completed:
        argv = ("invoke", "buildx.build", "--default-repo", self.repo, *PLAIN, *words)
        return self.sandbox.run(*argv, check=check, cwd=self.folder)

    def record(self, *words: str, check: bool = True) -> dict[str, dict[str, object]]:
        self.build("--metadata-output", "record.json", *words, check=check)
        return {item["imageName"]: item for item in json.loads((self.folder / "record.json").read_text())["builds"]}

    def digests(self) -> dict[str, str]:
        """What the registry has."""
        registry = self.sandbox.lab.registry()
        return {
            name: registry.manifest(f"{self.repo}/{name}", "v1").digest
            for name in self.names
            if registry.has(f"{self.repo}/{name}", "v1")
        }


@pytest.mark.parametrize("buildx", ["old", "new"])
@pytest.mark.parametrize("far", [False, True])
def test_twenty_artifacts_have_the_digests_of_single_builds(
    new_sandbox: Callable[..., Sandbox], buildx: str, far: bool
) -> None:
    sandbox = new_sandbox(buildx=buildx)
    project = Monorepo(sandbox, 20)
    where = ("--builder", sandbox.builder("plain", "far")) if far else ()
    singly = project.record("--batch", "off", *where)
    digests = project.digests()
    done = project.build("--file-output", "build.json", *where)
    assert "Building 20 artifacts in parallel, 4 at a time, 20 of them by 2 bakes" in done.out
    assert project.digests() == digests
    record = project.record(*where)
    for name in project.names:
        assert record[name]["digest"] == singly[name]["digest"] == digests[name]
        assert (record[name]["steps"], record[name]["cachedSteps"]) == (2, 2)
        assert record[name]["metadata"]["containerimage.digest"] == digests[name]  # type: ignore[index]
    blocks = done.out.split("Building [")[1:]
    for block in blocks:
        name = block.partition("]")[0]
        assert f"RUN echo {name} > /name" in block
        assert block.count("#1 [internal] load") == 1


@pytest.mark.parametrize("buildx", ["old", "new"])
def test_a_failure_takes_nobody_along(new_sandbox: Callable[..., Sandbox], buildx: str) -> None:
    """What had ended is kept, what was cancelled is built again, and the failed one has its place and its log."""
    project = Monorepo(new_sandbox(buildx=buildx), 6)
    project.dockerfile("s2", "FROM busybox\nCOPY f /f\nRUN sleep 1 && echo oh-no && exit 7\n")
    project.dockerfile("s4", f"FROM busybox\nCOPY f /f\nRUN sleep 4 && echo slow {project.repo}\n")
    done = project.build("--file-output", "build.json", check=False)
    assert done.code == 1
    assert set(project.digests()) == {"s0", "s1", "s3", "s4", "s5"}
    assert "s2/Dockerfile:3" in done.err
    assert "oh-no" in done.err
    assert "exit code 7" in done.err
    assert done.err.count("build [") == 1
    assert done.out.count("another artifact of its batch failed: it is built by itself") >= 1
    entries = json.loads((project.folder / "build.json").read_text())["builds"]
    assert [entry["imageName"] for entry in entries] == ["s0", "s1", "s3", "s4", "s5"]


def test_a_dockerfile_that_can_t_be_parsed_fails_alone(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 4)
    project.dockerfile("s1", "FROM busybox\nRUNN x\n")
    done = project.build(check=False)
    assert done.code == 1
    assert set(project.digests()) == {"s0", "s2", "s3"}
    assert "s1/Dockerfile:2" in done.err


@pytest.mark.parametrize("buildx", ["old", "new"])
def test_two_platforms(new_sandbox: Callable[..., Sandbox], buildx: str) -> None:
    sandbox = new_sandbox(buildx=buildx)
    project = Monorepo(sandbox, 3, last="")
    where = ("--builder", sandbox.builder("plain", "far"), "--platform", "linux/amd64,linux/arm64")
    project.build(*where, "--batch", "off")
    digests = project.digests()
    assert "3 of them by 1 bake" in project.build(*where).out
    assert project.digests() == digests
    manifest = sandbox.lab.registry().manifest(f"{project.repo}/s0", "v1")
    assert manifest.platforms == ["linux/amd64", "linux/arm64"]


def test_a_builder_of_two_nodes(new_sandbox: Callable[..., Sandbox]) -> None:
    """Each platform of each artifact on its own node, without emulation, also when nobody can load images."""
    sandbox = new_sandbox(engine=None)
    project = Monorepo(sandbox, 3, last="ARG TARGETARCH\nLABEL arch=$TARGETARCH name={name}\n")
    where = ("--builder", sandbox.builder("nodes"), "--platform", "linux/amd64,linux/arm64")
    project.build(*where, "--batch", "off")
    digests = project.digests()
    assert "3 of them by 1 bake" in project.build(*where).out
    assert project.digests() == digests
    registry = sandbox.lab.registry()
    for name in project.names:
        for arch in ("amd64", "arm64"):
            labels = registry.config(f"{project.repo}/{name}", "v1", f"linux/{arch}")["config"]["Labels"]
            assert labels == {"arch": arch, "name": name}


@pytest.mark.parametrize("push", [True, False])
def test_the_classic_image_store(new_sandbox: Callable[..., Sandbox], push: bool) -> None:
    sandbox = new_sandbox(engine="classic")
    project = Monorepo(sandbox, 3)
    where = () if push else ("--no-push",)
    singly = project.record("--batch", "off", *where)
    assert "3 of them by 1 bake" in project.build(*where).out
    record = project.record(*where)
    for name in project.names:
        assert record[name]["digest"] == singly[name]["digest"]
        sandbox.docker("image", "inspect", str(record[name]["tag"]))
    assert set(project.digests()) == (set(project.names) if push else set())


def test_a_kill_leaves_no_bake_and_the_next_run_builds_the_rest(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 3)
    slow = project.folder / "s2" / "Dockerfile"
    slow.write_text("FROM busybox\nRUN echo long-one && sleep 300\n")
    argv = ("invoke", "buildx.build", "--default-repo", project.repo, "--tag", "v1", "--file-output", "build.json")
    with subprocess.Popen(
        argv, cwd=project.folder, env=dict(sandbox.env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        registry = sandbox.lab.registry()
        _wait(lambda: all(registry.has(f"{project.repo}/{name}", "v1") for name in project.names[:2]))
        assert _bakes(project.folder)
        process.kill()
    _wait(lambda: not _bakes(project.folder), seconds=15)
    assert not (project.folder / "build.json").exists()
    slow.write_text("FROM busybox\nRUN echo short-one\n")
    done = sandbox.run(*argv, cwd=project.folder)
    assert set(project.digests()) == set(project.names)
    entries = json.loads((project.folder / "build.json").read_text())["builds"]
    assert {entry["imageName"]: entry["tag"].partition("@")[2] for entry in entries} == project.digests()
    assert "3 built" in done.out


def _wait(true: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_what_is_required_is_built_before_and_pinned(sandbox: Sandbox) -> None:
    """A base, then all that needs it by one bake, with the base's digest."""
    project = Monorepo(sandbox, 5)
    requires = "      requires: [{image: s0, alias: BASE}]\n"
    project.config({name: requires if name != "s0" else "" for name in project.names})
    for name in project.names[1:]:
        project.dockerfile(name, f"ARG BASE\nFROM $BASE\nRUN cat /name && echo {name}\n")
    project.build("--batch", "off")
    digests = project.digests()
    done = project.build()
    assert "4 of them by 1 bake" in done.out
    assert f"FROM {project.repo}/s0:v1@{digests['s0']}" in done.out
    assert project.digests() == digests


def test_secrets_build_args_labels_and_contexts_outside(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 2)
    outside = sandbox.folder / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("hush\n")
    (outside / "shared.txt").write_text("shared\n")
    docker = (
        "      docker:\n"
        "        buildArgs: {PRICE: '${x} %{y} $$5', API_TOKEN: hidden}\n"
        f"        secrets: [{{id: s, src: {outside}/secret.txt}}]\n"
    )
    project.config(dict.fromkeys(project.names, docker))
    block = ".buildx:\n  artifacts:\n" + "".join(
        f"    {name}: {{labels: {{a: b}}, buildContexts: {{docs: ../outside}}}}\n" for name in project.names
    )
    config = project.folder / "skaffold.yaml"
    config.write_text(config.read_text() + block)
    for name in project.names:
        project.dockerfile(
            name,
            "FROM busybox\nARG PRICE\nARG API_TOKEN\nCOPY --from=docs shared.txt /shared\n"
            'RUN --mount=type=secret,id=s echo "$PRICE" > /price; cat /run/secrets/s | wc -c > /size\n'
            f"RUN echo -n {name} $API_TOKEN | wc -c\n",
        )
    project.build("--batch", "off")
    digests = project.digests()
    done = project.build()
    assert "2 of them by 1 bake" in done.out
    assert "it is built by itself" not in done.out
    assert project.digests() == digests
    assert "hush" not in done.text


def test_images_are_loaded(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 3)
    record = project.record("--no-push")
    for name in project.names:
        found = sandbox.docker("image", "inspect", "--format", "{{.Id}}", str(record[name]["tag"])).out.strip()
        assert record[name]["digest"] == found


def test_hooks_run_around_their_own_artifact(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 3)
    before = "before: [{command: [sh, -c, 'echo before-$SKAFFOLD_IMAGE']}]"
    hook = f"      hooks: {{{before}, after: [{{command: [sh, -c, '%s']}}]}}\n"
    project.config({"s0": hook % "echo after-$SKAFFOLD_IMAGE", "s1": hook % "exit 3", "s2": ""})
    done = project.build(check=False)
    assert done.code == 1
    assert done.out.count(f"before-{project.repo}/s0") == done.out.count(f"after-{project.repo}/s0") == 1
    assert "build [s1] failed: post-build hook" in done.err
    assert set(project.digests()) == {"s0", "s1", "s2"}


def test_an_artifact_whose_hook_fails_is_not_built(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 3)
    project.config({"s0": "      hooks: {before: [{command: ['false']}]}\n", "s1": "", "s2": ""})
    assert project.build(check=False).code == 1
    assert set(project.digests()) == {"s1", "s2"}


def test_a_cache_that_can_t_be_written_is_a_warning_of_its_artifact(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 2)
    cache = "type=registry,ref=127.0.0.1:1/x:cache,ignore-error=true"
    config = project.folder / "skaffold.yaml"
    config.write_text(f"{config.read_text()}.buildx:\n  artifacts:\n    s1: {{cacheTo: ['{cache}']}}\n")
    done = project.build("--builder", sandbox.builder("plain", "far"))
    assert "artifact 's1': the image is there, but its cache could not be written" in done.text
    assert "artifact 's0': the image" not in done.text
    assert set(project.digests()) == {"s0", "s1"}


@pytest.mark.parametrize("buildx", ["old", "new"])
def test_an_interrupt_stops_the_bake_and_keeps_what_was_pushed(
    new_sandbox: Callable[..., Sandbox], buildx: str
) -> None:
    sandbox = new_sandbox(buildx=buildx)
    project = Monorepo(sandbox, 4)
    project.dockerfile("s3", "FROM busybox\nRUN echo long-one && sleep 300\n")
    argv = ["invoke", "buildx.build", "--default-repo", project.repo, *PLAIN, "--file-output", "build.json"]
    process = subprocess.Popen(
        argv,
        cwd=project.folder,
        env=dict(sandbox.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    registry = sandbox.lab.registry()
    _wait(lambda: all(registry.has(f"{project.repo}/{name}", "v1") for name in project.names[:3]))
    time.sleep(2)
    os.kill(process.pid, signal.SIGINT)
    said, _nothing = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "3 built, 1 interrupted" in said
    entries = json.loads((project.folder / "build.json").read_text())["builds"]
    digests = project.digests()
    assert {entry["imageName"]: entry["tag"].partition("@")[2] for entry in entries} == digests
    assert not _bakes(project.folder)


def _bakes(folder: Path) -> list[str]:
    """Processes of docker that still run in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.joinpath("cwd").resolve() == folder and b"bake" in entry.joinpath("cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_what_takes_too_long_is_alone_in_that(sandbox: Sandbox) -> None:
    project = Monorepo(sandbox, 3)
    project.dockerfile("s1", "FROM busybox\nRUN sleep 300\n")
    done = project.build("--build-timeout", "8", check=False)
    assert done.code == 1
    assert "build [s1] failed: timed out after 8 s (build-timeout)" in done.err
    assert set(project.digests()) == {"s0", "s2"}
    assert done.err.count("timed out") == 1
