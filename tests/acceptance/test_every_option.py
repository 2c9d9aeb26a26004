"""No option is parsed and ignored: each one changes what comes out, wherever it is said."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from recording import Here, Project, make_project

from buildx_tasks.document.schema.catalogue import fields
from buildx_tasks.model.layers import kind_of
from buildx_tasks.model.settings import KEYS, SKAFFOLD_ENVIRONMENT, WITHOUT_EFFECT
from buildx_tasks.tasks.options import BUILD, RESULT, SELECTION, Option

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
ONE = f"{HEAD}build:\n  artifacts: [{{image: app, context: app}}]\n"
TWO = f"{HEAD}build:\n  artifacts: [{{image: app, context: app}}, {{image: web}}]\n"
JIB = f"{HEAD}build:\n  artifacts: [{{image: app, jib: {{}}}}]\n"
OWN_CACHE = f"{HEAD}build:\n  artifacts: [{{image: app, docker: {{cacheFrom: [app]}}}}]\n"
CUSTOM = f"{HEAD}build:\n  artifacts: [{{image: app, custom: {{buildCommand: make}}}}]\n"
ACTIVE = f"{ONE}profiles: [{{name: p, activation: [{{command: build}}], build: {{tagPolicy: {{sha256: {{}}}}}}}}]\n"
PROFILE = f"{ONE}profiles: [{{name: p, build: {{platforms: [linux/arm64]}}}}]\n"
MODULES = (
    f"{HEAD}metadata: {{name: one}}\nbuild: {{artifacts: [{{image: app}}]}}\n---\n"
    f"{HEAD}metadata: {{name: two}}\nbuild: {{artifacts: [{{image: web}}]}}\n"
)
REQUIRING = f"{HEAD}requires: [{{path: lib}}]\nbuild: {{artifacts: [{{image: app}}]}}\nprofiles: [{{name: p}}]\n"
GIT = f"{HEAD}requires: [{{git: {{repo: ./nowhere, ref: main}}}}]\n"
FILES = {
    "lib/skaffold.yaml": f"{HEAD}build: {{artifacts: [{{image: lib}}]}}\n"
    "profiles: [{name: p, build: {platforms: [linux/arm64]}}]\n",
    "lib/Dockerfile": "FROM scratch\n",
    "other.yaml": f"{HEAD}build:\n  artifacts: [{{image: other}}]\n",
    "kube.yaml": "current-context: kind-a\n",
}
KUBE = (
    "current-context: m\ncontexts: [{name: m, context: {cluster: m}}]\n"
    "clusters: [{name: m, cluster: {certificate-authority: .minikube/ca.crt}}]\n"
)
REPO = ("--default-repo", "reg.example:5000")
PLAN = ("buildx.plan", "--format", "json")
MOUNTS = (*PLAN, *REPO, "--tag", "v1")
FOR_LIB = (*PLAN, "--tag", "v1", "--profile", "p", "--artifact", "lib")
BUILDING = ("buildx.build",)
ONE_BY_ONE = (*BUILDING, "--concurrency", "1")


def in_a_minikube(project: Project) -> None:
    """A kube-context that only its certificate tells to be minikube's."""
    project.write("kube.yaml", KUBE)
    minikube = project.docker.folder / "minikube"
    minikube.write_text("#!/bin/sh\n")
    minikube.chmod(0o755)
    project.env |= {"KUBECONFIG": "kube.yaml", "MINIKUBE_HOME": str(project.folder)}


def with_a_lock(project: Project) -> None:
    """A lock file of another name, without the image of the Dockerfile."""
    project.write("app/Dockerfile", "FROM busybox\n")
    project.write("locks/mine", "version: 1\nimages: []\n")


def on_a_builder(project: Project) -> None:
    project.docker.builder("ci", "remote")


def on_a_slow_builder(project: Project) -> None:
    on_a_builder(project)
    project.docker.hesitation = 1.3


def with_a_cache_mount(project: Project) -> None:
    project.write("app/Dockerfile", "FROM busybox\nRUN --mount=type=cache,target=/c true\n")


def on_plain_docker(project: Project) -> None:
    project.docker.without_buildx()


def failing(project: Project) -> None:
    project.docker.table["buildx build app"] = (1, "", "ERROR: no\n")


