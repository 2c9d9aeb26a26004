"""What loading refuses, and that it judges a config as it will be built: any version, with its profiles applied."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from loading import load_configs

from buildx_tasks.errors import ConfigInvalid
from buildx_tasks.execution.shell import ShellRunner
from buildx_tasks.model.config import Config, Secret
from buildx_tasks.model.settings import Settings


def load(cwd: Path, text: str, *profiles: str, overrides: tuple[str, ...] = ()) -> tuple[Config, ...]:
    settings = Settings(filename="-", profile=profiles, set=overrides)
    return load_configs(settings, environ={}, cwd=cwd, kube_context="", runner=ShellRunner({}), stdin=io.StringIO(text))


def problems(cwd: Path, text: str, *profiles: str, overrides: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(cwd, text, *profiles, overrides=overrides)
    return [line.removeprefix("<stdin>:") for line in caught.value.message.splitlines()]


def new(body: str) -> str:
    return f"apiVersion: skaffold/v4beta14\nkind: Config\n{body}"


OLD = """\
apiVersion: skaffold/v1alpha2
kind: Config
.shared: &context {workspace: src}
build:
  artifacts:
  - imageName: app
    <<: *context
    docker: {dockerfilePath: D}
  - imageName: worker
  tagPolicy: {gitCommit: {}}
profiles:
- name: p
  build:
    artifacts:
    - imageName: special
"""


def test_old_versions_are_upgraded_in_memory_and_keep_their_lines(tmp_path: Path) -> None:
    (config,) = load(tmp_path, OLD)
    assert [(artifact.image, artifact.context, artifact.line) for artifact in config.artifacts] == [
        ("app", "src", 6),
        ("worker", ".", 9),
    ]
    assert config.artifacts[0].docker.dockerfile == "D"
    (config,) = load(tmp_path, OLD, "p")
    assert [(artifact.image, artifact.line) for artifact in config.artifacts] == [("special", 15)]


def test_a_moved_field_is_followed(tmp_path: Path) -> None:
    text = (
        "apiVersion: skaffold/v2beta10\nkind: Config\n"
        "build: {artifacts: [{image: a, docker: {secret: {id: x, src: y}}}]}\n"
    )
    assert load(tmp_path, text)[0].artifacts[0].docker.secrets == (Secret(id="x", src="y"),)


def test_documents_may_have_different_versions(tmp_path: Path) -> None:
    text = f"{OLD}---\n{new('build: {artifacts: [{image: b}]}')}"
    assert [len(config.artifacts) for config in load(tmp_path, text)] == [2, 1]


def test_what_cannot_be_upgraded_is_told(tmp_path: Path) -> None:
    text = "apiVersion: skaffold/v1alpha5\nkind: Config\nbuild:\n  acr: {subscriptionId: x}\n"
    (line,) = problems(tmp_path, text)
    assert line.startswith("4:3: build.acr: ")


PROBLEMS = [
    pytest.param(
        "build: {artifacts: [{image: a, dokcer: {}}], lokal: {}}\nmanifests: {rawYaml: x}\n",
        [
            "3:32: build.artifacts[0].dokcer: unknown key",
            "3:46: build.lokal: unknown key",
            "4:13: manifests.rawYaml: must",
        ],
        id="structure",
    ),
    pytest.param(
        "build:\n  artifacts:\n  - image: a\n  - image: a\n",
        ["6:5: build.artifacts[1].image: image 'a' is built twice, first in <stdin>:5; each image has one"],
        id="an image twice",
    ),
    pytest.param(
        "build: {artifacts: [{image: 'a:tag'}, {image: 'A B'}]}\n",
        [
            "3:22: build.artifacts[0].image: image 'a:tag' has a tag",
            "3:40: build.artifacts[1].image: 'A B' is not a valid",
        ],
        id="image names",
    ),
    pytest.param(
        "build: {artifacts: [{image: base}, {image: a, requires: [{image: bace, alias: B}]}]}\n",
        ["3:58: build.artifacts[1].requires[0]: artifact 'a' requires 'bace', which nothing here builds, did you mean"],
        id="an unknown dependency",
    ),
    pytest.param(
        "build:\n  artifacts:\n"
        "  - {image: a, requires: [{image: b, alias: B}]}\n  - {image: b, requires: [{image: a, alias: A}]}\n",
        ["6:27: build.artifacts[1].requires[0]: artifacts require each other: a -> b -> a"],
        id="a cycle",
    ),
    pytest.param(
        "build: {artifacts: [{image: b/c}, {image: a, requires: [{image: b/c}]}]}\n",
        ["3:57: build.artifacts[1].requires[0]: 'b/c' can't be the name of a build argument"],
        id="an alias",
    ),
    pytest.param(
        "build: {artifacts: [{context: x}]}\n",
        ["3:21: build.artifacts[0]"],
        id="an artifact without an image",
    ),
    pytest.param(
        "build: {local: {}, cluster: {}}\n",
        ["3:20: build.cluster"],
        id="two of one",
    ),
]


@pytest.mark.parametrize(("body", "expected"), PROBLEMS)
def test_problems(tmp_path: Path, body: str, expected: list[str]) -> None:
    told = problems(tmp_path, new(body))
    assert [line[: len(beginning)] for line, beginning in zip(told, expected, strict=True)] == expected


def test_an_image_in_two_files_is_told_with_both(tmp_path: Path) -> None:
    (tmp_path / "dep").mkdir()
    (tmp_path / "dep" / "skaffold.yaml").write_text(new("build:\n  artifacts:\n  - image: a\n"))
    (line,) = problems(tmp_path, new("requires: [{path: dep}]\nbuild: {artifacts: [{image: a}]}\n"))
    assert line.startswith("4:")
    assert "first in dep/skaffold.yaml:5" in line


def test_a_dependency_may_be_built_by_a_required_file(tmp_path: Path) -> None:
    (tmp_path / "dep").mkdir()
    (tmp_path / "dep" / "skaffold.yaml").write_text(new("build: {artifacts: [{image: base}]}\n"))
    artifacts = "build: {artifacts: [{image: a, requires: [{image: base, alias: B}]}]}\n"
    load(tmp_path, new(f"requires: [{{path: dep}}]\n{artifacts}"))
    (line,) = problems(tmp_path, new(artifacts))
    assert "requires 'base'" in line


PROFILED = """\
build:
  artifacts:
  - image: a
    requires: [{image: nothing, alias: N}]
