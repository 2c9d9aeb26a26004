from __future__ import annotations

from buildx_tasks.document.schema.decode import decode_config
from buildx_tasks.document.yaml.source import parse
from buildx_tasks.model.config import Config, Dependency, Hook, Secret
from buildx_tasks.model.tagpolicy import CustomTemplate, GitCommit, Sha256, TagComponent

FULL = """\
apiVersion: skaffold/v4beta13
kind: Config
metadata: {name: shop}
build:
  tagPolicy:
    customTemplate:
      template: "{{.A}}"
      components:
        - name: A
          sha256: {}
  platforms: [linux/amd64]
  local: {push: no, concurrency: 3, useBuildkit: true}
  artifacts:
    - image: app
      context: src
      docker:
        buildArgs: {VERSION: 1.10, NUMBER: 010, FROM_ENV: null, FLAG: true}
        cacheFrom: [app]
        cacheTo: [app, "type=local,dest=/tmp/c"]
        secrets: [{id: token, env: TOKEN}]
      requires: [{image: base, alias: BASE}, {image: other}]
      hooks: {before: [{command: [echo, hi], os: [linux], dir: sub}]}
    - image: tool
      custom: {buildCommand: ./build.sh}
.buildx:
  builder: remote
  artifacts:
    app: {attest: min, buildContexts: {shared: ../shared}, labels: {n: 1}}
"""


def decode(text: str) -> Config:
    return decode_config(parse(text)[0].data, file="skaffold.yaml")


def test_reads_every_part_of_the_build_section() -> None:
    config = decode(FULL)
    app, tool = config.artifacts
    assert config.name == "shop"
    assert config.tag_policy == CustomTemplate(template="{{.A}}", components=(TagComponent(name="A", policy=Sha256()),))
    assert (config.local.push, config.local.concurrency, config.local.use_buildkit) == (False, 3, True)
    assert app.docker.build_args == (("VERSION", "1.1"), ("NUMBER", "8"), ("FROM_ENV", None), ("FLAG", "true"))
    assert app.docker.cache_to == ("app", "type=local,dest=/tmp/c")
    assert app.docker.secrets == (Secret(id="token", env="TOKEN"),)
    assert app.requires == (Dependency(image="base", alias="BASE"), Dependency(image="other", alias="other"))
    assert app.hooks.before == (Hook(command=("echo", "hi"), os=("linux",), dir="sub"),)
    assert (app.extras.attest, app.extras.build_contexts) == ("min", (("shared", "../shared"),))
    assert app.extras.labels == (("n", "1"),)
    assert (tool.kind, tool.custom.build_command) == ("custom", "./build.sh")
    assert config.buildx["builder"] == "remote"


def test_an_image_alone_is_a_docker_artifact_with_defaults() -> None:
    config = decode("apiVersion: skaffold/v4beta13\nbuild:\n  artifacts: [{image: app}]\n")
    (app,) = config.artifacts
    assert (app.kind, app.context, app.docker.dockerfile, app.docker.cache_to) == ("docker", ".", "Dockerfile", None)
    assert config.tag_policy == GitCommit()


def test_nulls_are_as_good_as_absent() -> None:
    config = decode("build:\n  artifacts:\n  local:\n  tagPolicy: {sha256: }\n")
    assert config == Config(file="skaffold.yaml")


def test_under_a_cluster_builder_an_artifact_is_kaniko_by_default() -> None:
    config = decode("build: {cluster: {}, artifacts: [{image: app}]}")
    assert config.artifacts[0].kind == "kaniko"
