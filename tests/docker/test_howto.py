"""The how-to pages, as a reader follows them: their files are written, their commands print what the page shows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Sandbox
from walkthrough import File, Shell, steps

ROOT = Path(__file__).parents[2]
WITH_ENGINE = (
    "cache-mounts",
    "caches",
    "from-bake",
    "from-buildx-scripts",
    "from-skaffold",
    "lock",
    "monorepo",
    "nox",
    "platforms",
    "prune",
)

CONFIG = """\
apiVersion: skaffold/v4beta14
kind: Config
build:
  artifacts:
    - image: app
      docker:
        cacheFrom: ["app:cache"]
"""


def follow(page: str, sandbox: Sandbox, **more: str) -> None:
    """Follow a page in an empty folder; its registry is one of the lab, below a name that no other test uses."""
    (folder := sandbox.folder / "reader").mkdir()
    shutil.copytree(ROOT / "examples/monorepo", folder / "examples/monorepo")
    sandbox.env.update(
        {f"GIT_{who}_{what}": "t@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    )
    repo = sandbox.image("x").removesuffix("/x")
    with Shell(folder, sandbox.env) as shell:
        shell.follow(ROOT / "docs" / f"{page}.md", {"localhost:5000": repo, **more})


@pytest.mark.parametrize("page", WITH_ENGINE)
def test_pages_for_an_engine_of_this_machine(page: str, sandbox: Sandbox) -> None:
    follow(page, sandbox)


def test_a_job_for_each_platform(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    for name in ("amd64", "arm64"):
        sandbox.create_builder(name, sandbox.lab.parts["nodes"][name], "--platform", f"linux/{name}")
    follow("partial", sandbox)


def test_reproducible_images_on_two_builders(sandbox: Sandbox) -> None:
    for name, node in (("ci", "amd64"), ("laptop", "arm64")):
        sandbox.create_builder(name, sandbox.lab.parts["nodes"][node])
    follow("reproducible", sandbox)


def test_kaniko_is_replaced_without_a_daemon(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    follow("from-kaniko", sandbox, **{"tcp://buildkit.internal:1234": sandbox.lab.parts["remote"]["endpoint"]})


def scripts(page: str) -> list[str]:
    """The commands of buildx-tasks in the pipeline that a page shows, as a shell with the program on PATH has them."""
    files = [step for step in steps((ROOT / "docs" / f"{page}.md").read_text()) if isinstance(step, File)]
    (pipeline,) = [file.text for file in files if file.name.endswith(".yml")]
    return re.findall(r"- (?:run: )?(?:/opt/buildx-tasks/bin/)?(buildx-tasks .*)", pipeline)


def project(sandbox: Sandbox) -> Path:
    """A project as a pipeline checks it out, whose images go to a registry of the lab."""
    folder = sandbox.app("project", **{"skaffold.yaml": CONFIG})
    sandbox.run("git", "init", "-q", ".", cwd=folder)
    sandbox.env["SKAFFOLD_DEFAULT_REPO"] = sandbox.image("x").removesuffix("/x")
    return folder


def test_the_commands_for_github_build(sandbox: Sandbox) -> None:
    folder = project(sandbox)
    commands = scripts("github")
    for command in commands:
        sandbox.run("sh", "-c", command, cwd=folder)
    assert len(commands) == 3
    assert "@sha256:" in (folder / "build.json").read_text()


def test_the_commands_for_gitlab_build_behind_mutual_tls(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    folder = project(sandbox)
    facts = sandbox.lab.parts["mtls"]
    (client := sandbox.folder / "client").mkdir()
    for name in ("ca", "cert", "key"):
        shutil.copy(facts[name], client / f"{name}.pem")
    port = facts["endpoint"].rpartition(":")[2]
    sandbox.env.update(BUILDKIT_HOST=f"tcp://{facts['server_name']}:{port}", BUILDKIT_TLS_DIR=str(client))
    commands = scripts("gitlab")
    for command in commands:
        sandbox.run("sh", "-c", command, cwd=folder)
    assert len(commands) == 2
    assert "@sha256:" in (folder / "build.json").read_text()
