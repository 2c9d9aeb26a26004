from __future__ import annotations

import pytest

from buildx_tasks.model.command import Command
from buildx_tasks.model.config import Artifact, CustomArtifact
from buildx_tasks.planning.build.hooks import custom_command, custom_environment, hook_environment

HOOKS = [
    pytest.param(
        {"tag": "gcr.io/foo/img1:latest", "push": True, "context": "."},
        {
            "SKAFFOLD_WORK_DIR": "/work",
            "SKAFFOLD_IMAGE": "gcr.io/foo/img1:latest",
            "SKAFFOLD_PUSH_IMAGE": "true",
            "SKAFFOLD_IMAGE_REPO": "gcr.io/foo",
            "SKAFFOLD_IMAGE_TAG": "latest",
            "SKAFFOLD_BUILD_CONTEXT": "/work",
        },
        id="pushed",
    ),
    pytest.param(
        {"tag": "localhost:5000/img:v1", "context": "../x", "default_repo": "localhost:5000"},
        {
            "SKAFFOLD_DEFAULT_REPO": "localhost:5000",
            "SKAFFOLD_WORK_DIR": "/work",
            "SKAFFOLD_IMAGE": "localhost:5000/img:v1",
            "SKAFFOLD_PUSH_IMAGE": "false",
            "SKAFFOLD_IMAGE_REPO": "localhost:5000",
            "SKAFFOLD_IMAGE_TAG": "v1",
            "SKAFFOLD_BUILD_CONTEXT": "/x",
        },
        id="with a default repository",
    ),
    pytest.param(
        {"tag": "img", "context": "/abs"},
        {
            "SKAFFOLD_WORK_DIR": "/work",
            "SKAFFOLD_IMAGE": "img",
            "SKAFFOLD_PUSH_IMAGE": "false",
            "SKAFFOLD_IMAGE_REPO": "",
            "SKAFFOLD_IMAGE_TAG": "",
            "SKAFFOLD_BUILD_CONTEXT": "/abs",
        },
        id="a bare name",
    ),
    pytest.param(
        {"default_repo": ""},
        {
            "SKAFFOLD_DEFAULT_REPO": "",
            "SKAFFOLD_WORK_DIR": "/work",
            "SKAFFOLD_IMAGE": "",
            "SKAFFOLD_PUSH_IMAGE": "false",
            "SKAFFOLD_IMAGE_REPO": "",
            "SKAFFOLD_IMAGE_TAG": "",
            "SKAFFOLD_BUILD_CONTEXT": "",
        },
        id="around all builds",
    ),
]


@pytest.mark.parametrize(("given", "expected"), HOOKS)
def test_hooks_are_told_what_is_built(given: dict[str, str], expected: dict[str, str]) -> None:
    assert dict(hook_environment(environ={}, cwd="/work", **given)) == expected  # type: ignore[arg-type]


CUSTOM = [
    pytest.param(
        {
            "tag": "gcr.io/image/tag:mytag",
            "push": False,
            "context": "/some/path",
            "platforms": ("linux/amd64", "linux/arm64"),
        },
        {
            "IMAGE": "gcr.io/image/tag:mytag",
            "PUSH_IMAGE": "false",
            "BUILD_CONTEXT": "/some/path",
            "PLATFORMS": "linux/amd64,linux/arm64",
            "SKIP_TEST": "false",
            "IMAGE_REPO": "gcr.io/image/tag",
            "IMAGE_TAG": "mytag",
        },
        id="two platforms",
    ),
    pytest.param(
        {"tag": "gcr.io/image/push:tag", "push": True, "context": "sub/.", "platforms": ("all",), "skip_tests": True},
        {
            "IMAGE": "gcr.io/image/push:tag",
            "PUSH_IMAGE": "true",
            "BUILD_CONTEXT": "/work/sub",
            "PLATFORMS": "all",
            "SKIP_TEST": "true",
            "IMAGE_REPO": "gcr.io/image/push",
            "IMAGE_TAG": "tag",
        },
        id="pushed",
    ),
    pytest.param(
        {"tag": "app:v1", "push": False, "context": ".", "requires": {"B": "b@sha256:1", "A": "a:2"}},
        {
            "IMAGE": "app:v1",
            "PUSH_IMAGE": "false",
            "BUILD_CONTEXT": "/work",
            "PLATFORMS": "",
            "SKIP_TEST": "false",
            "IMAGE_REPO": "app",
            "IMAGE_TAG": "v1",
            "A": "a:2",
            "B": "b@sha256:1",
        },
        id="with required images",
    ),
]


@pytest.mark.parametrize(("given", "expected"), CUSTOM)
def test_custom_commands_are_told_what_to_build(given: dict[str, object], expected: dict[str, str]) -> None:
    assert dict(custom_environment(environ={}, cwd="/work", **given)) == expected  # type: ignore[arg-type]


def test_the_environment_wins_over_what_is_computed() -> None:
    environ = {"SKAFFOLD_IMAGE": "", "IMAGE": "mine", "A": "own"}
    hooks = hook_environment(environ=environ, cwd="/", tag="x:1")
    custom = custom_environment(environ=environ, cwd="/", tag="x:1", push=False, context=".", requires={"A": "a"})
    assert not {"SKAFFOLD_IMAGE", "IMAGE", "A"} & {name for name, _ in (*hooks, *custom)}


def test_a_custom_command_runs_in_a_shell_in_its_context() -> None:
    artifact = Artifact(
        image="x", context="src", kind="custom", custom=CustomArtifact(build_command="make {{.T}} && b")
    )
    command = custom_command(artifact, (("IMAGE", "x:1"),), lambda text: text.replace("{{.T}}", "t"), "/work")
    assert command == Command(argv=("sh", "-c", "make t && b"), env=(("IMAGE", "x:1"),), cwd="/work/src")
