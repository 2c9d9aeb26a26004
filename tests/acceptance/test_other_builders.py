"""Artifacts that docker does not build: refused, left out, or built by Skaffold among the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from recording import DIGEST, Here, Project, make_project, without_times
from skaffold_support import Skaffold

HEAD = "apiVersion: skaffold/v4beta6\nkind: Config\n"
MIXED = f"""{HEAD}build:
  artifacts:
    - {{image: web, context: app, requires: [{{image: base, alias: BASE}}]}}
    - {{image: base, context: app, jib: {{project: core}}}}
    - {{image: api, context: app}}
    - {{image: top, requires: [{{image: web}}]}}
"""
JIB = f"{HEAD}build:\n  artifacts: [{{image: app, context: app, jib: {{args: [-q]}}}}]\n"
REPO = ("--default-repo", "reg.example:5000")
BUILD = ("buildx.build", "--tag", "v1", "--no-cache-artifacts")
SKIP = ("--other-builders", "skip")
SKAFFOLD = ("--other-builders", "skaffold")


@pytest.fixture
def mixed(tmp_path: Path) -> Project:
    return make_project(tmp_path, MIXED)


class TestError:
    def test_each_is_named_with_all_ways_out(self, here: Here, mixed: Project) -> None:
        for words in (("buildx.build",), ("buildx.build", "--dry-run"), ("buildx.plan",)):
            done = here.invoke(mixed, *words)
            assert done.code == 2
            assert "skaffold.yaml:6: artifact 'base' is built by jib, which buildx can't do" in done.err
            assert "--other-builders skaffold" in done.err
            assert "--other-builders skip" in done.err


class TestSkip:
    def test_what_is_left_out_is_named_and_counted_and_fails_nothing(self, here: Here, mixed: Project) -> None:
        done = here.invoke(mixed, *BUILD, *SKIP, "--file-output", "out.json")
        assert done.code == 0
        assert [line for line in done.err.splitlines() if "WARNING" in line] == [
            "WARNING: artifact 'web' is not built: needs base (other-builders is skip)",
            "WARNING: artifact 'base' is not built: built by jib (other-builders is skip)",
            "WARNING: artifact 'top' is not built: needs web (other-builders is skip)",
        ]
        assert [build["argv"][build["argv"].index("-t") + 1] for build in mixed.docker.builds] == ["api:v1"]
        assert [item["imageName"] for item in json.loads((mixed.folder / "out.json").read_text())["builds"]] == ["api"]

    def test_the_lines_of_the_summary(self, here: Here, mixed: Project) -> None:
        lines = without_times(here.invoke(mixed, *BUILD, *SKIP).out.splitlines())
        assert lines[-5:] == [
            "Not started (needs base): web",
            "Not started (needs web): top",
            "Skipped (built by jib): base",
            "",
            "1 built, 2 not started, 1 skipped",
        ]

    def test_the_record_has_them_in_artifact_order(self, here: Here, mixed: Project) -> None:
        here.invoke(mixed, *BUILD, *SKIP, "--metadata-output", "record.json")
        record = json.loads((mixed.folder / "record.json").read_text())["builds"]
        assert [(item["imageName"], item["status"], item.get("reason", "")) for item in record] == [
            ("web", "not-started", "needs base"),
            ("base", "skipped", "built by jib"),
            ("api", "built", ""),
            ("top", "not-started", "needs web"),
        ]

    @pytest.mark.parametrize("words", [BUILD, (*BUILD, "--quiet"), (*BUILD, "--dry-run"), ("buildx.plan",)])
    def test_none_is_left_out_in_silence_and_strict_refuses(
        self, here: Here, mixed: Project, words: tuple[str, ...]
    ) -> None:
        assert "artifact 'base' is not built: built by jib" in here.invoke(mixed, *words, *SKIP).err
        strict = here.invoke(mixed, *words, *SKIP, "--strict")
        assert strict.code == 2
        assert "artifact 'base' is not built: built by jib" in strict.err

    def test_nothing_may_be_left_and_no_docker_is_needed_for_that(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, JIB)
        project.docker.down()
        done = here.invoke(project, *BUILD, *SKIP)
        assert done.code == 0
        assert without_times(done.out.splitlines())[-1] == "1 skipped"
        assert here.invoke(project, *BUILD, *SKIP, "--quiet").out == '{"builds":[]}\n'

    def test_a_failure_is_a_failure_all_the_same(self, here: Here, mixed: Project) -> None:
        mixed.docker.table["buildx build"] = (1, "", "ERROR: no\n")
        assert here.invoke(mixed, *BUILD, *SKIP).code == 1

    def test_a_plan_names_them(self, here: Here, mixed: Project) -> None:
        assert "# base is not built: built by jib\n" in here.invoke(mixed, "buildx.plan", *SKIP).out
        plan = json.loads(here.invoke(mixed, "buildx.plan", *SKIP, "--format", "json").out)
        assert plan["leftOut"][1] == {"imageName": "base", "reason": "built by jib"}
        assert "base is left out: built by jib" in here.invoke(mixed, "buildx.plan", *SKIP, "--format", "bake").err

    def test_a_check_names_them(self, here: Here, mixed: Project) -> None:
        mixed.write("invoke.yaml", "buildx: {other_builders: skip}\n")
        mixed.docker.table["buildx build"] = (0, '{"warnings": [], "sources": []}', "")
        done = here.invoke(mixed, "buildx.check")
        assert (done.code, "artifact 'base' is not built: built by jib" in done.err) == (0, True)
        assert "0 findings in 1 Dockerfile" in done.out


class TestSkaffold:
    def test_it_builds_just_those_in_the_same_graph(self, here: Here, mixed: Project) -> None:
        skaffold = Skaffold(mixed)
        done = here.invoke(mixed, *BUILD, *REPO, *SKAFFOLD, "--file-output", "out.json")
        assert done.code == 0, done.err
        (call,) = skaffold.calls
        assert [item["image"] for item in call["config"]["build"]["artifacts"]] == ["base"]
        reference = f"reg.example:5000/base:v1@{skaffold.digest}"
        (web,) = [build["argv"] for build in mixed.docker.builds if "reg.example:5000/web:v1" in build["argv"]]
        assert f"BASE={reference}" in web
        assert len(mixed.docker.builds) == 3
        assert json.loads((mixed.folder / "out.json").read_text())["builds"][:2] == [
            {"imageName": "web", "tag": f"reg.example:5000/web:v1@{DIGEST}"},
            {"imageName": "base", "tag": reference},
        ]
        assert f" - base -> {reference}" in done.out
        assert "Build [base] succeeded" in done.out
        assert without_times(done.out.splitlines())[-1] == "4 built"

    def test_the_command(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, JIB)
        skaffold = Skaffold(project)
        words = (*REPO, *SKAFFOLD, "--platform", "linux/amd64,linux/arm64", "--kube-context", "far", "--skip-tests")
        planned = here.invoke(project, "buildx.plan", "--tag", "v1", *words, "--format", "json")
        assert here.invoke(project, "buildx.build", "--tag", "v1", *words, "--insecure-registry", "r:1").code == 0
        (call,) = skaffold.calls
        argv = call["argv"]
        assert [word for word in argv if not word.startswith("/")] == [
            *("build", "--filename", "--build-image", "app", "--tag", "v1", "--default-repo=reg.example:5000"),
            *("--platform", "linux/amd64,linux/arm64", "--push=true", "--cache-artifacts=true", "--skip-tests=true"),
            *("--insecure-registry", "r:1", "--kube-context", "far", "--interactive=false", "--file-output"),
        ]
        (step,) = json.loads(planned.out)["builds"]
        assert (step["tool"], step["output"]) == ("skaffold", "push")
        assert step["command"][:6] == ["skaffold", "build", "--filename", "CONFIG", "--build-image", "app"]
        assert step["command"][-2:] == ["--file-output", "RESULT"]
        assert (call["mode"], call["cwd"]) == (0o600, str(project.folder))
        assert not Path(argv[2]).exists()

    def test_what_is_not_pushed_is_in_the_daemon(self, here: Here, mixed: Project) -> None:
        skaffold = Skaffold(mixed)
        done = here.invoke(mixed, *BUILD, *SKAFFOLD)
        assert done.code == 0, done.err
        (call,) = skaffold.calls
        assert {"--push=false", "--default-repo=", "--cache-artifacts=false"} < set(call["argv"])
        (web,) = [build["argv"] for build in mixed.docker.builds if "web:v1" in build["argv"]]
        assert f"BASE=base:{'2' * 64}" in web

    def test_a_builder_that_can_not_see_it_is_missed_before(self, here: Here, mixed: Project) -> None:
        skaffold = Skaffold(mixed)
        mixed.docker.builder("ci", "remote")
        done = here.invoke(mixed, *BUILD, *SKAFFOLD, "--builder", "ci")
        assert (done.code, skaffold.calls) == (4, [])
        assert "artifact 'web' requires 'base', which is loaded into the docker daemon" in done.err

    def test_names_that_are_a_part_of_others(self, here: Here, tmp_path: Path) -> None:
        config = JIB.replace("artifacts: [", "artifacts: [{image: app-web, context: app}, ")
        project = make_project(tmp_path, config)
        skaffold = Skaffold(project)
        assert here.invoke(project, *BUILD, *SKAFFOLD).code == 0
        assert skaffold.artifact["image"] == "app"
        assert len(project.docker.builds) == 1

    def test_profiles_overrides_and_hooks_have_had_their_say(self, here: Here, tmp_path: Path) -> None:
        config = """apiVersion: skaffold/v4beta7
