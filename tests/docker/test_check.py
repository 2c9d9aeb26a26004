"""Dockerfile checks with real clients: what each version of buildx and BuildKit makes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_support import Completed, Sandbox

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      context: app
"""


def check(sandbox: Sandbox, *words: str) -> Completed:
    folder = sandbox.app("project/app").parent
    (folder / "skaffold.yaml").write_text(CONFIG)
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    return sandbox.run("invoke", "buildx.check", *words, check=False, cwd=folder)


@pytest.mark.parametrize(
    ("buildx", "said"),
    [("old", "need docker buildx 0.15 (--call), and this is 0.13.1"), ("none", "docker buildx does not answer")],
)
def test_a_client_without_checks(new_sandbox: Callable[..., Sandbox], buildx: str, said: str) -> None:
    done = check(new_sandbox(buildx=buildx))
    assert done.code == 4
    assert said in done.err


@pytest.mark.parametrize("kind", ["default", "plain"])
def test_a_buildkit_without_checks(sandbox: Sandbox, kind: str) -> None:
    """The engines that can be had here are older than checks, and there is no Docker Hub to get a frontend from."""
    builder = kind if kind == "default" else sandbox.builder("plain")
    done = check(sandbox, "--builder", builder)
    assert done.code == 4
    assert f"the BuildKit of builder {builder} can't check Dockerfiles" in done.err
    assert "syntax=" in done.err
