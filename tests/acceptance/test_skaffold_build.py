"""What Skaffold's own tests of `skaffold build` expect, asked of `buildx.build` on a recording docker."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from recording import DIGEST, IMAGE_ID, Here, Project, make_project, without_times

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
REPO = "us-central1-docker.pkg.dev/k8s-skaffold/testing"
ID = IMAGE_ID.removeprefix("sha256:")


def project_with(folder: Path, build: dict[str, object], **others: object) -> Project:
    artifacts = {"artifacts": [{"image": "simple-build", "context": "app"}]}
    return make_project(folder, HEAD + yaml.safe_dump({"build": artifacts | build, **others}))


def commit(project: Project, tag: str) -> None:
    """Make the project a checkout with a tagged commit and nothing changed."""
    for words in (
        ("init", "--quiet"),
        ("add", "."),
        ("-c", "user.name=J", "-c", "user.email=j@example.com", "commit", "--quiet", "-m", "first"),
        ("tag", tag),
    ):
        subprocess.run(["git", *words], cwd=project.folder, env=project.environment(), check=True)


def tags(here: Here, project: Project, *words: str) -> list[str]:
    """The tags of the result file of a pushed build, without their digests."""
    done = here.invoke(project, "buildx.build", "--default-repo", REPO, "--push", "--quiet", *words)
    assert done.code == 0, done.err
    found = [build["tag"] for build in json.loads(done.out)["builds"]]
    assert all(tag.endswith(f"@{DIGEST}") for tag in found)
    return [tag.removesuffix(f"@{DIGEST}") for tag in found]


class TestBuild:
    """The table of the integration test of the same name."""

    @pytest.mark.parametrize(
        ("policy", "words", "env", "tag"),
        [
            ({}, (), {}, "v1"),
            ({"gitCommit": {}}, (), {}, "v1"),
            ({"sha256": {}}, (), {}, "latest"),
            ({"envTemplate": {"template": "tag"}}, (), {}, "tag"),
            ({"envTemplate": {"template": "tag"}}, ("--tag", "foo"), {}, "foo"),
            ({"envTemplate": {"template": '{{cmd "sh" "-c" "echo 1.0.0"}}'}}, (), {}, "1.0.0"),
            ({"envTemplate": {"template": '{{default "bar" .FOO}}'}}, (), {}, "bar"),
            ({"envTemplate": {"template": '{{default "bar" .FOO}}'}}, (), {"FOO": "mine"}, "mine"),
            ({"customTemplate": {"template": "{{.GIT}}-{{.SHA}}"}}, (), {}, "v1-latest"),
        ],
    )
    def test_tags(
        self,
        here: Here,
        tmp_path: Path,
        policy: dict[str, object],
        words: tuple[str, ...],
        env: dict[str, str],
        tag: str,
    ) -> None:
        project = project_with(tmp_path, {"tagPolicy": policy} if policy else {})
        project.env |= env
        commit(project, "v1")
        assert tags(here, project, *words) == [f"{REPO}/simple-build:{tag}"]
        (build,) = project.docker.builds
        assert build["argv"][build["argv"].index("-t") + 1] == f"{REPO}/simple-build:{tag}"

    def test_dates(self, here: Here, tmp_path: Path) -> None:
        zone = "America/Chicago"
        project = project_with(tmp_path, {"tagPolicy": {"dateTime": {"format": "2006-01-02", "timezone": zone}}})
        days = [datetime.now(ZoneInfo(zone)).strftime("%Y-%m-%d")]
        (found,) = tags(here, project)
        days.append(datetime.now(ZoneInfo(zone)).strftime("%Y-%m-%d"))
        assert found.removeprefix(f"{REPO}/simple-build:") in days

    def test_a_policy_that_fails_gives_latest_and_is_no_failure(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"tagPolicy": {"envTemplate": {"template": "{{.FOO}}"}}})
        assert tags(here, project) == [f"{REPO}/simple-build:latest"]

    def test_an_unchanged_artifact_is_not_built_again(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"tagPolicy": {"sha256": {}}})
        asked = "image inspect --format {{json .Id}} {{json .RepoTags}}"
        answer = f'"{IMAGE_ID}" ["simple-build:latest", "simple-build:{ID}"]\n'
        project.docker.table = {asked: (0, answer, "")} | project.docker.table
        first = here.invoke(project, "buildx.build", "--no-push")
        again = here.invoke(project, "buildx.build", "--no-push")
        assert " - simple-build: Not found. Building (no earlier build is known here)" in first.out
        assert "Not found. Building" not in again.out
        assert len(project.docker.builds) == 1

    def test_a_profile_and_a_module(self, here: Here, tmp_path: Path) -> None:
        profile = {"name": "p", "build": {"tagPolicy": {"envTemplate": {"template": "from-p"}}}}
        project = project_with(tmp_path, {"tagPolicy": {"sha256": {}}}, profiles=[profile], metadata={"name": "m"})
        assert tags(here, project, "--profile", "p", "--module", "m") == [f"{REPO}/simple-build:from-p"]

    def test_names_become_what_docker_takes(self, here: Here, tmp_path: Path) -> None:
        image = "ko://github.com/GoogleContainerTools/skaffold/cmd/skaffold"
        project = make_project(tmp_path, HEAD + yaml.safe_dump({"build": {"artifacts": [{"image": image}]}}))
        done = here.invoke(project, "buildx.build", "--tag", "v0.0.1", "--push", "--quiet")
        name = "github.com/googlecontainertools/skaffold/cmd/skaffold:v0.0.1"
        assert json.loads(done.out)["builds"] == [{"imageName": image, "tag": f"{name}@{DIGEST}"}]
        assert name in project.docker.builds[0]["argv"]


class TestConsole:
    def test_one_pushed_image(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {})
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--default-repo", "registry.example.com", "--push")
        assert done.out.splitlines()[:6] == [
            "Generating tags...",
            " - simple-build -> registry.example.com/simple-build:v1",
            "Checking cache...",
            " - simple-build: Not found. Building (no earlier build is known here)",
            "Starting build...",
            "Building [simple-build]...",
        ]
        assert "Build [simple-build] succeeded" in without_times(done.out.splitlines())

    def test_several_at_once(self, here: Here, tmp_path: Path) -> None:
        artifacts = [
            {"image": "skaffold/image2", "requires": [{"image": "skaffold/image1", "alias": "BASE"}]},
            {"image": "skaffold/image1", "context": "app"},
        ]
        project = project_with(tmp_path, {"artifacts": artifacts})
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--no-cache-artifacts", "--concurrency", "0")
        lines = without_times(done.out.splitlines())
        assert lines[3:] == [
            "Starting build...",
            "Building 2 artifacts in parallel",
            "Building [skaffold/image1]...",
            "Build [skaffold/image1] succeeded",
            "Building [skaffold/image2]...",
            "Build [skaffold/image2] succeeded",
            f" - skaffold/image2 -> skaffold/image2:{ID}",
            f" - skaffold/image1 -> skaffold/image1:{ID}",
            "",
            "2 built",
        ]

    def test_failures_are_told_at_once_when_several_run(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"artifacts": [{"image": "a", "context": "app"}, {"image": "b"}]})
        project.docker.table["buildx build app"] = (1, "", "ERROR: failed to solve: no such stage\n")
        parallel = here.invoke(project, "buildx.build", "--tag", "v1", "--batch", "off")
        assert "Build [a] failed: " in parallel.out
        assert "no such stage" in parallel.out
        alone = here.invoke(project, "buildx.build", "--tag", "v1", "--artifact", "a")
        assert "Build [a] failed" in without_times(alone.out.splitlines())

    @pytest.mark.parametrize(("push", "said"), [((), True), (("--push",), False)])
    def test_a_local_cluster_is_named(self, here: Here, tmp_path: Path, push: tuple[str, ...], said: bool) -> None:
        project = project_with(tmp_path, {})
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--kube-context", "kind-a", *push)
        assert ("Found [kind-a] context, using local docker daemon." in done.out.splitlines()) is said

    def test_a_dry_run_says_the_tags_and_stops(self, here: Here, tmp_path: Path) -> None:
        hooks = {"before": [{"command": ["touch", "ran"]}]}
        project = project_with(tmp_path, {"hooks": hooks})
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--dry-run")
        assert done.out.splitlines() == [
            "Generating tags...",
            " - simple-build -> simple-build:v1",
            "Skipping build phase since --dry-run=true",
        ]
        assert not project.docker.calls
        assert not (project.folder / "ran").exists()

    def test_progress_is_on_stdout_and_warnings_are_on_stderr(self, here: Here, tmp_path: Path) -> None:
        done = here.invoke(project_with(tmp_path, {}), "buildx.build")
        assert "WARNING" not in done.out
        assert "WARNING: artifact 'simple-build': " in done.err
        assert "Build [simple-build] succeeded" not in done.err

    def test_hooks_are_announced(self, here: Here, tmp_path: Path) -> None:
        hook = {"command": ["echo", "hello"]}
        artifact = {"image": "a", "hooks": {"before": [hook], "after": [{**hook, "os": ["windows"]}]}}
        project = project_with(tmp_path, {"artifacts": [artifact]})
        out = here.invoke(project, "buildx.build", "--tag", "v1").out.splitlines()
        at = out.index("Building [a]...")
        assert out[at + 1 : at + 6] == [
            "Starting pre-build hooks...",
            "hello",
            "Completed pre-build hooks",
            "Starting post-build hooks...",
            "Completed post-build hooks",
        ]


class TestResult:
    def test_the_file_is_what_skaffold_deploy_reads(self, here: Here, tmp_path: Path) -> None:
        artifacts = [{"image": "a", "runtimeType": "nodejs"}, {"image": "b", "context": "app"}]
        project = project_with(tmp_path, {"artifacts": artifacts})
        here.invoke(project, "buildx.build", "--tag", "v1", "--push", "--file-output", "out.json")
        assert (project.folder / "out.json").read_bytes() == (
            f'{{"builds":[{{"imageName":"a","tag":"a:v1@{DIGEST}","runtimeType":"nodejs"}},'
            f'{{"imageName":"b","tag":"b:v1@{DIGEST}"}}]}}'
        ).encode()

    def test_a_loaded_image_is_named_by_its_id(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"artifacts": [{"image": "gcr.io/test/image"}]})
        done = here.invoke(project, "buildx.build", "--tag", "tag", "--no-push", "--quiet")
        assert json.loads(done.out)["builds"][0]["tag"] == f"gcr.io/test/image:{ID}"

    def test_a_failing_hook_after_all_builds_takes_no_result_away(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"hooks": {"after": [{"command": ["false"]}]}})
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--file-output", "out.json")
        assert done.code == 1
        assert "post-build hook false ended with 1" in done.err
        assert json.loads((project.folder / "out.json").read_text())["builds"][0]["imageName"] == "simple-build"

    def test_a_failing_hook_before_all_builds_builds_nothing(self, here: Here, tmp_path: Path) -> None:
        project = project_with(tmp_path, {"hooks": {"before": [{"command": ["false"]}]}})
        done = here.invoke(project, "buildx.build", "--tag", "v1", "--file-output", "out.json")
        assert done.code == 1
        assert "pre-build hook false ended with 1" in done.err
        assert (project.folder / "out.json").read_text() == '{"builds":null}'
        assert not project.docker.builds

    def test_what_was_built_before_a_failure_is_in_the_result(self, here: Here, tmp_path: Path) -> None:
        artifacts = [{"image": "a", "context": "app"}, {"image": "b"}]
        project = project_with(tmp_path, {"artifacts": artifacts})
        project.docker.table["buildx build ."] = (1, "", "ERROR: no\n")
        words = ("--tag", "v1", "--push", "--concurrency", "1", "--file-output", "out.json")
        assert here.invoke(project, "buildx.build", *words).code == 1
        builds = json.loads((project.folder / "out.json").read_text())["builds"]
        assert builds == [{"imageName": "a", "tag": f"a:v1@{DIGEST}"}]