def building_long(project: Project) -> None:
    project.docker.table["buildx build"] = (0, "", "")
    project.docker.duration = 4


@dataclass(frozen=True, kw_only=True)
class Case:
    """`value` for an option (None for a switch) makes `seen` appear, which is not there without it."""

    seen: str
    value: str | None = None
    config: str = ONE
    base: tuple[str, ...] = (*PLAN, "--tag", "v1")
    prepare: Callable[[Project], None] = lambda _project: None


OPTIONS: dict[str, Case] = {
    "filename": Case(value="other.yaml", seen='"imageName": "other"'),
    "profile": Case(value="p", config=PROFILE, seen="linux/arm64"),
    "profile_auto_activation": Case(value="false", config=ACTIVE, seen='"profiles": []'),
    "no_profile_auto_activation": Case(config=ACTIVE, seen='"profiles": []'),
    "propagate_profiles": Case(value="false", config=REQUIRING, base=FOR_LIB, seen='"platforms": []'),
    "no_propagate_profiles": Case(config=REQUIRING, base=FOR_LIB, seen='"platforms": []'),
    "module": Case(value="two", config=MODULES, seen='"builds": [\n    {\n      "imageName": "web"'),
    "artifact": Case(value="web", config=TWO, seen='"builds": [\n    {\n      "imageName": "web"'),
    "build_image": Case(value="web", config=TWO, seen='"builds": [\n    {\n      "imageName": "web"'),
    "set_": Case(value="app.docker.target=debug", seen='"--target",\n        "debug"'),
    "remote_cache_dir": Case(value="clones", config=GIT, base=(*PLAN, "--sync-remote-cache", "never"), seen="clones/"),
    "sync_remote_cache": Case(value="never", config=GIT, seen="cloning is switched off"),
    "kube_context": Case(value="kind-a", base=(*PLAN, *REPO), seen="'kind-a' is a kind cluster"),
    "kubeconfig": Case(value="kube.yaml", base=(*PLAN, *REPO), seen="'kind-a' is a kind cluster"),
    "detect_minikube": Case(
        value="false", base=(*PLAN, *REPO), prepare=in_a_minikube, seen="'m' is not a local cluster"
    ),
    "no_detect_minikube": Case(base=(*PLAN, *REPO), prepare=in_a_minikube, seen="'m' is not a local cluster"),
    "platform": Case(value="linux/arm64", seen='"--platform",\n        "linux/arm64"'),
    "disable_multi_platform_build": Case(
        value="true",
        base=(*PLAN, "--platform", "linux/s390x,linux/ppc64le"),
        seen='"platforms": [\n        "linux/s390x"\n      ]',
    ),
    "tag": Case(value="v9", base=PLAN, seen='"app:v9"'),
    "default_repo": Case(value="reg.example", seen='"reg.example/app:v1"'),
    "insecure_registry": Case(
        value="reg.example:5000",
        base=(*PLAN, "--tag", "v1", "--builder", "ci", *REPO),
        prepare=on_a_builder,
        seen="registry.insecure=true",
    ),
    "push": Case(value="false", base=(*PLAN, *REPO), seen='"output": "load"'),
    "no_push": Case(base=(*PLAN, *REPO), seen='"output": "load"'),
    "builder": Case(value="ci", prepare=on_a_builder, seen='"builder ci is configured'),
    "builder_timeout": Case(
        value="1", base=(*PLAN, "--builder", "ci"), prepare=on_a_slow_builder, seen="did not answer within 1 s"
    ),
    "build_timeout": Case(
        value="1",
        base=(*BUILDING, "--tag", "v1"),
        prepare=building_long,
        seen="build [app] failed: timed out after 1 s (build-timeout), waiting for builder default",
    ),
    "other_builders": Case(value="skip", config=JIB, base=PLAN, seen='"reason": "built by jib"'),
    "cache_tag": Case(value="stable", config=OWN_CACHE, seen='"app:stable"'),
    "cache_repo": Case(value="cache.example", config=OWN_CACHE, seen='"cache.example/app:v1"'),
    "cache_flags": Case(
        value="mode=min",
        config=OWN_CACHE,
        base=(*PLAN, "--push", "--cache-tag", "cache"),
        seen="type=registry,mode=min,ref=app:cache",
    ),
    "cache_from": Case(value="base:cache", seen='"--cache-from",\n        "base:cache"'),
    "cache_to": Case(value="type=local,dest=out", seen='"--cache-to",\n        "type=local,dest=out"'),
    "cache_mode": Case(
        value="read",
        config=OWN_CACHE,
        base=(*PLAN, "--tag", "v1", "--push", "--cache-tag", "cache"),
        seen='"app:cache",\n        "--push"',
    ),
    "lock_file": Case(value="locks/mine", config=f"{ONE}", seen="locks/mine; add it:  ", prepare=with_a_lock),
    "no_cache": Case(seen='"--no-cache"'),
    "no_cache_filter": Case(value="deps", seen='"--no-cache-filter",\n        "deps"'),
    "cache_artifacts": Case(value="false", prepare=on_plain_docker, seen='"--force-rm"'),
    "no_cache_artifacts": Case(prepare=on_plain_docker, seen='"--force-rm"'),
    "artifact_cache": Case(
        value="registry",
        base=(*BUILDING, "--tag", "v1", "--push", "--default-repo", "127.0.0.1:9"),
        seen="results are not shared through the registry: ",
    ),
    "artifact_cache_prefix": Case(
        value="a/b", base=(*BUILDING, "--tag", "v1"), seen="artifact-cache-prefix 'a/b' does not make a tag"
    ),
    "cache_mounts": Case(value="auto", prepare=with_a_cache_mount, base=MOUNTS, seen='"save": true'),
    "cache_mount_image": Case(
        value="a b",
        prepare=with_a_cache_mount,
        base=(*MOUNTS, "--cache-mounts", "read"),
        seen="'a b' is not a valid image",
    ),
    "cache_mount_limit": Case(
        value="much",
        prepare=with_a_cache_mount,
        base=(*MOUNTS, "--cache-mounts", "read"),
        seen="cache-mount-limit 'much' is not a size",
    ),
    "output": Case(value="type=oci,dest=image.tar", seen='"--output",\n        "type=oci,dest=image.tar"'),
    "attest": Case(value="max", seen='"--provenance",\n        "mode=max"'),
    "sbom": Case(value="true", seen='"--sbom=true"'),
    "partial": Case(
        base=(*PLAN, *REPO, "--tag", "v1", "--builder", "ci"),
        prepare=on_a_builder,
        seen="type=image,name=reg.example:5000/app,push-by-digest=true,name-canonical=true,push=true",
    ),
    "reproducible": Case(
        value="true", base=(*PLAN, *REPO, "--tag", "v1"), seen='"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"'
    ),
    "concurrency": Case(value="1", config=TWO, seen='"concurrency": 1'),
    "build_concurrency": Case(value="1", config=TWO, seen='"concurrency": 1'),
    "batch": Case(value="off", config=TWO, seen='"batches": []'),
    "batch_size": Case(value="1", config=TWO, seen='"batches": []'),
    "progress": Case(value="plain", seen='"--progress",\n        "plain"'),
    "ci_service": Case(value="github", base=(*BUILDING, "--tag", "v1"), seen="::group::Building [app]..."),
    "keep_going": Case(config=TWO, base=ONE_BY_ONE, prepare=failing, seen="Build [web] succeeded"),
    "skip_tests": Case(value="true", config=CUSTOM, seen='"SKIP_TEST": "true"'),
    "strict": Case(base=PLAN, seen="--strict turns every warning into an error"),
    "quiet": Case(value="true", base=(*BUILDING, "--tag", "v1"), seen='{"builds":[{'),
    "dry_run": Case(value="true", base=(*BUILDING, "--tag", "v1"), seen="Skipping build phase since --dry-run=true"),
    "file_output": Case(value="/dev/stdout", base=(*BUILDING, "--tag", "v1"), seen="wrote"),
    "metadata_output": Case(value="/dev/stdout", base=(*BUILDING, "--tag", "v1"), seen="wrote"),
    "junit_output": Case(value="/dev/stdout", base=(*BUILDING, "--tag", "v1"), seen="wrote"),
    "summary_output": Case(value="/dev/stdout", base=(*BUILDING, "--tag", "v1"), seen="wrote"),
    "dotenv_output": Case(value="/dev/stdout", base=(*BUILDING, "--tag", "v1"), seen="wrote"),
    "template": Case(value="{{len .Builds}} of them", base=(*BUILDING, "--tag", "v1", "--quiet"), seen="1 of them"),
}
FILE_OPTIONS = {
    "file_output": '"imageName":',
    "metadata_output": '"imageName":',
    "junit_output": '<testcase classname="buildx.build" name="app"',
    "summary_output": "| <code>app</code>",
    "dotenv_output": "IMAGE_APP=app:",
}
"""They write a file, in which this is found."""
ELSEWHERE = ("cache_file",)

