"""The how-to pages, as a reader follows them: their files are written, their commands print what the page shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Sandbox
from walkthrough import Shell

ROOT = Path(__file__).parents[2]
WITH_ENGINE = ("caches", "from-bake", "from-buildx-scripts", "from-skaffold", "monorepo", "nox", "platforms", "prune")


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


def test_kaniko_is_replaced_without_a_daemon(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    follow("from-kaniko", sandbox, **{"tcp://buildkit.internal:1234": sandbox.lab.parts["remote"]["endpoint"]})
