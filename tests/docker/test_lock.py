"""The lock file with real registries and builders: what is locked is what is built from, and a moved tag is noticed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lab_support import Lab, Sandbox

NewSandbox = Callable[..., Sandbox]
HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n  artifacts:\n"
MANY = 20


def push(sandbox: Sandbox, image: str, said: str) -> None:
    """Make `image` an image whose file ``/said`` says something."""
    folder = sandbox.app(f"made-{said}", dockerfile=f"FROM busybox\nRUN echo {said} > /said\n")
    sandbox.build("--push", "--provenance=false", "--tag", image, str(folder))


def seconds_of_children() -> float:
    """Of a processor: other tests that run beside this one have no say in it."""
    used = os.times()
    return used.children_user + used.children_system


def push_many(sandbox: Sandbox, image: str, said: str) -> None:
    """The same under the tags v0 to v19."""
    push(sandbox, f"{image}:{said}", said)
    tags = [word for number in range(MANY) for word in ("--tag", f"{image}:v{number}")]
    sandbox.docker("buildx", "imagetools", "create", *tags, f"{image}:{said}")


def write(sandbox: Sandbox, files: dict[str, str]) -> Path:
    folder = sandbox.folder / "project"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def sources_of(sandbox: Sandbox, reference: str) -> str:
    """The provenance of a pushed image, which names every image that its build read."""
    done = sandbox.docker("buildx", "imagetools", "inspect", reference, "--format", "{{json .Provenance}}")
    return done.out


@pytest.mark.parametrize("buildx", ["old", "new"])
@pytest.mark.parametrize("batch", ["auto", "off"])
def test_many_artifacts_are_built_from_the_locked_digests(
    lab: Lab, new_sandbox: NewSandbox, buildx: str, batch: str
) -> None:
    sandbox = new_sandbox(buildx=buildx)
    moving = sandbox.image("moving")
    push_many(sandbox, moving, "one")
    files = {"skaffold.yaml": HEAD + "".join(f"  - {{image: a{at}, context: a{at}}}\n" for at in range(MANY))}
    files |= {f"a{at}/Dockerfile": f"FROM {moving}:v{at}\nRUN cp /said /{at}\n" for at in range(MANY)}
    folder = write(sandbox, files)
    begun = seconds_of_children()
    done = sandbox.run("buildx-tasks", "buildx.lock", cwd=folder)
    assert seconds_of_children() - begun < 2
    assert done.out.endswith(f"buildx.lock: {MANY} images, {MANY} added\n")
    locked = lab.registry().manifest(moving, "v0").digest
    push_many(sandbox, moving, "two")
    assert lab.registry().manifest(moving, "v0").digest != locked
    words = ("--tag=t", f"--default-repo={sandbox.image('r')}", f"--batch={batch}", "--attest=max", "--strict")
    sandbox.run("buildx-tasks", "buildx.build", *words, cwd=folder)
    built = [f"{sandbox.image('r')}/a{at}:t" for at in range(MANY)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        for text in pool.map(lambda image: sources_of(sandbox, image), built):
            assert locked.partition(":")[2] in text
    outdated = sandbox.run("buildx-tasks", "buildx.outdated", cwd=folder, check=False)
    assert (outdated.code, outdated.out.splitlines()[-1]) == (1, f"buildx.lock: {MANY} of {MANY} images outdated")
    assert not list(Path("/tmp").glob("buildx-tasks-*/source-policy.json"))


@pytest.mark.parametrize("buildx", ["old", "new"])
@pytest.mark.parametrize("builder", ["", "plain"])
def test_every_kind_of_image_is_locked(new_sandbox: NewSandbox, lab: Lab, buildx: str, builder: str) -> None:
    sandbox = new_sandbox(buildx=buildx)
    moving = sandbox.image("moving")
    names = ("from", "copied", "mounted", "named")
    for name in names:
        push(sandbox, f"{moving}:{name}", "one")
    dockerfile = (
        f"ARG TAG\nFROM {moving}:$TAG\nCOPY --from={moving}:copied /said /copied\n"
        f"RUN --mount=from={moving}:mounted,target=/m cp /m/said /mounted\n"
        "COPY --from=ctx /said /named\nRUN cp /said /from\n"
    )
    artifact = "  - {image: app, context: app, docker: {buildArgs: {TAG: from}}}\n"
    block = f".buildx: {{artifacts: {{app: {{buildContexts: {{ctx: 'docker-image://{moving}:named'}}}}}}}}\n"
    folder = write(sandbox, {"skaffold.yaml": block + HEAD + artifact, "app/Dockerfile": dockerfile})
    sandbox.run("buildx-tasks", "buildx.lock", "--strict", cwd=folder)
    for name in names:
        push(sandbox, f"{moving}:{name}", "two")
    words = ["--tag=t", "--strict", f"--output=type=local,dest={folder / 'out'}", "--no-push"]
    words += [f"--builder={sandbox.builder(builder)}"] if builder else []
    sandbox.run("buildx-tasks", "buildx.build", *words, cwd=folder)
    assert {name: (folder / "out" / name).read_text().strip() for name in names} == dict.fromkeys(names, "one")
    sandbox.run("buildx-tasks", "buildx.build", *words, "--lock-file=off", cwd=folder)
    assert {name: (folder / "out" / name).read_text().strip() for name in names} == dict.fromkeys(names, "two")


def test_the_frontend_is_locked(sandbox: Sandbox, lab: Lab) -> None:
    frontend = f"{sandbox.image('frontend')}:1"
    push(sandbox, frontend, "one")
    locked = lab.registry().manifest(frontend, "1").digest
    files = {"skaffold.yaml": f"{HEAD}  - {{image: app}}\n", "Dockerfile": f"# syntax={frontend}\nFROM scratch\n"}
    folder = write(sandbox, files)
    done = sandbox.run("buildx-tasks", "buildx.lock", cwd=folder)
    assert f"added {frontend}@{locked}" in done.out
    assert "may read other images" in done.err
    push(sandbox, frontend, "two")
    built = sandbox.run("buildx-tasks", "buildx.build", "--tag=t", "--no-push", cwd=folder, check=False)
    assert built.code == 1  # it is not a frontend at all; what matters is which one was fetched
    assert f"{frontend}@{locked}" in built.text


def test_a_moved_lock_builds_again_and_says_why(sandbox: Sandbox) -> None:
    moving = f"{sandbox.image('moving')}:latest"
    push(sandbox, moving, "one")
    files = {"skaffold.yaml": f"{HEAD}  - {{image: app}}\n", "Dockerfile": f"FROM {moving}\nRUN cp /said /is\n"}
    folder = write(sandbox, files)
    words = ("--tag=t", "--attest=none", f"--default-repo={sandbox.image('r')}")

    def build() -> str:
        done = sandbox.run("buildx-tasks", "buildx.build", *words, cwd=folder)
        return next(line for line in done.out.splitlines() if line.startswith(" - app: "))

    sandbox.run("buildx-tasks", "buildx.lock", cwd=folder)
    assert build() == " - app: Not found. Building (no earlier build is known here)"
    push(sandbox, moving, "two")
    assert build() == " - app: Found Remotely"
    sandbox.run("buildx-tasks", "buildx.lock", "--update", moving, cwd=folder)
    plan = sandbox.run("buildx-tasks", "buildx.plan", "--explain", *words, cwd=folder)
    assert f"the locked digest of {moving} changed" in plan.out
    assert build() == f" - app: Not found. Building (the locked digest of {moving} changed)"
    assert build() == " - app: Found Remotely"


def test_images_of_docker_hub_are_found_in_the_mirror(sandbox: Sandbox, lab: Lab) -> None:
    files = {"skaffold.yaml": f"{HEAD}  - {{image: app}}\n", "Dockerfile": "FROM busybox\n"}
    folder = write(sandbox, files)
    sandbox.run("buildx-tasks", "buildx.lock", cwd=folder)
    assert f"- busybox:latest@{lab.parts['base']['digest']}\n" in (folder / "buildx.lock").read_text()
    sandbox.run("buildx-tasks", "buildx.build", "--tag=t", "--strict", "--no-push", cwd=folder)
    plan = json.loads(sandbox.run("buildx-tasks", "buildx.plan", "--format=json", "--tag=t", cwd=folder).out)
    assert plan["builds"][0]["locked"] == {"busybox:latest": lab.parts["base"]["digest"]}


def test_a_registry_with_a_password(sandbox: Sandbox) -> None:
    image = f"{sandbox.image('base', 'password')}:1"
    files = {"skaffold.yaml": f"{HEAD}  - {{image: app}}\n", "Dockerfile": f"FROM {image}\n"}
    folder = write(sandbox, files)
    denied = sandbox.run("buildx-tasks", "buildx.lock", cwd=folder, check=False)
    assert denied.code == 1
    assert f"Dockerfile:1: {image}: " in denied.err
    assert not (folder / "buildx.lock").exists()
    sandbox.login()
    push(sandbox, image, "one")
    sandbox.run("buildx-tasks", "buildx.lock", cwd=folder)
    assert f"- {image}@sha256:" in (folder / "buildx.lock").read_text()