SETTINGS: dict[str, Case] = {
    "multi-level-repo": Case(
        value="true",
        config=ONE.replace("image: app", "image: team/app"),
        base=(*PLAN, "--tag", "v1", *REPO),
        seen='"reg.example:5000/team/app:v1"',
    ),
    "local-cluster": Case(value="true", base=(*PLAN, *REPO), seen='"output": "load"'),
    "kind-disable-load": Case(value="true", base=(*PLAN, *REPO, "--kube-context", "kind-a"), seen='"output": "push"'),
    "k3d-disable-load": Case(value="true", base=(*PLAN, *REPO, "--kube-context", "k3d-a"), seen='"output": "push"'),
}
"""What has no flag."""
SETTINGS_ELSEWHERE = ("builders", "retries", "cache-file")

ALL = {option.name: option for option in (*SELECTION, *BUILD, *RESULT)}
BY_SETTING = SETTINGS | {
    ALL[name].setting: case for name, case in reversed(OPTIONS.items()) if not name.startswith(("no_p", "no_d"))
}
BY_SETTING["cache-artifacts"] = OPTIONS["cache_artifacts"]


def words_of(option: Option, value: str | None) -> tuple[str, ...]:
    if value is None:
        return (option.flag,)
    return (f"{option.flag}={value}",) if option.optional else (option.flag, value)