profiles:
- name: good
  build:
    artifacts:
    - image: b
- name: bad
  build:
    artifacts:
    - image: c
    - image: c
- name: typo
  patches:
  - {op: remove, path: /build/artifacts/0/requires}
  - {op: add, path: /build/artifacts/0/docker, value: {dockerFile: D}}
"""


def test_a_config_is_judged_with_its_profiles(tmp_path: Path) -> None:
    assert load(tmp_path, new(PROFILED), "good")[0].artifacts[0].image == "b"
    (line,) = problems(tmp_path, new(PROFILED))
    assert line.startswith("6:")
    (line,) = problems(tmp_path, new(PROFILED), "bad")
    assert line.startswith("16:7: profiles[1].build.artifacts[1].image: image 'c' is built twice, first in <stdin>:15")
    (line,) = problems(tmp_path, new(PROFILED), "typo")
    assert line.startswith("20:")
    assert "profiles[2].patches[1].value.dockerFile: unknown key 'dockerFile', did you mean 'dockerfile'" in line


def test_overrides_are_judged_too(tmp_path: Path) -> None:
    text = new("build: {artifacts: [{image: a}, {image: b}]}\n")
    (line,) = problems(tmp_path, text, overrides=("a.requires=[{image: zz, alias: B}]",))
    assert "artifact 'a' requires 'zz'" in line
    (line,) = problems(tmp_path, text, overrides=("a.secrets=[{iid: x}]",))
    assert "unknown key 'iid'" in line


@pytest.mark.timeout(30)
def test_thousands_of_artifacts_with_one_name_are_named_at_once(tmp_path: Path) -> None:
    artifacts = "".join("  - image: app\n" for _ in range(2000))
    begin = time.process_time()
    found = problems(tmp_path, new(f"build:\n  artifacts:\n{artifacts}"))
    assert all("first in <stdin>:5" in line for line in found)
    assert time.process_time() - begin < 2