kind: Config
build:
  hooks: {before: [{command: [sh, -c, "echo around >> hooks"]}]}
  artifacts:
    - image: app
      context: app
      jib: {args: [-q]}
      hooks: {before: [{command: [sh, -c, "echo own >> hooks"]}]}
profiles: [{name: p, build: {artifacts: [{image: app, context: app, jib: {args: [-x]}}]}}]
.buildx: {otherBuilders: skaffold}
"""
        project = make_project(tmp_path, config)
        skaffold = Skaffold(project)
        assert here.invoke(project, *BUILD).code == 0
        assert (project.folder / "hooks").read_text() == "around\nown\n"
        assert skaffold.artifact == {"image": "app", "context": "app", "jib": {"args": ["-q"]}}
        assert skaffold.calls[0]["config"] == {
            "apiVersion": "skaffold/v4beta7",
            "kind": "Config",
            "build": {"artifacts": [skaffold.artifact]},
        }
        assert here.invoke(project, *BUILD, "--profile", "p").code == 0
        assert skaffold.calls[1]["config"]["build"]["artifacts"][0]["jib"] == {"args": ["-x"]}

    def test_variables_that_are_flags_have_had_their_say_too(self, here: Here, tmp_path: Path) -> None:
        config = f"{JIB}profiles: [{{name: p, build: {{platforms: [linux/arm64]}}}}]\n"
        project = make_project(tmp_path, config)
        skaffold = Skaffold(project)
        project.env |= {
            "SKAFFOLD_PROFILE": "p",
            "SKAFFOLD_QUIET": "true",
            "SKAFFOLD_BUILD_IMAGE": "app",
            "SKAFFOLD_INSECURE_REGISTRY": "r:1",
            "SKAFFOLD_TAG": "from-variable",
            "SKAFFOLD_NAMESPACE": "kept",
        }
        project.write("skaffold.env", "SKAFFOLD_MODULE=\n")
        done = here.invoke(project, "buildx.build", *SKAFFOLD)
        assert done.code == 0, done.err
        (call,) = skaffold.calls
        assert call["argv"].count("r:1") == 1
        assert ("from-variable" in call["argv"], "linux/arm64" in call["argv"]) == (True, True)
        assert call["environment"]["SKAFFOLD_NAMESPACE"] == "kept"
        assert call["environment"]["SKAFFOLD_PROFILE"] == ""

    def test_the_paths_of_a_required_config(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, f"{HEAD}requires: [{{path: lib}}]\n")
        project.write(
            "lib/skaffold.yaml",
            "apiVersion: skaffold/v2beta29\nkind: Config\nbuild:\n  artifacts:\n"
            "    - {image: app, buildpacks: {builder: b, volumes: [{host: v, target: /v}]}}\n",
        )
        skaffold = Skaffold(project)
        assert here.invoke(project, *BUILD, *SKAFFOLD).code == 0
        lib = project.folder / "lib"
        assert skaffold.artifact["context"] == str(lib)
        assert skaffold.artifact["buildpacks"]["volumes"] == [{"host": str(lib / "v"), "target": "/v"}]
        assert skaffold.calls[0]["config"]["apiVersion"] == "skaffold/v2beta29"

    @pytest.mark.parametrize(
        ("kind", "section", "expected"),
        [
            ("jib", {"fromImage": "BASE"}, {"fromImage": "docker://{reference}"}),
            ("buildpacks", {"builder": "b", "runImage": "BASE"}, {"builder": "b", "runImage": "{reference}"}),
            ("ko", {"fromImage": "BASE"}, {"fromImage": "BASE"}),
        ],
    )
    def test_a_required_image_is_handed_over_as_skaffold_does(
        self, here: Here, tmp_path: Path, kind: str, section: dict[str, str], expected: dict[str, str]
    ) -> None:
        artifact = {"image": "app", "context": "app", kind: section, "requires": [{"image": "low", "alias": "BASE"}]}
        build = {"artifacts": [artifact, {"image": "low", "context": "app"}]}
        project = make_project(tmp_path, HEAD + yaml.safe_dump({"build": build}))
        skaffold = Skaffold(project)
        done = here.invoke(project, *BUILD, *SKAFFOLD)
        assert done.code == 0, done.err
        reference = f"low:{'1' * 64}"
        assert skaffold.artifact[kind] == {key: text.format(reference=reference) for key, text in expected.items()}
        assert "requires" not in skaffold.artifact

    @pytest.mark.parametrize(
        ("environment", "artifact", "kind"),
        [
            ({"googleCloudBuild": {"projectId": "p"}}, {"docker": {"cacheFrom": ["x"]}}, "docker"),
            ({"cluster": {"namespace": "n"}}, {}, "kaniko"),
        ],
    )
    def test_clouds_and_clusters_push_and_get_build_args(
        self, here: Here, tmp_path: Path, environment: dict[str, object], artifact: dict[str, object], kind: str
    ) -> None:
        needed = {"image": "app", "requires": [{"image": "low", "alias": "BASE"}], **artifact}
        build = {"artifacts": [needed, {"image": "low", **artifact}], **environment}
        deploy = {"kubeContext": "far"}
        project = make_project(tmp_path, HEAD + yaml.safe_dump({"build": build, "deploy": deploy}))
        skaffold = Skaffold(project)
        done = here.invoke(project, *BUILD, *SKAFFOLD, "--no-push")
        assert done.code == 0, done.err
        low, app = skaffold.calls
        assert low["argv"][4] == "low"
        assert ("--push=true" in app["argv"], app["argv"][app["argv"].index("--kube-context") + 1]) == (True, "far")
        (only,) = app["config"]["build"]["artifacts"]
        assert only[kind]["buildArgs"] == {"BASE": f"low:v1@{skaffold.digest}"}
        assert app["config"]["build"].keys() == {"artifacts", *environment}
        assert f"push is off (flag), yet build.{next(iter(environment))} pushes" in done.err

    def test_what_only_buildx_does_is_a_warning(self, here: Here, tmp_path: Path) -> None:
        config = f"{JIB}.buildx: {{artifacts: {{app: {{labels: {{a: b}}}}}}}}\n"
        done = here.invoke(make_project(tmp_path, config), "buildx.plan", *SKAFFOLD)
        assert done.code == 4
        project = make_project(tmp_path / "other", config)
        Skaffold(project)
        done = here.invoke(project, "buildx.plan", *SKAFFOLD, "--output", "type=oci,dest=x.tar")
        assert "artifact 'app': its settings in the .buildx block have no effect, as jib builds it" in done.err
        assert "artifact 'app': output has no effect, as jib builds it" in done.err

    @pytest.mark.parametrize("words", [BUILD, (*BUILD, "--dry-run"), ("buildx.plan",)])
    def test_without_skaffold_nothing_is_begun(self, here: Here, mixed: Project, words: tuple[str, ...]) -> None:
        done = here.invoke(mixed, *words, *SKAFFOLD)
        assert (done.code, mixed.docker.builds) == (4, [])
        first, *hint = done.err.splitlines()
        assert (
            first == "skaffold.yaml:6: artifact 'base' is built by jib, and no skaffold is on the PATH to build it with"
        )
        assert "--other-builders skip" in "".join(hint)

    def test_a_failure_is_like_any_other(self, here: Here, mixed: Project) -> None:
        Skaffold(mixed, failing=("base",))
        done = here.invoke(mixed, *BUILD, *SKAFFOLD, "--keep-going", "--file-output", "out.json")
        assert done.code == 1
        assert "  build [base] failed: jib says no\n" in done.out
        assert "build [base] failed: skaffold ended with exit status 1\n" in done.err
        assert "build it alone:  skaffold build --build-image base" in done.err
        assert "Not started (needs base): web" in done.out
        assert [item["imageName"] for item in json.loads((mixed.folder / "out.json").read_text())["builds"]] == ["api"]

    @pytest.mark.parametrize(
        ("result", "told"),
        [
            ('{"builds":null}', "skaffold ended well, but 'app' is not in its result"),
            ("nothing", "skaffold ended well, but its result of 'app' can't be read"),
            (
                '{"builds":[{"imageName":"app","tag":"other/app:v1"}]}',
                "skaffold built 'app' as other/app:v1, and not as app:v1",
            ),
        ],
    )
    def test_a_result_that_is_not_the_planned_one_is_a_failure(
        self, here: Here, tmp_path: Path, result: str, told: str
    ) -> None:
        project = make_project(tmp_path, JIB)
        Skaffold(project, result=result)
        done = here.invoke(project, *BUILD, *SKAFFOLD)
        assert (done.code, told in done.err) == (1, True)

    def test_its_time_is_bounded(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, JIB)
        Skaffold(project, seconds=20)
        done = here.invoke(project, *BUILD, *SKAFFOLD, "--build-timeout", "1")
        assert done.code == 1
        assert "timed out after 1 s (build-timeout), waiting for skaffold" in done.err

    def test_several_platforms_need_a_push(self, here: Here, tmp_path: Path) -> None:
        project = make_project(tmp_path, JIB)
        skaffold = Skaffold(project)
        done = here.invoke(project, *BUILD, *SKAFFOLD, "--platform", "linux/amd64,linux/arm64")
        assert (done.code, skaffold.calls) == (4, [])
        assert "several platforms (linux/amd64,linux/arm64) can't be kept here" in done.err

    def test_no_secret_is_in_its_command(self, here: Here, tmp_path: Path) -> None:
        config = JIB.replace("args: [-q]", "args: [-Dtoken=canary-in-config]")
        project = make_project(tmp_path, config)
        skaffold = Skaffold(project)
        project.env["NPM_TOKEN"] = "canary-in-variable"
        done = here.invoke(project, *BUILD, *SKAFFOLD, "--metadata-output", "record.json")
        assert done.code == 0
        shown = "".join((*skaffold.calls[0]["argv"], done.out, done.err, (project.folder / "record.json").read_text()))
        assert "canary" not in shown
        assert "canary" not in here.invoke(project, "buildx.plan", *SKAFFOLD, "--format", "full").out

    def test_a_bake_file_leaves_it_out(self, here: Here, mixed: Project) -> None:
        Skaffold(mixed)
        done = here.invoke(mixed, "buildx.plan", *SKAFFOLD, "--format", "bake")
        assert "base is left out: bake can't run skaffold, so build it before" in done.err
        assert list(json.loads(done.out)["target"]) == ["web", "api", "top"]

    def test_its_own_cache_is_used_and_ours_is_not(self, here: Here, mixed: Project) -> None:
        skaffold = Skaffold(mixed)
        here.invoke(mixed, "buildx.build", "--tag", "v1", *REPO, *SKAFFOLD)
        done = here.invoke(mixed, "buildx.build", "--tag", "v1", *REPO, *SKAFFOLD)
        assert " - base: Not looked up, skaffold builds it and has a cache of its own. Building" in done.out
        assert ["--cache-artifacts=true" in call["argv"] for call in skaffold.calls] == [True, True]


def test_a_cloud_does_not_matter_to_the_check_of_a_dockerfile(here: Here, tmp_path: Path) -> None:
    project = make_project(tmp_path, f"{HEAD}build: {{artifacts: [{{image: app}}], googleCloudBuild: {{}}}}\n")
    project.write("invoke.yaml", "buildx: {other_builders: skaffold}\n")
    project.docker.table["buildx build"] = (0, '{"warnings": [], "sources": []}', "")
    done = here.invoke(project, "buildx.check")
    assert (done.code, "0 findings in 1 Dockerfile" in done.out) == (0, True)