def project_of(case: Case, folder: Path) -> Project:
    project = make_project(folder, case.config)
    for name, text in FILES.items():
        project.write(name, text)
    case.prepare(project)
    return project


def test_every_option_has_a_case() -> None:
    assert {*OPTIONS, *ELSEWHERE} == set(ALL)
    assert {*BY_SETTING, *SETTINGS_ELSEWHERE} >= set(KEYS)


@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in FILE_OPTIONS])
def test_a_flag_changes_what_comes_out(here: Here, tmp_path: Path, name: str) -> None:
    case = OPTIONS[name]
    project = project_of(case, tmp_path)
    without = here.invoke(project, *case.base)
    assert case.seen not in without.out + without.err
    done = here.invoke(project, *case.base, *words_of(ALL[name], case.value))
    assert case.seen in done.out + done.err


@pytest.mark.parametrize("name", FILE_OPTIONS)
def test_a_file_is_written(here: Here, tmp_path: Path, name: str) -> None:
    project = make_project(tmp_path, ONE)
    here.invoke(project, "buildx.build", "--tag", "v1", ALL[name].flag, "out.json")
    assert FILE_OPTIONS[name] in (project.folder / "out.json").read_text()


@pytest.mark.parametrize(
    ("words", "env", "invoke"),
    [
        (("--cache-file", "mine.json"), {}, {}),
        ((), {"SKAFFOLD_CACHE_FILE": "mine.json"}, {}),
        ((), {}, {"cache_file": "mine.json"}),
    ],
)
def test_the_file_of_the_artifact_cache(
    here: Here, tmp_path: Path, words: tuple[str, ...], env: dict[str, str], invoke: dict[str, str]
) -> None:
    project = make_project(tmp_path, ONE)
    project.env |= env
    project.write("invoke.yaml", yaml.safe_dump({"buildx": invoke}))
    here.invoke(project, "buildx.build", "--tag", "v1", "--push", *words)
    assert (project.folder / "mine.json").exists()


