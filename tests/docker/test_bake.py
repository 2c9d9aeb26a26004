"""The bake file builds the same images: both ways for real, digests compared."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from lab_support import Lab, Sandbox

from buildx_tasks.reporting.bake import FILE

NewSandbox = Callable[..., Sandbox]

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
.buildx:
  artifacts:
    team/app:
      buildContexts: {shared: ../shared, files: "artifact://tools"}
      labels: {dollars: "${HOME} $$ %{x}"}
build:
  artifacts:
  - image: team/app
    context: app
    requires: [{image: base, alias: BASE}]
    docker:
      buildArgs: {GREETING: "hello ${USER}, %{100}", FROM_ENVIRONMENT: null, UNSET: null}
      secrets: [{id: token, src: ../token}]
  - image: base
  - image: tools
    context: tools
    docker: {dockerfile: ../tools.Dockerfile, target: wanted}
"""

FILES = {
    "Dockerfile": "FROM busybox\nRUN echo base > /base\n",
    "tools.Dockerfile": "FROM scratch AS wanted\nCOPY tool /tool\nFROM scratch\n",
    "tools/tool": "a tool\n",
    "app/Dockerfile": (
        "ARG BASE\nFROM $BASE\nARG GREETING FROM_ENVIRONMENT UNSET=unset\n"
        'ENV GREETING="$GREETING, $FROM_ENVIRONMENT" UNSET=$UNSET\n'
        "COPY --from=shared lib /lib\nCOPY --from=files /tool /tool\nCOPY main /main\n"
        "RUN --mount=type=secret,id=token test -s /run/secrets/token && cat /base > /copied\n"
    ),
    "app/main": "main\n",
    "app/Dockerfile.dockerignore": "*.md\n",
    "app/README.md": "not in the image\n",
    "../shared/lib": "outside of the project\n",
    "../token": "secret\n",
}
IMAGES = {"team/app": "team_app", "base": "base", "tools": "tools"}


def project(sandbox: Sandbox) -> Path:
    """The project in an environment whose epoch is after both base images: BuildKit makes nothing younger than it."""
    registry, base = sandbox.lab.registry(), sandbox.lab.base_image
    configs = [registry.config(base, "latest", platform) for platform in sandbox.lab.parts["base"]["platforms"]]
    created = max(datetime.fromisoformat(str(config["created"])) for config in configs)
    epoch = str(int(created.timestamp()) + 1)
    sandbox.env.update({"SOURCE_DATE_EPOCH": epoch, "FROM_ENVIRONMENT": "from the environment"})
    folder = sandbox.folder / "project"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "skaffold.yaml").write_text(CONFIG)
    return folder


def build(sandbox: Sandbox, folder: Path, repo: str, *words: str) -> None:
    sandbox.run("buildx-tasks", "buildx.build", "--tag=v1", f"--default-repo={repo}", *words, cwd=folder)


def bake(sandbox: Sandbox, folder: Path, repo: str, *words: str, new: bool) -> None:
    """Write the bake file and run the very command that its notes tell."""
    flags = ("--format=bake", "--tag=v1", f"--default-repo={repo}", *words)
    done = sandbox.run("buildx-tasks", "buildx.plan", *flags, cwd=folder)
    (folder / FILE).write_text(done.out)
    first, second = [line.partition(":  ")[2] for line in done.err.splitlines()[:2]]
    command = shlex.split(first) + (shlex.split(second) if new else [])
    assert command[0] == "docker"
    sandbox.docker(*command[1:], cwd=folder)


def digests(lab: Lab, repo: str) -> dict[str, str]:
    registry = lab.registry()
    return {image: registry.manifest(f"{repo}/{name}", "v1").digest for image, name in IMAGES.items()}


@pytest.mark.parametrize("buildx", ["old", "new"])
@pytest.mark.parametrize("words", [(), ("--platform=linux/amd64,linux/arm64", "--no-cache")])
def test_bake_gives_the_digests_of_the_build(
    lab: Lab, new_sandbox: NewSandbox, words: tuple[str, ...], buildx: str
) -> None:
    """What runs twice is equal only when timestamps are rewritten, which no docker driver can do."""
    sandbox = new_sandbox(engine=None, buildx=buildx)
    folder = project(sandbox)
    output = "type=image,name={{.IMAGE_REPO}}/{{.IMAGE_NAME}}:{{.IMAGE_TAG}},push=true,rewrite-timestamp=true"
    words = (*words, "--attest=none", f"--builder={sandbox.builder()}", f"--output={output}")
    direct, baked = sandbox.image("direct"), sandbox.image("baked")
    build(sandbox, folder, direct, *words)
    bake(sandbox, folder, baked, *words, new=buildx == "new")
    assert digests(lab, baked) == digests(lab, direct)
    config = lab.registry().config(f"{baked}/team_app", "v1")["config"]
    assert config["Labels"]["dollars"] == "${HOME} $$ %{x}"
    assert "GREETING=hello ${USER}, %{100}, from the environment" in config["Env"]
    assert "UNSET=unset" in config["Env"]


@pytest.mark.parametrize("engine", ["containerd", "classic"])
def test_a_plain_push_bakes_too(lab: Lab, new_sandbox: NewSandbox, engine: str) -> None:
    sandbox = new_sandbox(engine=engine)
    folder = project(sandbox)
    direct, baked = sandbox.image("direct"), sandbox.image("baked")
    build(sandbox, folder, direct)
    bake(sandbox, folder, baked, new=True)
    registry = lab.registry()
    for name in IMAGES.values():
        one, other = (registry.config(f"{repo}/{name}", "v1") for repo in (direct, baked))
        assert one["config"] == other["config"]
        assert len(one["rootfs"]["diff_ids"]) == len(other["rootfs"]["diff_ids"])


def test_the_plan_runs_nothing_and_the_file_is_all_of_its_output(sandbox: Sandbox) -> None:
    folder = project(sandbox)
    done = sandbox.run("buildx-tasks", "buildx.plan", "--format=bake", "--no-push", cwd=folder)
    targets = json.loads(done.out)["target"]
    assert {name: target["output"] for name, target in targets.items()} == {
        name: ["type=docker"] for name in ("app", "base", "tools")
    }
