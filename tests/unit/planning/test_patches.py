from __future__ import annotations

from typing import Any

import pytest

from buildx_tasks.document.yaml.source import parse
from buildx_tasks.planning.config.origins import Origins
from buildx_tasks.planning.config.patches import PatchFailed, apply_patch
from buildx_tasks.planning.config.problems import DocumentInvalid
from buildx_tasks.planning.config.profiles import ActivationFacts, apply_profiles

TEXT = """\
apiVersion: skaffold/v4beta14
kind: Config
build:
  artifacts:
  - image: example
manifests:
  rawYaml: [k8s-*]
profiles:
- name: patches
  patches:
  - path: /build/artifacts/0/image
    value: replacement
  - op: add
    path: /build/artifacts/0/docker
    value: {dockerfile: Dockerfile.DEV}
  - op: add
    path: /build/artifacts/-
    value: {image: second, docker: {dockerfile: Dockerfile.second}}
  - op: add
    path: /build/artifacts/-
    value: {image: third}
  - path: /build/artifacts/2
    value: {image: third-replaced}
  - op: remove
    path: /manifests
"""


def test_patches_apply_one_after_the_other() -> None:
    result, _ = apply_profiles(parse(TEXT)[0].data, ["patches"], ActivationFacts())
    assert result["build"]["artifacts"] == [
        {"image": "replacement", "docker": {"dockerfile": "Dockerfile.DEV"}},
        {"image": "second", "docker": {"dockerfile": "Dockerfile.second"}},
        {"image": "third-replaced"},
    ]
    assert "manifests" not in result


BASE: dict[str, Any] = {
    "build": {
        "artifacts": [
            {"image": "a", "docker": {"target": "x", "buildArgs": {"A": "1"}}},
            {"image": "r/b", "docker": {"target": "y"}, "sync": None},
            {"image": "c", "platforms": ["one", "two"]},
        ],
        "local": {"push": False},
    },
    "metadata": {"annotations": {"a/b": "1", "c~d": "2"}},
}
ARTIFACTS = BASE["build"]["artifacts"]


def patched(path: str, op: str = "", **more: Any) -> Any:
    return apply_patch(BASE, {"path": path, "op": op, **more}, Origins(BASE))


GOOD: list[tuple[dict[str, Any], tuple[str | int, ...], Any]] = [
    ({"path": "/build/local/push", "value": True}, ("build", "local", "push"), True),
    ({"path": "/build/local", "op": "add", "value": 1}, ("build", "local"), 1),
    (
        {"path": "/build/artifacts/1", "op": "add", "value": "new"},
        ("build", "artifacts"),
        [ARTIFACTS[0], "new", *ARTIFACTS[1:]],
    ),
    ({"path": "/build/artifacts/3", "op": "add", "value": "new"}, ("build", "artifacts", 3), "new"),
    ({"path": "/build/artifacts/-", "op": "add", "value": "new"}, ("build", "artifacts", 3), "new"),
    ({"path": "/build/artifacts/0", "op": "remove"}, ("build", "artifacts"), ARTIFACTS[1:]),
    ({"path": "/metadata/annotations/a~1b", "value": "3"}, ("metadata", "annotations", "a/b"), "3"),
    ({"path": "/metadata/annotations/c~0d", "value": "3"}, ("metadata", "annotations", "c~d"), "3"),
    (
        {"path": "/build/artifacts/2/docker", "op": "copy", "from": "/build/artifacts/0/docker"},
        ("build", "artifacts", 2, "docker", "target"),
        "x",
    ),
    (
        {"path": "/build/artifacts/1", "op": "copy", "from": "/build/artifacts/0"},
        ("build", "artifacts", 1, "image"),
        "a",
    ),
    ({"path": "/metadata/name", "op": "move", "from": "/build/local/push"}, ("build", "local"), {}),
    ({"path": "/metadata/name", "op": "move", "from": "/build/artifacts/0/image"}, ("metadata", "name"), "a"),
    ({"path": "/build/local/push", "op": "test", "value": False}, ("build", "local", "push"), False),
    (
        {"path": "/build/artifacts/2/platforms", "op": "test", "value": ["one", "two"]},
        ("build", "local", "push"),
        False,
    ),
    (
        {"path": "/build/artifacts/image=a/docker/target", "value": "z"},
        ("build", "artifacts", 0, "docker", "target"),
        "z",
    ),
    (
        {"path": "/image=r~1b/docker/target", "op": "remove"},
        ("build", "artifacts", 1, "docker"),
        {},
    ),
    (
        {"path": "/build/target=x/noCache", "op": "add", "value": True},
        ("build", "artifacts", 0, "docker", "noCache"),
        True,
    ),
    (
        {"path": "/build/artifacts/image=c/platforms/-", "op": "add", "value": "three"},
        ("build", "artifacts", 2, "platforms", 2),
        "three",
    ),
]


