"""examples/monorepo on an engine of its own and on BuildKit elsewhere, without a daemon."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab_support import Sandbox

MONOREPO = Path(__file__).parents[2] / "examples/monorepo"
DIGESTS = {"runtime", "toolchain", "gateway", "certificates", "accounts", "reports", "stock", "office-web"}
RELEASED = {"cart", "catalog", "checkout", "search", "smoke-tests"}


def copied(sandbox: Sandbox) -> tuple[Path, str]:
    """The example in the sandbox, and the repository for its images."""
    folder = sandbox.folder / "monorepo"
    shutil.copytree(MONOREPO, folder)
    return folder, sandbox.image("x").removesuffix("/x")


def built(sandbox: Sandbox, folder: Path, repo: str, *more: str) -> tuple[dict[str, str], Any]:
    """The tag of each image by the result file, and what was said."""
    words = ("invoke", "buildx.build", "--default-repo", repo, "--push", "--file-output", "build.json", *more)
    done = sandbox.run(*words, cwd=folder)
    builds = json.loads((folder / "build.json").read_text())["builds"]
    return {item["imageName"]: item["tag"].partition("@")[0].rpartition(":")[2] for item in builds}, done


def test_the_engine_builds_all_of_it_and_nothing_again(sandbox: Sandbox) -> None:
    folder, repo = copied(sandbox)
    tags, _ = built(sandbox, folder, repo)
    assert set(tags) == DIGESTS | RELEASED
    assert all(len(tag) == 64 for tag in tags.values()), "inputDigest"
    registry = sandbox.lab.registry("open")
    assert all(registry.has(f"{repo}/{image}", tag) for image, tag in tags.items())

    again, done = built(sandbox, folder, repo)
    assert again == tags
    assert "Build [" not in done.text

    (folder / "shop/cart/src/main.txt").write_text("another cart\n")
    changed, done = built(sandbox, folder, repo)
    assert {image for image in tags if changed[image] != tags[image]} == {"cart"}
    ended = [line.partition(" (")[0] for line in done.text.splitlines() if line.startswith("Build [")]
    assert ended == ["Build [cart] succeeded"]


def test_a_builder_elsewhere_builds_the_release_without_a_daemon(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    folder, repo = copied(sandbox)
    endpoint = sandbox.lab.parts["remote"]["endpoint"]
    sandbox.run("docker", "buildx", "create", "--name", "elsewhere", "--driver", "remote", endpoint)
    sandbox.env.update(BUILDX_BUILDER="elsewhere", RELEASE="v1.2")
    tags, _ = built(sandbox, folder, repo, "--profile", "release")
    assert {image for image, tag in tags.items() if tag == "v1.2"} == RELEASED
    assert {image for image, tag in tags.items() if len(tag) == 64} == DIGESTS
    plan = sandbox.run("invoke", "buildx.plan", "--profile", "release", "--artifact", "checkout", cwd=folder)
    assert "PAYMENTS=live" in plan.out


def test_a_hook_stops_what_it_is_for(sandbox: Sandbox) -> None:
    folder, repo = copied(sandbox)
    (folder / "shop/search/src/words.txt").write_text("b\na\n")
    words = ("invoke", "buildx.build", "--default-repo", repo, "--push", "--artifact", "search")
    done = sandbox.run(*words, cwd=folder, check=False)
    assert done.code == 1, done.text
    assert "Build [search] failed: pre-build hook" in done.text
    assert "Build [runtime] succeeded" in done.text


@pytest.mark.parametrize("name", ["shop", "office"])
def test_a_module_builds_with_what_it_requires(sandbox: Sandbox, name: str) -> None:
    folder, _ = copied(sandbox)
    plan = sandbox.run("invoke", "buildx.plan", "--format", "json", "--module", name, cwd=folder)
    images = {item["imageName"] for item in json.loads(plan.out)["builds"]}
    assert {"runtime", "toolchain"} <= images
    assert "smoke-tests" not in images