@pytest.mark.parametrize(("retries", "builds"), [(0, 1), (1, 2)])
def test_retries(here: Here, tmp_path: Path, retries: int, builds: int) -> None:
    project = make_project(tmp_path, ONE)
    project.write("invoke.yaml", f"buildx: {{retries: {retries}}}\n")
    said = "ERROR: failed to push app:v1: unexpected status from PUT request to https://r/: 503 Service Unavailable\n"
    project.docker.table["buildx build"] = (1, "", said)
    here.invoke(project, "buildx.build", "--tag", "v1", "--push")
    assert len(project.docker.builds) == builds


@pytest.mark.parametrize(
    "variable", [name for name, key in SKAFFOLD_ENVIRONMENT.items() if key not in SETTINGS_ELSEWHERE]
)
def test_a_variable_does_what_its_flag_does(here: Here, tmp_path: Path, variable: str) -> None:
    case = BY_SETTING[SKAFFOLD_ENVIRONMENT[variable]]
    project = project_of(case, tmp_path)
    project.env[variable] = case.value or "true"
    done = here.invoke(project, *case.base)
    assert case.seen in done.out + done.err


@pytest.mark.parametrize("key", [key for key in KEYS if key not in SETTINGS_ELSEWHERE])
def test_the_invoke_config_does_what_the_flag_does(here: Here, tmp_path: Path, key: str) -> None:
    case = BY_SETTING[key]
    project = project_of(case, tmp_path)
    if key in SETTINGS:  # for the others the test of the flag has shown it
        without = here.invoke(project, *case.base)
        assert case.seen not in without.out + without.err
    value: object = case.value or "true"
    value = [value] if kind_of(key) == "list" else value
    project.write("invoke.yaml", yaml.safe_dump({"buildx": {key.replace("-", "_"): value}}))
    done = here.invoke(project, *case.base)
    assert case.seen in done.out + done.err


@pytest.mark.parametrize(
    ("variable", "value", "words", "seen"),
    [
        ("SKAFFOLD_QUIET", "true", (), '{"builds":[{"imageName":"app","tag":"app:'),
        ("SKAFFOLD_DRY_RUN", "true", (), "Skipping build phase"),
        ("SKAFFOLD_OUTPUT", "{{len .Builds}} of them", ("--quiet",), "1 of them"),
        ("SKAFFOLD_DRY_RUN", "false", (), "Build [app] succeeded"),
    ],
)
def test_variables_of_the_result(
    here: Here, tmp_path: Path, variable: str, value: str, words: tuple[str, ...], seen: str
) -> None:
    project = make_project(tmp_path, ONE)
    project.env[variable] = value
    assert seen in here.invoke(project, "buildx.build", "--tag", "v1", *words).out