@pytest.mark.parametrize(("patch", "path", "expected"), GOOD, ids=[str(row[0]["path"]) for row in GOOD])
def test_operations(patch: dict[str, Any], path: tuple[str | int, ...], expected: Any) -> None:
    found = apply_patch(BASE, patch, Origins(BASE))
    for key in path:
        found = found[key]
    assert found == expected


def test_every_match_is_patched_and_removing_does_not_shift() -> None:
    data = {"list": [{"k": "x", "n": 1}, {"k": "y", "n": 2}, {"k": "x", "n": 3}]}
    assert apply_patch(data, {"path": "/list/k=x", "op": "remove"}, Origins(data)) == {"list": [{"k": "y", "n": 2}]}
    assert apply_patch(data, {"path": "/list/k=x/n", "value": 0}, Origins(data))["list"][2] == {"k": "x", "n": 0}


def test_a_copied_part_is_not_tied_to_its_source() -> None:
    copied = patched("/build/artifacts/2/docker", "copy", **{"from": "/build/artifacts/0/docker"})
    changed = apply_patch(copied, {"path": "/build/artifacts/2/docker/target", "value": "z"}, Origins(copied))
    targets = [artifact["docker"]["target"] for artifact in changed["build"]["artifacts"]]
    assert targets == ["x", "y", "z"]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"path": "/unknown"}, "the config has no 'unknown'", "op: add, path: /unknown"),
    ({"path": "/build/artifacts/0/image/"}, "build.artifacts[0].image is not a mapping or list", ""),
    (
        {"path": "/build/artifacts/2/docker/target", "value": "x"},
        "build.artifacts[2] has no 'docker'",
        "op: add, path: /build/artifacts/2/docker",
    ),
    ({"path": "/build/artifacts/1/sync/auto", "op": "add"}, "build.artifacts[1].sync is not set", "op: add"),
    ({"path": "/build/artifacts/1/sync", "value": {}}, "build.artifacts[1] has no 'sync'", "op: add"),
    ({"path": "/build/artifacts/3", "value": {}}, "build.artifacts has 3 items, none at 3", ""),
    ({"path": "/build/artifacts/4", "op": "add"}, "build.artifacts has 3 items, none at 4", ""),
    ({"path": "/build/artifacts/x", "value": {}}, "'x' is not a position", ""),
    ({"path": "/build/artifacts/-", "op": "copy", "from": "/build/local"}, "'-' is not a position", ""),
    ({"path": "/build/local/nothing", "op": "remove"}, "build.local has no 'nothing'", ""),
    ({"path": "/build/x", "op": "move", "from": "/build/nothing"}, "build has no 'nothing'", ""),
    ({"path": "/build/x", "op": "copy", "from": "build"}, "from 'build' must begin with /", ""),
    ({"path": "build/local", "value": 1}, "path 'build/local' must begin with /", ""),
    ({"path": "", "value": 1}, "path '' must begin with /", ""),
    ({"path": "/build/local/push", "op": "test", "value": 0}, "build.local.push is False, not 0", ""),
    ({"path": "/build/artifacts/image=zz/docker", "value": 1}, "nothing has image=zz", ""),
    ({"path": "/build/local", "op": "delete"}, "unknown op 'delete'", "add, replace, remove"),
]


@pytest.mark.parametrize(("patch", "reason", "hint"), BAD, ids=[f"{row[0].get('op')} {row[0]['path']}" for row in BAD])
def test_says_why_a_patch_fails(patch: dict[str, Any], reason: str, hint: str) -> None:
    with pytest.raises(PatchFailed) as caught:
        apply_patch(BASE, patch, Origins(BASE))
    assert reason in caught.value.reason
    assert hint in caught.value.hint


def test_every_failing_patch_is_named_with_profile_and_path() -> None:
    data = {
        "build": {"artifacts": [{"image": "example"}]},
        "profiles": [
            {"name": "patches", "patches": [{"path": "/build/artifacts/0/image/", "value": "x"}, {"path": "/unknown"}]}
        ],
    }
    with pytest.raises(DocumentInvalid) as caught:
        apply_profiles(data, ["patches"], ActivationFacts())
    assert "profile 'patches': invalid path: /build/artifacts/0/image/" in caught.value.message
    assert [problem.path for problem in caught.value.problems] == [
        ("profiles", 0, "patches", 0),
        ("profiles", 0, "patches", 1),
    ]
