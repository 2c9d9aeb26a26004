"""Reproducible builds with real engines: the same digest from two builds, two engines, and single or batched."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab_support import Lab, Sandbox

NewSandbox = Callable[..., Sandbox]
CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
  - {image: base, context: base}
  - {image: app, context: app, requires: [{image: base, alias: BASE}]}
  - {image: other, context: other}
"""
FILES = {
    "skaffold.yaml": CONFIG,
    "base/Dockerfile": "FROM busybox\nRUN mkdir /made && date > /dev/null && echo base > /made/base\n",
    "app/Dockerfile": "ARG BASE\nFROM $BASE\nCOPY file /file\nRUN echo app > /made/app\n",
    "app/file": "file\n",
    "other/Dockerfile": "FROM busybox\nRUN echo other > /other\n",
}
UNREPRODUCIBLE = "FROM busybox\nRUN echo same > /same\nRUN mkdir /d && head -c 16 /dev/urandom > /d/random\n"


def checkout(sandbox: Sandbox, files: dict[str, str], name: str = "project") -> Path:
    """The files as a git repository with one commit, always the same."""
    sandbox.env["TMPDIR"] = str(sandbox.folder / "tmp")
    Path(sandbox.env["TMPDIR"]).mkdir(exist_ok=True)
    folder = sandbox.folder / name
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
    sandbox.env.update(dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1700000000 +0000"))
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "c")):
        sandbox.run("git", *words, cwd=folder)
    return folder


def build(sandbox: Sandbox, folder: Path, *words: str) -> dict[str, str]:
    """Build and push without any cache; the digests by image."""
    every = ("--no-cache", "--no-cache-artifacts", "--reproducible", "--file-output=out.json", "--tag=t")
    sandbox.run("buildx-tasks", "buildx.build", *every, *words, cwd=folder)
    builds = json.loads((folder / "out.json").read_text())["builds"]
    return {item["imageName"]: item["tag"].partition("@")[2] for item in builds}


def test_two_engines_two_checkouts_and_both_plugins_give_the_same_digests(new_sandbox: NewSandbox, lab: Lab) -> None:
    found: list[dict[str, str]] = []
    lock = b""
    for part, buildx in (("remote", "new"), ("nodes", "old")):
        sandbox = new_sandbox(buildx=buildx)
        endpoint = lab.parts["remote"]["endpoint"] if part == "remote" else lab.parts["nodes"]["arm64"]
        builder = sandbox.create_builder("one", endpoint)
        folder = checkout(sandbox, FILES)
        if lock:
            time.sleep(1.1)
            (folder / "buildx.lock").write_bytes(lock)
        else:
            sandbox.run("buildx-tasks", "buildx.lock", cwd=folder)
            lock = (folder / "buildx.lock").read_bytes()
        words = (f"--builder={builder}", f"--default-repo={sandbox.image('r')}", "--platform=linux/amd64", "--strict")
        found.append(build(sandbox, folder, *words))
        found.append(build(sandbox, folder, *words, "--batch=off"))
    assert len(found[0]) == 3
    assert all(one == found[0] for one in found)


def test_times_in_the_image_are_that_of_the_commit(new_sandbox: NewSandbox, lab: Lab) -> None:
    sandbox = new_sandbox()
    builder = sandbox.builder("plain")
    folder = checkout(sandbox, FILES)
    build(sandbox, folder, f"--builder={builder}", f"--default-repo={sandbox.image('r')}")
    config = lab.registry().config(sandbox.image("r/app"), "t")
    assert config["created"] == "2023-11-14T22:13:20Z"
    index = lab.registry().manifest(sandbox.image("r/app"), "t")
    assert "manifests" not in index.data  # no attestations, so no index
    image = f"{sandbox.image('r/app')}@{index.digest}"
    times = sandbox.docker("run", "--rm", image, "stat", "-c", "%Y", "/file", "/made", "/made/base", "/made/app").out
    assert times.split() == ["1700000000"] * 4
    for variable in ("0", "1600000000"):
        sandbox.env["SOURCE_DATE_EPOCH"] = variable
        build(sandbox, folder, f"--builder={builder}", f"--default-repo={sandbox.image('r')}", "--artifact=other")
        created = lab.registry().config(sandbox.image("r/other"), "t")["created"]
        assert created == {"0": "1970-01-01T00:00:00Z", "1600000000": "2020-09-13T12:26:40Z"}[variable]


@pytest.mark.parametrize("buildx", ["old", "new"])
def test_loaded_images_are_the_same(new_sandbox: NewSandbox, buildx: str) -> None:
    sandbox = new_sandbox(buildx=buildx)
    builder = sandbox.builder("plain")
    folder = checkout(sandbox, FILES)
    words = (f"--builder={builder}", "--no-push", f"--default-repo={sandbox.image('r')}")
    ids = []
    for _ in range(2):
        build(sandbox, folder, *words)
        image = f"{sandbox.image('r')}/app:t"
        ids.append(sandbox.docker("image", "inspect", "--format", "{{.Id}}", image).out)
        time.sleep(1.1)
    assert ids[0] == ids[1]


