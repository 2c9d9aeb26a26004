"""Skaffold's tables of docker arguments and environment, through the whole of `buildx.build` on a recording docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from recording import DIGEST, IMAGE_ID, Here, Project, make_project

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
IMAGE = "docker.io/library/image"
TAG = f"{IMAGE}:tag"
LOADED = ["--load", "--builder", "default", "--metadata-file"]
PUSHED = ["--push", "--builder", "default", "--metadata-file"]


def project_with(
    folder: Path, docker: dict[str, Any] | None = None, local: dict[str, Any] | None = None, **artifact: Any
) -> Project:
    kind = {} if "custom" in artifact else {"docker": docker or {}}
    build: dict[str, Any] = {"artifacts": [{"image": IMAGE, **kind, **artifact}]}
    if local is not None:
        build["local"] = local
    return make_project(folder, HEAD + yaml.safe_dump({"build": build}))


def built(here: Here, project: Project, *words: str) -> dict[str, Any]:
    """The one call that builds; the metadata file, whose name is chance, is cut off."""
    done = here.invoke(project, "buildx.build", "--tag", "tag", *words)
    assert done.code == 0, done.err
    (call,) = project.docker.builds
    assert isinstance(call, dict)
    argv = call["argv"]
    return {**call, "argv": argv[:-1] if argv[-2] == "--metadata-file" else argv}


class TestGetBuildArgs:
    """Every field of a docker artifact."""

    @pytest.mark.parametrize(
        ("docker", "flags"),
        [
            ({}, []),
            (
                {"buildArgs": {"key1": "value1", "key2": None, "key3": "{{.FOO}}"}},
                ["--build-arg", "key1=value1", "--build-arg", "key2", "--build-arg", "key3=bar"],
            ),
            (
                {"buildArgs": {"z": "{{.IMAGE_TAG}}", "a": "{{.IMAGE_REPO}}/{{.IMAGE_NAME}}"}},
                ["--build-arg", "a=docker.io/library/image", "--build-arg", "z=tag"],
            ),
            (
                {"addHost": ["1.gcr.io:127.0.0.1", "2.gcr.io:127.0.0.1"]},
                ["--add-host", "1.gcr.io:127.0.0.1", "--add-host", "2.gcr.io:127.0.0.1"],
            ),
            (
                {"cacheFrom": ["gcr.io/foo/bar:c", "baz:latest"]},
                ["--cache-from", "gcr.io/foo/bar:c", "--cache-from", "baz:latest"],
            ),
            ({"cliFlags": ["--foo", "--bar"]}, ["--foo", "--bar"]),
            (
                {"cliFlags": ["--cache-to=type=registry,ref={{ .IMAGE_REPO }}/cache-image:cache"]},
                ["--cache-to=type=registry,ref=docker.io/library/cache-image:cache"],
            ),
            ({"target": "stage1"}, ["--target", "stage1"]),
            ({"network": "None"}, ["--network", "none"]),
            ({"network": "Host"}, ["--network", "host"]),
            ({"network": "Bridge"}, ["--network", "default"]),
            ({"noCache": True}, ["--no-cache"]),
            ({"squash": True}, ["--squash"]),
            ({"pullParent": True}, ["--pull"]),
            ({"secrets": [{"id": "mysecret"}]}, ["--secret", "id=mysecret"]),
            ({"secrets": [{"id": "mysecret", "src": "foo.src"}]}, ["--secret", "id=mysecret,src=foo.src"]),
            ({"secrets": [{"id": "mysecret", "src": "~/foo.src"}]}, ["--secret", "id=mysecret,src=HOME/foo.src"]),
            ({"secrets": [{"id": "mysecret", "env": "FOO"}]}, ["--secret", "id=mysecret,env=FOO"]),
            (
                {"secrets": [{"id": "one", "src": "a"}, {"id": "two", "env": "B"}]},
                ["--secret", "id=one,src=a", "--secret", "id=two,env=B"],
            ),
            ({"ssh": "default"}, ["--ssh", "default"]),
            (
                {
                    "buildArgs": {"key1": "value1"},
                    "cacheFrom": ["foo:bar"],
                    "cliFlags": ["--foo", "--bar"],
                    "target": "stage1",
                    "network": "None",
                    "pullParent": True,
                },
                [
                    *("--build-arg", "key1=value1", "--cache-from", "foo:bar", "--foo", "--bar"),
                    *("--target", "stage1", "--network", "none", "--pull"),
                ],
            ),
            ({"buildArgs": {"key": "{{.NOT_SET}}"}}, ["--build-arg", "key=<no value>"]),
        ],
    )
    def test_arguments(self, here: Here, tmp_path: Path, docker: dict[str, Any], flags: list[str]) -> None:
        project = project_with(tmp_path, docker)
        project.env.update(FOO="bar", B="b", mysecret="m")
        home = str(project.folder.parent / "home")
        Path(home).mkdir(exist_ok=True)
        project.env["SSH_AUTH_SOCK"] = f"{home}/agent"
        for file in (f"{home}/foo.src", "foo.src", "a", f"{home}/agent"):
            (project.folder / file).write_text("what is needed has to be there")
        argv = built(here, project, "--no-push")["argv"]
        dockerfile = str(project.folder / "Dockerfile")
        flags = [text.replace("HOME", home) for text in flags]
        assert argv == ["buildx", "build", ".", "--file", dockerfile, "-t", TAG, *flags, *LOADED]

    @pytest.mark.parametrize(
        "docker", [{"buildArgs": {"key": "{{INVALID"}}, {"cliFlags": ["{{INVALID"]}, {"buildArgs": {"k": "{{nope}}"}}]
    )
    def test_a_template_that_is_none_stops_the_build(self, here: Here, tmp_path: Path, docker: dict[str, Any]) -> None:
        project = project_with(tmp_path, docker)
        done = here.invoke(project, "buildx.build", "--tag", "tag")
        assert done.code == 2
        assert "template" in done.err
        assert not project.docker.builds

    def test_a_secret_without_its_variable_is_empty_as_docker_has_it(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"secrets": [{"id": "s", "env": "UNSET"}]})
        done = here.invoke(project, "buildx.build", "--tag", "tag")
        assert done.code == 0
        assert "secret s: variable UNSET is not set: the secret is empty" in done.err

    @pytest.mark.parametrize(
        ("docker", "said"),
        [
            ({"secrets": [{"id": "s", "src": "nowhere"}]}, "secret s: there is no file nowhere"),
            ({"secrets": [{"id": "s"}]}, "secret s: neither a variable nor a file is named s"),
            ({"ssh": "default"}, "SSH_AUTH_SOCK does not name an agent"),
        ],
    )
    def test_what_docker_would_refuse_is_said_before_the_build(
        self, here: Here, tmp_path: Path, docker: dict[str, Any], said: str
    ) -> None:
        project = project_with(tmp_path, docker)
        done = here.invoke(project, "buildx.build", "--tag", "tag")
        assert done.code == 2
        assert said in done.err
        assert not project.docker.builds
        plan = here.invoke(project, "buildx.plan", "--tag", "tag")
        assert plan.code == 0
        assert said in plan.err

    def test_the_dockerfile_is_looked_up_in_the_context_and_then_here(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"dockerfile": "build/Special"}, context="app")
        project.write("build/Special", "FROM scratch\n")
        argv = built(here, project)["argv"]
        assert argv[2:5] == ["app", "--file", str(project.folder / "build/Special")]

    def test_the_run_mode_reaches_a_dockerfile_that_declares_it(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path)
        project.write("Dockerfile", "FROM scratch AS a\nFROM a\nARG SKAFFOLD_RUN_MODE\nARG SKAFFOLD_GO_GCFLAGS\n")
        argv = built(here, project)["argv"]
        assert argv[7:9] == ["--build-arg", "SKAFFOLD_RUN_MODE=build"]
        assert argv[9:10] != ["--build-arg"]


class TestDockerCLIBuild:
    """Commands and environment by what ``build.local`` says, with buildx and without."""

    @pytest.mark.parametrize(
        ("local", "words", "tail"),
        [
            (None, ("--no-push",), LOADED),
            ({"useBuildkit": True}, ("--no-push",), LOADED),
            ({"useBuildkit": True, "push": False}, (), LOADED),
            ({"useBuildkit": True, "push": True}, (), PUSHED),
            ({"push": True}, ("--no-push",), LOADED),
            ({"push": False}, ("--push",), PUSHED),
            ({"useDockerCLI": True}, ("--push",), PUSHED),
            (None, ("--push", "--platform", "linux/arm64"), ["--platform", "linux/arm64", *PUSHED]),
            (
                None,
                ("--push", "--platform", "linux/arm64,linux/amd64"),
                ["--platform", "linux/arm64,linux/amd64", *PUSHED],
            ),
        ],
    )
    def test_buildx(
        self, here: Here, tmp_path: Path, local: dict[str, Any] | None, words: tuple[str, ...], tail: list[str]
    ) -> None:
        project = project_with(tmp_path, local=local)
        assert built(here, project, *words)["argv"][7:] == tail

    @pytest.mark.parametrize(
        ("local", "words", "tail", "env"),
        [
            (None, (), [], {}),
            (None, ("--no-cache-artifacts",), ["--force-rm"], {}),
            ({"useBuildkit": True}, (), [], {"DOCKER_BUILDKIT": "1"}),
            ({"useBuildkit": False}, (), [], {"DOCKER_BUILDKIT": "0"}),
            (None, ("--platform", "linux/arm64"), ["--platform", "linux/arm64"], {"DOCKER_BUILDKIT": "1"}),
            (
                {"useBuildkit": False},
                ("--platform", "linux/arm64"),
                ["--platform", "linux/arm64"],
                {"DOCKER_BUILDKIT": "0"},
            ),
        ],
    )
    def test_plain_docker(
        self,
        here: Here,
        tmp_path: Path,
        local: dict[str, Any] | None,
        words: tuple[str, ...],
        tail: list[str],
        env: dict[str, str],
    ) -> None:
        project = project_with(tmp_path, local=local)
        call = built(here, project, "--builder", "off", "--no-push", *words)
        assert call["argv"] == ["build", ".", "--file", str(project.folder / "Dockerfile"), "-t", TAG, *tail]
        assert call["env"] == env

    def test_the_daemons_environment_wins_over_ours_and_the_builds_over_both(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, local={"useBuildkit": False})
        project.docker.environment = ("KEY",)
        project.env |= {"KEY": "VALUE", "KUBECONFIG": "kube.yaml"}
        project.write("kube.yaml", "current-context: minikube\n")
        minikube = project.docker.folder / "minikube"
        minikube.write_text("#!/bin/sh\necho KEY=OTHER_VALUE\necho DOCKER_BUILDKIT=1\n")
        minikube.chmod(0o755)
        assert built(here, project)["env"] == {"KEY": "OTHER_VALUE", "DOCKER_BUILDKIT": "0"}

    def test_a_pushed_index_has_no_attestations(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path)
        call = built(here, project, "--push", "--platform", "linux/arm64,linux/amd64")
        assert call["env"] == {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}

    @pytest.mark.parametrize(
        ("words", "seen"), [((), "several platforms"), (("--builder", "off"), "plain docker build makes one platform")]
    )
    def test_several_platforms_that_can_not_be_kept_stop_the_build(
        self, here: Here, tmp_path: Path, words: tuple[str, ...], seen: str
    ) -> None:
        project = project_with(tmp_path)
        project.docker.classic()
        project.docker.builder("far", "remote")
        done = here.invoke(
            project, "buildx.build", "--tag", "t", "--no-push", "--platform", "linux/arm64,linux/amd64", *words
        )
        assert done.code == 4
        assert seen in done.err
        assert not project.docker.builds


class TestDockerCLICheckCacheFromArgs:
    """The own image among the caches, on the plain path."""

    @pytest.mark.parametrize(
        ("entries", "variable", "expected"),
        [
            (["from/image1", "from/image2"], "", ["from/image1", "from/image2"]),
            ([IMAGE], "", [TAG]),
            ([IMAGE, "from/image1"], "", [TAG, "from/image1"]),
            ([IMAGE], "yes", [IMAGE]),
        ],
    )
    def test_entries(self, here: Here, tmp_path: Path, entries: list[str], variable: str, expected: list[str]) -> None:
        project = project_with(tmp_path, {"cacheFrom": entries})
        project.env["SKAFFOLD_DISABLE_DOCKER_CACHE_ADJUSTMENT"] = variable
        argv = built(here, project, "--builder", "off", "--no-push")["argv"]
        assert [argv[at + 1] for at, text in enumerate(argv) if text == "--cache-from"] == expected

    def test_a_cache_image_that_is_not_there_is_pulled_and_a_failure_is_only_said(
        self, here: Here, tmp_path: Path
    ) -> None:
        project = project_with(tmp_path, {"cacheFrom": ["pull1", "here"]})
        project.docker.table = {
            "image inspect --format {{.Id}} pull1": (1, "", "no such image\n"),
            "pull": (1, "", "denied\n"),
        } | project.docker.table
        done = here.invoke(project, "buildx.build", "--tag", "tag", "--builder", "off", "--no-push")
        assert done.code == 0
        assert 'cacheFrom image "pull1" couldn\'t be pulled for platform ""' in done.out
        assert [call["argv"] for call in project.docker.calls if call["argv"][0] == "pull"] == [
            ["pull", "--quiet", "pull1"]
        ]

    @pytest.mark.parametrize(
        ("settings", "argument"),
        [
            ((), "docker.io/library/image:tag"),
            (("--cache-tag", "cache"), "docker.io/library/image:cache"),
            (
                ("--cache-repo", "reg.example/c", "--cache-tag", "x-{{.IMAGE_TAG}}"),
                "reg.example/c/docker_io_library_image:x-tag",
            ),
        ],
    )
    def test_on_buildx_it_gets_the_cache_tag(
        self, here: Here, tmp_path: Path, settings: tuple[str, ...], argument: str
    ) -> None:
        project = project_with(tmp_path, {"cacheFrom": [IMAGE]})
        argv = built(here, project, "--no-push", *settings)["argv"]
        assert argv[7:9] == ["--cache-from", argument]

    def test_nothing_is_adjusted_when_the_variable_says_so(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"cacheFrom": [IMAGE, "{{.X}}"], "cacheTo": ["other:c"]})
        project.env["SKAFFOLD_DISABLE_DOCKER_CACHE_ADJUSTMENT"] = "1"
        argv = built(here, project, "--push", "--cache-tag", "c")["argv"]
        flags = ["--cache-from", IMAGE, "--cache-from", "{{.X}}", "--cache-to", "type=registry,ref=other:c"]
        assert argv[7:13] == flags


class TestCustom:
    """A custom build command and what it is told."""

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (
                ("--no-push", "--platform", "linux/amd64,linux/arm64"),
                {"PUSH_IMAGE": "false", "PLATFORMS": "linux/amd64,linux/arm64", "SKIP_TEST": "false"},
            ),
            (
                ("--push", "--platform", "all", "--skip-tests"),
                {"PUSH_IMAGE": "true", "PLATFORMS": "all", "SKIP_TEST": "true"},
            ),
            (("--no-push",), {"PUSH_IMAGE": "false", "PLATFORMS": ""}),
        ],
    )
    def test_environment(self, here: Here, tmp_path: Path, words: tuple[str, ...], expected: dict[str, str]) -> None:
        command = "for name in IMAGE PUSH_IMAGE BUILD_CONTEXT PLATFORMS SKIP_TEST IMAGE_REPO IMAGE_TAG; do "
        command += 'eval "echo $name=\\$$name" >> seen; done; echo "{{.GREETING}}" >> seen'
        project = project_with(tmp_path, custom={"buildCommand": command}, context="app")
        project.env["GREETING"] = "hello"
        project.docker.table["buildx imagetools inspect"] = (0, f'{{"digest": "{DIGEST}"}}', "")
        done = here.invoke(project, "buildx.build", "--tag", "tag", *words)
        assert done.code == 0, done.err
        *lines, greeting = (project.folder / "app" / "seen").read_text().splitlines()
        seen = dict(line.split("=", 1) for line in lines)
        context = str(project.folder / "app")
        always = {"IMAGE": TAG, "BUILD_CONTEXT": context, "IMAGE_REPO": IMAGE, "IMAGE_TAG": "tag"}
        assert {**seen, **always, **expected} == seen
        assert greeting == "hello"

    def test_our_own_environment_wins(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, custom={"buildCommand": "echo $IMAGE > seen"})
        project.env["IMAGE"] = "mine"
        here.invoke(project, "buildx.build", "--tag", "tag", "--no-push")
        assert (project.folder / "seen").read_text() == "mine\n"

    def test_references_of_what_it_requires_are_variables(self, here: Here, tmp_path: Path) -> None:
        artifacts = [
            {
                "image": "top",
                "custom": {"buildCommand": "echo $BASE > seen"},
                "requires": [{"image": "base", "alias": "BASE"}],
            },
            {"image": "base", "context": "app"},
        ]
        project = make_project(tmp_path, HEAD + yaml.safe_dump({"build": {"artifacts": artifacts}}))
        here.invoke(project, "buildx.build", "--tag", "tag", "--no-push")
        assert (project.folder / "seen").read_text() == f"base:{IMAGE_ID.removeprefix('sha256:')}\n"

    def test_an_image_that_is_not_there_afterwards_is_a_failure(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, custom={"buildCommand": "true"})
        project.docker.table["image inspect"] = (1, "", "no such image\n")
        done = here.invoke(project, "buildx.build", "--tag", "tag", "--no-push")
        assert done.code == 1
        assert f"no image {TAG} is in the docker daemon" in done.err

    def test_a_failing_command_is_a_failure(self, here: Here, tmp_path: Path) -> None:
        done = here.invoke(project_with(tmp_path, custom={"buildCommand": "exit 3"}), "buildx.build", "--tag", "tag")
        assert done.code == 1
        assert f"build [{IMAGE}] failed" in done.err
