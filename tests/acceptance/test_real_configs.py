"""What real files have: the docker deployer, no artifacts at all, builds that no docker can do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import Done, Here, Project, make_project

from buildx_tasks.testing import IMAGE_ID

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
ONE = f"{HEAD}build:\n  artifacts: [{{image: app, context: app}}]\n"
ON_DOCKER = f"{ONE}deploy: {{docker: {{images: [app]}}}}\n"
PLAN = ("buildx.plan", "--format", "json", "--tag", "v1")


class TestDockerDeployer:
    @staticmethod
    def _planned(done: Done) -> tuple[str, str]:
        (step,) = json.loads(done.out)["builds"]
        return step["tag"], step["output"]

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (("--default-repo", "reg.example"), ("app:v1", "load")),
            (("--default-repo", "reg.example", "--push"), ("app:v1", "push")),
            (("--default-repo", "reg.example", "--kube-context", "kind-a"), ("app:v1", "load")),
            ((), ("app:v1", "load")),
        ],
    )
    def test_neither_a_default_repo_nor_the_cluster_decides(
        self, here: Here, tmp_path: Path, words: tuple[str, ...], expected: tuple[str, str]
    ) -> None:
        assert self._planned(here.invoke(make_project(tmp_path, ON_DOCKER), *PLAN, *words)) == expected

    def test_the_default_repo_that_has_no_effect_is_named(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, ON_DOCKER)
        project.env["SKAFFOLD_DEFAULT_REPO"] = "reg.example"
        done = here.invoke(project, *PLAN)
        expected = (
            "default-repo reg.example (environment) has no effect: skaffold.yaml deploys to docker (deploy.docker)"
        )
        assert f"WARNING: {expected}\n" in done.err
        strict = here.invoke(project, *PLAN, "--strict")
        assert (strict.code, expected in strict.err) == (2, True)

    def test_that_of_a_global_config_counts(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, ON_DOCKER)
        project.write("../home/.skaffold/config", "global: {default-repo: global.example}\nkubeContexts: []\n")
        assert self._planned(here.invoke(project, *PLAN)) == ("global.example/app:v1", "load")
        given = here.invoke(project, *PLAN, "--default-repo", "reg.example")
        assert self._planned(given) == ("global.example/app:v1", "load")
        assert self._planned(here.invoke(project, *PLAN, "--default-repo", "")) == ("app:v1", "load")

    def test_an_image_with_a_registry_is_pushed_on_request_alone(self, here: Here, tmp_path: Path) -> None:
        config = ON_DOCKER.replace("image: app", "image: reg.example/app")
        project = make_project(tmp_path, config)
        assert self._planned(here.invoke(project, *PLAN)) == ("reg.example/app:v1", "load")
        assert "deploys to docker (deploy.docker)" in here.invoke(project, *PLAN).out
        project.write("skaffold.yaml", config.replace("build:\n", "build:\n  local: {push: true}\n"))
        assert self._planned(here.invoke(project, *PLAN)) == ("reg.example/app:v1", "push")

    def test_one_config_of_several_is_enough(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, f"{HEAD}requires: [{{path: lib}}]\nbuild: {{artifacts: [{{image: app}}]}}\n")
        lib = f"{HEAD}build: {{artifacts: [{{image: lib}}]}}\n"
        project.write("lib/Dockerfile", "FROM scratch\n")
        for more, tags in (("", ["reg.example/lib:v1", "reg.example/app:v1"]), ("docker", ["lib:v1", "app:v1"])):
            project.write("lib/skaffold.yaml", lib + (f"deploy: {{{more}: {{images: [lib]}}}}\n" if more else ""))
            done = here.invoke(project, *PLAN, "--default-repo", "reg.example")
            assert [step["tag"] for step in json.loads(done.out)["builds"]] == tags

    def test_a_dry_run_and_a_build_name_the_same_tags(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, ON_DOCKER)
        words = ("buildx.build", "--tag", "v1", "--default-repo", "reg.example", "--quiet")
        assert here.invoke(project, *words, "--dry-run").out == '{"builds":[{"imageName":"app","tag":"app:v1"}]}\n'
        assert f'"tag":"app:{IMAGE_ID.partition(":")[2]}"' in here.invoke(project, *words).out
        assert not [call for call in project.docker.calls if call["argv"][0] == "push"]


@pytest.mark.parametrize("config", [HEAD, f"{HEAD}build: {{artifacts: []}}\ndeploy: {{kubectl: {{}}}}\n"])
class TestNoArtifacts:
    def test_there_is_nothing_to_build_and_no_docker_needed(self, here: Here, tmp_path: Path, config: str) -> None:
        project = make_project(tmp_path, config)
        project.docker.down()
        done = here.invoke(project, "buildx.build", "--file-output", "out.json")
        assert (done.code, done.out) == (0, "No tags generated\n")
        assert done.err == "note: the config has no artifacts: add one under build.artifacts\n"
        assert (project.folder / "out.json").read_text() == '{"builds":[]}'

    @pytest.mark.parametrize("words", [("--quiet",), ("--quiet", "--dry-run")])
    def test_the_result_is_an_empty_list(self, here: Here, tmp_path: Path, config: str, words: tuple[str, ...]) -> None:
        done = here.invoke(make_project(tmp_path, config), "buildx.build", *words)
        assert (done.code, done.out, done.err) == (0, '{"builds":[]}\n', "")

    @pytest.mark.parametrize(
        ("words", "seen"),
        [
            (("buildx.plan",), "# 0 artifacts"),
            (("buildx.plan", "--format", "json"), '"builds": []'),
            (("buildx.check",), "0 findings in 0 Dockerfiles"),
            (("buildx.doctor",), "0 artifacts to build"),
        ],
    )
    def test_the_other_tasks_have_nothing_to_show(
        self, here: Here, tmp_path: Path, config: str, words: tuple[str, ...], seen: str
    ) -> None:
        done = here.invoke(make_project(tmp_path, config), *words)
        assert (done.code, seen in done.out) == (0, True)

    def test_what_is_asked_for_is_missed(self, here: Here, tmp_path: Path, config: str) -> None:
        done = here.invoke(make_project(tmp_path, config), "buildx.build", "--artifact", "app")
        assert done.code == 3
        assert "no artifact matches 'app': the config has no artifacts" in done.err


IMPOSSIBLE: dict[str, tuple[str, tuple[str, ...], str]] = {
    "platforms": (
        ONE.replace("context: app", "platforms: [linux/arm64]"),
        ("--platform", "linux/amd64"),
        "do not include",
    ),
    "all platforms": (ONE, ("--platform", "all"), "a docker build can't be for all platforms"),
    "context": (ONE.replace("context: app", "context: none"), (), "context 'none' does not exist"),
    "dockerfile": (ONE.replace("context: app", "docker: {dockerfile: No}"), (), "no Dockerfile at "),
    "secret": (ONE.replace("context: app", "docker: {secrets: [{id: s, src: none}]}"), (), "none"),
    "output": (ONE, ("--output", "type=oci"), "output type=oci needs a dest"),
    "exporter": (ONE, ("--output", "type=oci,dest"), "dest"),
    "plain docker": (ONE, ("--builder", "off", "--platform", "linux/amd64,linux/arm64"), "one platform at a time"),
    "network": (
        ONE.replace("context: app", "docker: {network: 'container:x'}"),
        ("--builder", "ci"),
        "has no network 'container:x'",
    ),
    "template": (ONE.replace("context: app", "docker: {buildArgs: {A: '{{'}}"), (), "{{"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_dry_run_refuses_what_no_docker_could_build(here: Here, tmp_path: Path, name: str) -> None:
    config, words, seen = IMPOSSIBLE[name]
    project = make_project(tmp_path, config)
    if "ci" in words:
        project.docker.builder("ci", "docker-container")
    built = here.invoke(project, "buildx.build", "--tag", "v1", *words)
    project.docker.down()
    calls = len(project.docker.calls)
    dry = here.invoke(project, "buildx.build", "--tag", "v1", "--dry-run", *words)
    assert seen in dry.err
    assert (dry.code, dry.out) == (built.code, "")
    assert dry.err.splitlines()[0] == built.err.splitlines()[0]
    assert len(project.docker.calls) == calls


def test_a_dry_run_needs_nothing_of_a_docker_that_can_not_do_it(here: Here, tmp_path: Path) -> None:
    """What depends on the builder is for the build to find out."""
    config = ONE.replace("context: app", "docker: {cacheFrom: [app], cacheTo: ['type=registry,ref=app:cache']}")
    project: Project = make_project(tmp_path, config)
    project.docker.without_buildx()
    words = ("--tag", "v1", "--push", "--platform", "linux/amd64,linux/arm64")
    assert here.invoke(project, "buildx.build", *words).code == 4
    assert here.invoke(project, "buildx.build", *words, "--dry-run").code == 0


NO_KIND = "apiVersion: skaffold/v4beta13\nbuild:\n  artifacts: [{image: app, context: app}]\n"


def test_a_config_without_a_kind_is_built_with_a_warning(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, NO_KIND)
    done = here.invoke(project, "buildx.build", "--tag", "v1")
    assert done.code == 0
    warning = "WARNING: skaffold.yaml:1:1: kind: kind is missing; Skaffold rejects the config, write kind: Config\n"
    assert done.err.count(warning) == 1
    assert len(project.docker.builds) == 1


@pytest.mark.parametrize(("words", "code", "kind"), [((), 0, " (warning)"), (("--upstream",), 1, "")])
def test_a_missing_kind_is_an_error_to_skaffold_alone(
    here: Here, tmp_path: Path, words: tuple[str, ...], code: int, kind: str
) -> None:
    project = make_project(tmp_path, NO_KIND)
    done = here.invoke(project, "schema.validate", *words)
    assert done.code == code
    assert f"skaffold.yaml:1:1: kind: kind is missing, write kind: Config{kind}\n" in done.out