@pytest.mark.parametrize("engine", ["containerd", "classic"])
def test_what_an_engine_can_not_do_is_said(new_sandbox: NewSandbox, engine: str) -> None:
    sandbox = new_sandbox(engine=engine)
    folder = checkout(sandbox, FILES)
    words = ("--reproducible", "--tag=t", "--no-push", "--artifact=other")
    done = sandbox.run("buildx-tasks", "buildx.build", *words, cwd=folder)
    assert "its layers keep the times of the build: " in done.err
    assert "busybox:latest (other/Dockerfile:1) is not in buildx.lock" in done.err
    strict = sandbox.run("buildx-tasks", "buildx.build", *words, "--strict", cwd=folder, check=False)
    assert strict.code == 2


def verify(sandbox: Sandbox, folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = sandbox.run("buildx-tasks", "buildx.verify", "--format=json", "--tag=t", *words, cwd=folder, check=False)
    assert '"reproducible"' in done.out, done.text
    return done.code, json.loads(done.out)


def loaded(sandbox: Sandbox) -> list[str]:
    """The images that the docker daemon has of this test."""
    listed = sandbox.docker("images", "--all", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}").out.splitlines()
    return sorted(line for line in listed if sandbox.prefix in line or "<none>" in line)


def scratch(sandbox: Sandbox) -> list[Path]:
    """What a run has left of its temporary files."""
    return list(Path(sandbox.env["TMPDIR"]).iterdir())


@pytest.mark.parametrize(("builder", "buildx"), [("", "new"), ("plain", "old"), ("nodes", "new")])
def test_verify_proves_it_and_leaves_nothing(lab: Lab, new_sandbox: NewSandbox, builder: str, buildx: str) -> None:
    sandbox = new_sandbox(buildx=buildx)
    folder = checkout(sandbox, FILES)
    words = ["--reproducible", f"--default-repo={sandbox.image('r')}"]
    words += [f"--builder={sandbox.builder(builder)}"] if builder else []
    words += ["--platform=linux/amd64,linux/arm64"] if builder == "nodes" else []
    images = loaded(sandbox)
    code, found = verify(sandbox, folder, *words)
    if builder:
        platforms = [one["platform"] for one in found["artifacts"][0]["platforms"]]
        assert platforms == (["linux/amd64", "linux/arm64"] if builder == "nodes" else ["linux/amd64"])
        assert (code, found["reproducible"], len(found["artifacts"])) == (0, True, 3), found
    else:
        # This docker does not rewrite times of what it pushes, and so that is what is compared.
        assert (code, found["reproducible"]) == (1, False)
        assert "differs in time" in found["artifacts"][0]["platforms"][0]["difference"]
    assert not lab.registry().tags(sandbox.image("r/app"))
    assert loaded(sandbox) == images
    assert scratch(sandbox) == []


def test_verify_names_the_first_layer_and_path_that_differ(new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    folder = checkout(sandbox, {**FILES, "other/Dockerfile": UNREPRODUCIBLE})
    words = ("--artifact=other", f"--builder={sandbox.builder('plain')}", f"--default-repo={sandbox.image('r')}")
    code, found = verify(sandbox, folder, "--reproducible", *words)
    (platform,) = found["artifacts"][0]["platforms"]
    assert code == 1
    assert platform["difference"] == (
        "layer 3 of 3 (RUN /bin/sh -c mkdir /d && head -c 16 /dev/urandom > /d/random # buildkit): "
        "/d/random differs in content"
    )
    assert platform["first"] != platform["second"]
    text = sandbox.run("buildx-tasks", "buildx.verify", "--tag=t", *words, cwd=folder, check=False)
    assert text.code == 1
    assert "other linux/amd64: differs, sha256:" in text.out
    assert "layer 2 of 3 (RUN /bin/sh -c echo same > /same # buildkit): " in text.out
    assert "differs in time" in text.out
    assert "without  --reproducible" in text.err


def test_verify_on_two_builders(new_sandbox: NewSandbox, lab: Lab) -> None:
    sandbox = new_sandbox()
    folder = checkout(sandbox, FILES)
    one = sandbox.create_builder("one", lab.parts["nodes"]["amd64"])
    two = sandbox.create_builder("two", lab.parts["nodes"]["arm64"])
    words = ("--reproducible", f"--default-repo={sandbox.image('r')}", "--platform=linux/amd64")
    code, found = verify(sandbox, folder, f"--builder={one}", f"--against={two}", *words)
    assert (code, found["builders"], found["reproducible"]) == (0, ["one", "two"], True), found


def test_verify_of_a_build_that_fails(new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox()
    folder = checkout(sandbox, {**FILES, "other/Dockerfile": "FROM busybox\nRUN false\n"})
    words = ("--tag=t", "--artifact=other", f"--default-repo={sandbox.image('r')}")
    done = sandbox.run("buildx-tasks", "buildx.verify", *words, cwd=folder, check=False)
    assert (done.code, "other/Dockerfile:2" in done.text) == (1, True), done.text
    assert scratch(sandbox) == []


def test_verify_needs_a_store_that_exports(new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(engine="classic")
    folder = checkout(sandbox, FILES)
    done = sandbox.run("buildx-tasks", "buildx.verify", "--tag=t", "--no-push", cwd=folder, check=False)
    assert done.code == 4
    assert "needs a builder that exports images" in done.err
