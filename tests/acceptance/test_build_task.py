"""`buildx.build` from the command line to the docker CLI, on a recording docker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import DIGEST, IMAGE_ID, Project, make_project, without_times

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\nbuild:\n"
ONE = HEAD + "  artifacts:\n    - image: app\n      context: app\n"
CHAIN = HEAD + (
    "  artifacts:\n"
    "    - {image: top, context: app, requires: [{image: middle, alias: BASE}]}\n"
    "    - {image: middle, context: app, requires: [{image: bottom, alias: BASE}]}\n"
    "    - {image: bottom, context: app}\n"
    "    - {image: other, context: app}\n"
)
REPO = ("--default-repo", "localhost:5000")
PROVENANCE = "BUILDX_METADATA_PROVENANCE"


@pytest.fixture
def one(tmp_path: Path) -> Project:
    return make_project(tmp_path, ONE)


@pytest.fixture
def chain(tmp_path: Path) -> Project:
    return make_project(tmp_path, CHAIN)


class TestCommand:
    def test_the_command_is_planned_as_it_is_run(self, one: Project) -> None:
        planned = one.invoke("buildx.plan", *REPO, "--tag", "v1", "--format", "json")
        assert not one.docker.builds
        one.invoke("buildx.build", *REPO, "--tag", "v1")
        (build,) = one.docker.builds
        (step,) = json.loads(planned.stdout)["builds"]
        command = step["command"][1:]
        at = command.index("METADATA")
        assert build["argv"][:at] == command[:at]
        assert build["argv"][at + 1 :] == command[at + 1 :]

    def test_buildx_and_its_builder_are_named(self, one: Project) -> None:
        one.docker.builder("ci", "remote")
        one.invoke("buildx.build", *REPO, "--tag", "v1", "--builder", "ci")
        (build,) = one.docker.builds
        assert build["argv"][:7] == [
            "buildx",
            "build",
            "app",
            "--file",
            str(one.folder / "app" / "Dockerfile"),
            "-t",
            "localhost:5000/app:v1",
        ]
        assert build["argv"][7:10] == ["--push", "--builder", "ci"]
        assert build["cwd"] == str(one.folder)

    @pytest.mark.parametrize(("given", "used"), [({}, "disabled"), ({PROVENANCE: "max"}, "max")])
    def test_provenance_is_not_fetched_for_the_metadata_file(
        self, one: Project, given: dict[str, str], used: str
    ) -> None:
        one.env.update(given)
        one.docker.environment = (PROVENANCE,)
        one.invoke("buildx.build", *REPO, "--tag", "v1")
        (build,) = one.docker.builds
        assert build["env"][PROVENANCE] == used

    def test_builders_are_never_listed(self, one: Project) -> None:
        one.invoke("buildx.build", *REPO, "--tag", "v1")
        assert not [call for call in one.docker.calls if call["argv"][:2] == ["buildx", "ls"]]

    def test_without_buildx_it_is_plain_docker(self, one: Project) -> None:
        one.docker.without_buildx()
        one.docker.table["push"] = (0, f"v1: digest: {DIGEST} size: 5\n", "")
        done = one.invoke("buildx.build", *REPO, "--tag", "v1", "--file-output", "out.json")
        assert [call["argv"][0] for call in one.docker.builds] == ["build"]
        assert ["push", "localhost:5000/app:v1"] in [call["argv"] for call in one.docker.calls]
        assert done.stderr.count("docker buildx is not available") == 1
        (entry,) = json.loads((one.folder / "out.json").read_text())["builds"]
        assert entry == {"imageName": "app", "tag": f"localhost:5000/app:v1@{DIGEST}"}

    def test_a_config_that_wants_the_legacy_builder_gets_it(self, tmp_path: Path) -> None:
        project = make_project(tmp_path, ONE + "  local: {useBuildkit: false}\n")
        project.invoke("buildx.build", "--tag", "v1")
        (build,) = project.docker.builds
        assert build["argv"][0] == "build"
        assert build["env"] == {"DOCKER_BUILDKIT": "0"}

    def test_an_older_config_builds_the_same(self, tmp_path: Path) -> None:
        old = (
            "apiVersion: skaffold/v1alpha2\nkind: Config\nbuild:\n  artifacts:\n  - {imageName: app, workspace: app}\n"
        )
        project = make_project(tmp_path, old)
        assert project.invoke("buildx.build", *REPO, "--tag", "v1").returncode == 0
        (build,) = project.docker.builds
        assert build["argv"][2] == "app"
        assert "localhost:5000/app:v1" in build["argv"]


class TestResult:
    def test_the_result_of_a_push(self, one: Project) -> None:
        done = one.invoke("buildx.build", *REPO, "--tag", "v1", "--quiet")
        assert json.loads(done.stdout) == {"builds": [{"imageName": "app", "tag": f"localhost:5000/app:v1@{DIGEST}"}]}

    def test_the_result_of_a_load_is_named_after_the_image_id(self, one: Project) -> None:
        done = one.invoke("buildx.build", "--tag", "v1", "--quiet")
        assert json.loads(done.stdout)["builds"][0]["tag"] == f"app:{IMAGE_ID.removeprefix('sha256:')}"
        tags = [call["argv"] for call in one.docker.calls if call["argv"][0] == "tag"]
        assert tags == [["tag", "app:v1", f"app:{IMAGE_ID.removeprefix('sha256:')}"]]

    def test_the_lines_of_skaffold(self, one: Project) -> None:
        done = one.invoke("buildx.build", *REPO, "--tag", "v1", "--platform", "linux/arm64")
        assert without_times(done.stdout.splitlines()) == [
            "Generating tags...",
            " - app -> localhost:5000/app:v1",
            "Checking cache...",
            " - app: Not found. Building (no earlier build is known here)",
            "Starting build...",
            "Building [app]...",
            "Target platforms: [linux/arm64]",
            "Build [app] succeeded",
            f" - app -> localhost:5000/app:v1@{DIGEST}",
            "",
            "1 built",
        ]

    def test_a_failure_leaves_a_file_with_what_is_there(self, chain: Project) -> None:
        chain.docker.table["buildx build app --file"] = (1, "", "ERROR: failed to solve: no such stage\n")
        done = chain.invoke("buildx.build", *REPO, "--tag", "v1", "--file-output", "out.json")
        assert done.returncode == 1
        assert "build [bottom] failed: no such stage" in done.stderr
        assert json.loads((chain.folder / "out.json").read_text()) == {"builds": None}

    def test_the_rich_record(self, one: Project) -> None:
        one.invoke("buildx.build", *REPO, "--tag", "v1", "--metadata-output", "record.json")
        (record,) = json.loads((one.folder / "record.json").read_text())["builds"]
        assert record["digest"] == DIGEST
        assert record["status"] == "built"
        assert record["builder"] == "default"


class TestOrder:
    def test_required_images_come_first_and_their_reference_is_passed_on(self, chain: Project) -> None:
        chain.invoke("buildx.build", *REPO, "--tag", "v1")
        order = [call["argv"][call["argv"].index("-t") + 1] for call in chain.docker.builds]
        assert order.index("localhost:5000/bottom:v1") < order.index("localhost:5000/middle:v1")
        assert order.index("localhost:5000/middle:v1") < order.index("localhost:5000/top:v1")
        top = next(call["argv"] for call in chain.docker.builds if "localhost:5000/top:v1" in call["argv"])
        assert f"BASE=localhost:5000/middle:v1@{DIGEST}" in top

    def test_selecting_one_builds_what_it_requires_too(self, chain: Project) -> None:
        done = chain.invoke("buildx.build", *REPO, "--tag", "v1", "--artifact", "middle", "--quiet")
        names = [entry["imageName"] for entry in json.loads(done.stdout)["builds"]]
        assert names == ["middle", "bottom"]

    def test_results_are_in_config_order(self, chain: Project) -> None:
        done = chain.invoke("buildx.build", *REPO, "--tag", "v1", "--quiet")
        names = [entry["imageName"] for entry in json.loads(done.stdout)["builds"]]
        assert names == ["top", "middle", "bottom", "other"]

    def test_a_cycle_is_spelled_out(self, tmp_path: Path) -> None:
        config = CHAIN.replace("{image: bottom, context: app}", "{image: bottom, requires: [{image: top, alias: T}]}")
        done = make_project(tmp_path, config).invoke("buildx.build")
        assert done.returncode == 2
        assert "top -> middle -> bottom -> top" in done.stderr

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ((), "Building 4 artifacts in parallel"),
            (("--concurrency", "2"), "Building 4 artifacts in parallel, 2 at a time"),
        ],
    )
    def test_parallelism_is_bounded(self, chain: Project, options: tuple[str, ...], expected: str) -> None:
        assert expected in chain.invoke("buildx.build", *REPO, "--tag", "v1", *options).stdout


class TestExitCodes:
    def test_no_config_file(self, one: Project) -> None:
        (one.folder / "skaffold.yaml").unlink()
        done = one.invoke("buildx.build")
        assert done.returncode == 2
        assert "skaffold.yaml" in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize(
        ("options", "code", "said"),
        [
            (("--artifact", "ap9"), 3, "did you mean app?"),
            (("--module", "nope"), 2, "there is no module 'nope'"),
            (("--profile", "nope"), 2, "there is no profile 'nope'"),
            (("--platform", "linux/amd65"), 2, "did you mean amd64?"),
            (("--tag", "a:b"), 2, "'a:b' (flag) is not a valid tag"),
            (("--default-repo", "UPPER CASE"), 2, "is not a valid image reference"),
            (("--cache-mode", "sometimes"), 2, "one of: auto, read, write, off"),
            (("--attest", "all"), 2, "one of: auto, none, min, max"),
            (("--concurrency", "many"), 2, "must be a whole number"),
            (("--cache-to", "type=registry"), 2, "has no ref"),
            (("--output", "dest=x"), 2, "has no type"),
            (("--filename", "nothere.yaml"), 2, "nothere.yaml"),
        ],
    )
    def test_unfit_arguments(self, one: Project, options: tuple[str, ...], code: int, said: str) -> None:
        done = one.invoke("buildx.build", *options)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert not one.docker.builds

    def test_a_dry_run_needs_no_docker(self, one: Project) -> None:
        one.docker.down()
        done = one.invoke("buildx.build", *REPO, "--tag", "v1", "--dry-run", "--quiet", "--file-output", "tags.json")
        assert (one.folder / "tags.json").read_text() == done.stdout.rstrip("\n")
        assert json.loads(done.stdout) == {"builds": [{"imageName": "app", "tag": "localhost:5000/app:v1"}]}
        assert not one.docker.calls

    def test_no_docker_at_all(self, one: Project) -> None:
        one.docker.save()
        (one.docker.folder / "docker").rename(one.docker.folder / "gone")
        one.env["PATH"] = str(one.docker.folder)
        done = one.invoke("buildx.build", "--tag", "v1")
        assert done.returncode == 4
        assert "docker is not installed" in done.stderr

    def test_no_daemon_and_no_builder_elsewhere(self, one: Project) -> None:
        one.docker.down()
        done = one.invoke("buildx.build", "--tag", "v1")
        assert done.returncode == 4
        assert "none answers: Cannot connect" in done.stderr
        assert "docker buildx create" in done.stderr

    def test_missing_contexts_and_dockerfiles_are_all_named(self, tmp_path: Path) -> None:
        config = HEAD + (
            "  artifacts:\n    - {image: a, context: nowhere}\n"
            "    - {image: b, context: app, docker: {dockerfile: Other}}\n    - {image: c, context: Dockerfile}\n"
        )
        done = make_project(tmp_path, config).invoke("buildx.build", "--tag", "v1")
        assert done.returncode == 2
        assert "skaffold.yaml:5: artifact 'a': context 'nowhere' does not exist" in done.stderr
        assert "skaffold.yaml:6: artifact 'b': no Dockerfile at" in done.stderr
        assert "skaffold.yaml:7: artifact 'c': context 'Dockerfile' is not a folder" in done.stderr

    def test_an_artifact_of_another_builder_is_never_skipped_silently(self, tmp_path: Path) -> None:
        project = make_project(tmp_path, ONE + "    - {image: java, jib: {}}\n")
        done = project.invoke("buildx.build", "--tag", "v1")
        assert done.returncode == 2
        assert "skaffold.yaml:7: artifact 'java' is built by jib" in done.stderr
        assert "--other-builders skip" in done.stderr
        assert project.invoke("buildx.build", "--tag", "v1", "--artifact", "app").returncode == 0


class TestSurroundings:
    def test_settings_come_from_flag_environment_invoke_and_block_in_that_order(self, tmp_path: Path) -> None:
        project = make_project(tmp_path, ONE + ".buildx: {builder: block}\n")
        project.docker.builder("any", "remote")

        def inspected(*options: str) -> str:
            project.invoke("buildx.build", "--tag", "v1", "--no-push", *options)
            (*_before, last) = [
                call["argv"] for call in project.docker.calls if call["argv"][:2] == ["buildx", "inspect"]
            ]
            return str(last[2])

        assert inspected() == "block"
        project.write("invoke.yaml", "buildx: {builder: invoke}\n")
        assert inspected() == "invoke"
        project.env["BUILDX_BUILDER"] = "environment"
        assert inspected() == "environment"
        assert inspected("--builder", "flag") == "flag"

    def test_the_core_flags_of_invoke_are_honoured(self, one: Project) -> None:
        dry = one.invoke("--dry", "buildx.build", *REPO, "--tag", "v1")
        assert "Skipping build phase" in dry.stdout
        assert not one.docker.builds
        echo = one.invoke("--echo", "buildx.build", *REPO, "--tag", "v1")
        assert "docker buildx build app --file" in echo.stderr
        one.docker.table["buildx build"] = (0, "builder's own words\n", "")
        hidden = one.invoke("--hide", "both", "buildx.build", *REPO, "--tag", "v1")
        assert "builder's own words" not in hidden.stdout
        assert "Build [app] succeeded" in hidden.stdout

    def test_a_secret_looking_build_arg_is_in_no_output(self, tmp_path: Path) -> None:
        config = ONE + "      docker: {buildArgs: {API_TOKEN: hush-hush}}\n"
        project = make_project(tmp_path, config)
        project.docker.environment = ("API_TOKEN",)
        for task in (("buildx.plan",), ("buildx.plan", "--format", "json"), ("--echo", "buildx.build")):
            done = project.invoke(*task, "--tag", "v1")
            assert "hush-hush" not in done.stdout + done.stderr
        (build,) = project.docker.builds
        assert "hush-hush" not in " ".join(build["argv"])
        assert build["env"]["API_TOKEN"] == "hush-hush"

    def test_hooks_and_commands_of_the_config_run_only_when_building(self, tmp_path: Path) -> None:
        config = HEAD + (
            '  tagPolicy: {envTemplate: {template: \'{{cmd "touch" "by-template"}}v1\'}}\n'
            "  hooks: {before: [{command: [touch, by-pipeline]}]}\n"
            "  artifacts:\n    - image: app\n      context: app\n"
            "      hooks: {after: [{command: [touch, by-artifact]}]}\n"
        )
        project = make_project(tmp_path, config)
        for task in (("buildx.plan",), ("buildx.build", "--dry-run")):
            assert project.invoke(*task).returncode == 0
            assert not list(project.folder.glob("by-*"))
        assert project.invoke("buildx.build").returncode == 0
        assert sorted(path.name for path in project.folder.glob("by-*")) == [
            "by-artifact",
            "by-pipeline",
            "by-template",
        ]

    def test_a_failing_hook_fails_its_artifact(self, tmp_path: Path) -> None:
        config = ONE + "      hooks: {before: [{command: ['false']}]}\n"
        project = make_project(tmp_path, config)
        done = project.invoke("buildx.build", "--tag", "v1")
        assert done.returncode == 1
        assert "build [app] failed: pre-build hook false ended with 1" in done.stderr
        assert not project.docker.builds

    def test_a_custom_command_gets_skaffolds_environment(self, tmp_path: Path) -> None:
        config = HEAD + (
            "  artifacts:\n    - image: tool\n      context: app\n"
            "      custom: {buildCommand: 'echo $IMAGE $PUSH_IMAGE $BUILD_CONTEXT > seen'}\n"
        )
        project = make_project(tmp_path, config)
        project.docker.table["buildx imagetools inspect"] = (0, json.dumps({"digest": DIGEST}), "")
        done = project.invoke("buildx.build", *REPO, "--tag", "v1")
        assert done.returncode == 0, done.stderr
        seen = (project.folder / "app" / "seen").read_text().split()
        assert seen == ["localhost:5000/tool:v1", "true", str(project.folder / "app")]
        assert f" - tool -> localhost:5000/tool:v1@{DIGEST}" in done.stdout