def test_the_variable_of_the_result_file_and_the_flag_that_beats_it(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    project.env["SKAFFOLD_FILE_OUTPUT"] = "variable.json"
    here.invoke(project, "buildx.build", "--tag", "v1", "--file-output", "flag.json")
    assert (project.folder / "flag.json").exists()
    assert not (project.folder / "variable.json").exists()
    here.invoke(project, "buildx.build", "--tag", "v1")
    assert (project.folder / "variable.json").exists()


@pytest.mark.parametrize("variable", WITHOUT_EFFECT)
def test_a_variable_that_only_skaffold_reads_is_said_to_do_nothing(here: Here, tmp_path: Path, variable: str) -> None:
    project = make_project(tmp_path, ONE)
    project.env[variable] = "true"
    done = here.invoke(project, "buildx.build", "--tag", "v1", "--dry-run")
    assert done.err.count(f"WARNING: {variable} has no effect here: ") == 1


BLOCK: dict[str, tuple[object, str]] = {
    "builder": ("ci", "builder ci is configured (.buildx block of skaffold.yaml)"),
    "cacheTag": ("stable", '"reg.example:5000/app:stable"'),
    "cacheRepo": ("cache.example", '"cache.example/app:v1"'),
    "cacheFlags": (["mode=min"], "type=registry,mode=min,ref="),
    "cacheMode": ("off", '"-t",\n        "reg.example:5000/app:v1",\n        "--push"'),
    "attest": ("max", "mode=max"),
    "sbom": (True, "--sbom=true"),
    "cacheMounts": ("auto", '"save": true'),
    "artifacts.cacheMounts": ("read", '"restore": true'),
    "reproducible": (True, '"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"'),
    "artifacts.reproducible": (True, '"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"'),
    "artifacts.cacheFrom": (["base:c"], '"--cache-from",\n        "base:c"'),
    "artifacts.cacheTo": (["type=inline"], '"--cache-to",\n        "type=inline"'),
    "artifacts.buildContexts": ({"docs": "../docs"}, "docs=../docs"),
    "artifacts.attest": ("min", "mode=min"),
    "artifacts.sbom": (True, "--sbom=true"),
    "artifacts.labels": ({"a": "{{.IMAGE_TAG}}"}, '"--label",\n        "a=v1"'),
    "artifacts.annotations": ({"a": "b"}, '"--annotation",\n        "a=b"'),
    "artifacts.outputs": (["type=oci,dest=x.tar"], "type=oci,dest=x.tar"),
    "artifacts.noCacheFilter": (["deps"], '"--no-cache-filter",\n        "deps"'),
    "artifacts.shmSize": ("1g", '"--shm-size",\n        "1g"'),
    "artifacts.ulimits": (["nofile=1024"], '"--ulimit",\n        "nofile=1024"'),
}
"""Every key of the ``.buildx:`` block, a value, and what it does to a plan."""
BLOCK_ELSEWHERE = (
    "builders",
    "artifacts",
    "artifactCache",
    "artifactCachePrefix",
    "cacheMountImage",
    "cacheMountLimit",
    "otherBuilders",
    "lockFile",
    "batch",
    "batchSize",
)


def test_the_key_of_the_block_for_other_builders(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, JIB)
    assert here.invoke(project, *PLAN).code == 2
    project.write("skaffold.yaml", f"{JIB}.buildx: {{otherBuilders: skip}}\n")
    assert '"reason": "built by jib"' in here.invoke(project, *PLAN).out


@pytest.mark.parametrize(
    ("key", "value", "seen"),
    [
        ("artifactCache", "registry", "results are not shared through the registry: "),
        ("artifactCachePrefix", "a/b", "artifact-cache-prefix 'a/b' does not make a tag"),
    ],
)
def test_a_key_of_the_block_for_the_artifact_cache(here: Here, tmp_path: Path, key: str, value: str, seen: str) -> None:
    project = make_project(tmp_path, f"{ONE}.buildx: {{{key}: {value}}}\n")
    assert seen in here.invoke(project, *BUILDING, "--tag", "v1", "--push", "--default-repo", "127.0.0.1:9").err


def test_the_lock_file_in_the_block(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    project.write("app/Dockerfile", "FROM busybox\n")
    project.write("buildx.lock", "version: 1\nimages: []\n")
    assert "busybox:latest (app/Dockerfile:1) is not in buildx.lock" in here.invoke(project, *PLAN, "--tag", "v1").err
    for said in ("off", "'off'"):
        project.write("skaffold.yaml", f"{ONE}.buildx: {{lockFile: {said}}}\n")
        done = here.invoke(project, *PLAN, "--tag", "v1")
        assert (done.code, "not in buildx.lock" in done.err) == (0, False)


@pytest.mark.parametrize(
    ("key", "value", "seen"),
    [
        ("cacheMountImage", "a b", "'a b' is not a valid image reference"),
        ("cacheMountLimit", "much", "cache-mount-limit 'much' is not a size"),
    ],
)
def test_a_key_of_the_block_for_cache_mounts(here: Here, tmp_path: Path, key: str, value: str, seen: str) -> None:
    project = make_project(tmp_path, ONE)
    with_a_cache_mount(project)
    assert '"cacheMounts": []' in here.invoke(project, *MOUNTS).out
    project.write("skaffold.yaml", f"{ONE}.buildx: {{cacheMounts: read, {key}: {value}}}\n")
    assert seen in here.invoke(project, *MOUNTS).err


def test_one_artifact_keeps_its_cache_mounts_off(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, f"{ONE}.buildx: {{cacheMounts: auto, artifacts: {{app: {{cacheMounts: off}}}}}}\n")
    with_a_cache_mount(project)
    assert '"cacheMounts": []' in here.invoke(project, *MOUNTS).out
    assert '"id": "/c"' in here.invoke(project, *MOUNTS, "--cache-mounts", "read").out


def test_a_dry_run_and_a_plan_say_what_is_done_with_cache_mounts(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    with_a_cache_mount(project)
    words = (*REPO, "--tag", "v1", "--cache-mounts", "auto")
    line = "cache mount /c (linux/amd64): restored when it is empty and saved, reg.example:5000/app:bx-mount-"
    assert f" - {line}" in here.invoke(project, "buildx.build", "--dry-run", "--platform", "linux/amd64", *words).out
    assert not project.docker.builds
    assert f"# {line}" in here.invoke(project, "buildx.plan", "--platform", "linux/amd64", *words).out


def test_every_key_of_the_block_has_a_case() -> None:
    paths = [item.path.removeprefix(".buildx.") for item in fields() if item.path.startswith(".buildx.")]
    keys = {path.replace("{}", "") for path in paths if not path.startswith("builders{}")}
    assert keys == {*BLOCK, *BLOCK_ELSEWHERE}


@pytest.mark.parametrize("said", ["batch: off", "batch: 'off'", "batchSize: 1"])
def test_batches_in_the_block(here: Here, tmp_path: Path, said: str) -> None:
    project = make_project(tmp_path, f"{TWO}.buildx:\n  {said}\n")
    assert json.loads(here.invoke(project, *PLAN, "--tag", "v1").out)["batches"] == []


@pytest.mark.parametrize("key", BLOCK)
def test_a_key_of_the_block_changes_what_comes_out(here: Here, tmp_path: Path, key: str) -> None:
    value, seen = BLOCK[key]
    project = make_project(tmp_path, OWN_CACHE)
    on_a_builder(project)
    project.write("Dockerfile", "FROM busybox\nRUN --mount=type=cache,target=/c true\n")
    words = (*PLAN, "--tag", "v1", *REPO, *(("--cache-tag", "c") if key == "cacheFlags" else ()))
    without = here.invoke(project, *words)
    assert seen not in without.out
    name = key.removeprefix("artifacts.")
    block = {name: value} if name == key else {"artifacts": {"app": {name: value}}}
    project.write("skaffold.yaml", OWN_CACHE + yaml.safe_dump({".buildx": block}))
    done = here.invoke(project, *words)
    assert seen in done.out, done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--push", "--no-push"), "--push and --no-push contradict each other"),
        (("--cache-artifacts", "--no-cache-artifacts"), "contradict"),
        (("--concurrency", "1", "--build-concurrency", "2"), "contradict"),
        (("--push", "--platfrom=linux/arm64"), "there is no option --platfrom"),
        (("--dry-run", "-x"), "there is no option -x"),
        (("--push=perhaps",), "push in flag must be true or false, not 'perhaps'"),
        (("--dry-run=perhaps",), "must be true or false"),
        (("--template", "{{.Image}}"), "a result has no .Image"),
        (("--template", "{{"), "1:"),
        (("--sync-remote-cache", "weekly"), "one of: always, missing, never"),
        (("--progress", "fancy"), "one of: auto, plain, tty"),
        (("--other-builders", "ignore"), "one of: error, skip, skaffold"),
    ],
)
def test_contradictions_and_nonsense_end_before_anything_is_built(
    here: Here, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    project = make_project(tmp_path, ONE)
    done = here.invoke(project, "buildx.build", *words)
    assert done.code == 2
    assert said in done.err
    assert not project.docker.builds


@pytest.mark.parametrize("words", [("-f", "other.yaml", "buildx.build"), ("-f", "other.yaml", "buildx.plan")])
def test_skaffolds_short_flag_for_the_file_is_never_taken_for_something_else(
    here: Here, tmp_path: Path, words: tuple[str, ...]
) -> None:
    project = make_project(tmp_path, ONE)
    project.write("other.yaml", FILES["other.yaml"])
    done = here.invoke(project, *words)
    assert done.code == 2
    assert "name it with  --filename FILE" in done.err
    assert not project.docker.builds


def test_two_flags_for_one_list_add_up(here: Here, tmp_path: Path) -> None:
    config = f"{HEAD}build:\n  artifacts: [{{image: app}}, {{image: web}}, {{image: job}}]\n"
    done = here.invoke(make_project(tmp_path, config), *PLAN, "--artifact", "app", "--build-image", "job")
    assert [build["imageName"] for build in json.loads(done.out)["builds"]] == ["app", "job"]


@pytest.mark.parametrize("words", [("--push",), ("--push=true",), ("--push", "true")])
def test_a_boolean_is_said_as_to_skaffold(here: Here, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = here.invoke(make_project(tmp_path, ONE), *PLAN, "--tag", "v1", *words)
    assert json.loads(done.out)["builds"][0]["output"] == "push"


def test_a_config_of_several_documents_given_to_invoke_ends_with_the_same_words(tmp_path: Path) -> None:
    project = make_project(tmp_path, MODULES)
    done = project.invoke("buildx.plan", "-f", "skaffold.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "name it with  --filename FILE" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{builders: [a]}", "builders in Invoke config must be a mapping, not ['a']"),
        ("{builder: {a: b}}", "builder in Invoke config must be text, not {'a': 'b'}"),
        ("x", "buildx in the Invoke config must be a mapping, not 'x'"),
        ("{platform: [[a]]}", "platform in Invoke config must be a list of texts, not [['a']]"),
        ("{cache_tag: [a]}", "cache-tag in Invoke config must be text, not ['a']"),
    ],
)
def test_wrong_types_in_the_configuration_of_invoke(tmp_path: Path, said: str, told: str) -> None:
    project = make_project(tmp_path, ONE)
    project.write("invoke.yaml", f"buildx: {said}\n")
    done = project.invoke("buildx.plan")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(told)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("buildx: {builders: {1: {driver: remote}}}", "buildx.builders.1 in the Invoke config: keys must be text"),
        ("run: x", "the Invoke config can't be used: "),
        ("run: [", "invoke.yaml:2:1: "),
    ],
)
def test_a_configuration_that_invoke_can_not_use_is_a_message_of_our_program_alone(
    here: Here, tmp_path: Path, text: str, told: str
) -> None:
    project = make_project(tmp_path, ONE)
    project.write("invoke.yaml", f"{text}\n")
    done = here.invoke(project, "buildx.plan")
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" in project.invoke("buildx.plan").stderr


def test_mounting_changes_nothing_in_the_process() -> None:
    code = "import sys; old = sys.excepthook; import buildx_tasks as b; b.namespace(); assert sys.excepthook is old"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_builders_of_several_places_add_up(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE + ".buildx: {builders: {far: {}, near: {driver-opts: {image: block}}}}\n")
    project.write("invoke.yaml", "buildx: {builders: {near: {driver-opts: {image: invoke}}}}\n")
    project.docker.table["buildx create"] = (0, "", "")
    here.invoke(project, "buildx.builder.ensure")
    created = [" ".join(call["argv"]) for call in project.docker.calls if call["argv"][:2] == ["buildx", "create"]]
    assert sorted("image=invoke" in line for line in created) == [False, True]
    assert not any("image=block" in line for line in created)


@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_builder_gets_at_least_a_second(here: Here, tmp_path: Path, value: str) -> None:
    done = here.invoke(make_project(tmp_path, ONE), *PLAN, f"--builder-timeout={value}")
    assert (done.code, f"builder-timeout in flag must be at least 1, not '{value}'" in done.err) == (2, True)


def test_the_list_of_settings_knows_the_builder_that_variables_stand_for(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, ONE)
    project.env["BUILDKIT_HOST"] = "tcp://far:1234"
    shown = json.loads(here.invoke(project, "buildx.config.get", "builder", "--format", "json").out)
    assert shown["from"] == "environment BUILDKIT_HOST"
    assert shown["value"].startswith("buildkit-")
    project.env["BUILDX_BUILDER"] = "near"
    assert json.loads(here.invoke(project, "buildx.config.get", "builder", "--format", "json").out)["value"] == "near"


def test_a_line_break_in_a_key_begins_no_line_of_ours(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, 'apiVersion: skaffold/v4beta13\nkind: Config\n"x\\n::error::told": 1\n')
    done = here.invoke(project, "schema.validate")
    assert done.code == 1
    assert "::error::told" in done.out + done.err
    assert not any(line.startswith("::error::") for line in (done.out + done.err).splitlines())
