"""The main job with real parts: a config in, images in a registry or an engine out, the cache hit again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Completed, Sandbox, mute_builder

TASKS = "import buildx_tasks\n\nns = buildx_tasks.namespace()\n"
SHOUT = """\
FROM busybox AS build
COPY message.txt /src/
RUN tr a-z A-Z < /src/message.txt > /src/shout.txt

FROM busybox
COPY --from=build /src/shout.txt /shout.txt
"""
MACHINE = "FROM busybox\nRUN uname -m > /machine && cat /machine\n"


class Project:
    """A folder with a skaffold.yaml and a tasks.py, in which `invoke` is run as a user would."""

    def __init__(self, sandbox: Sandbox, config: str, dockerfile: str = SHOUT) -> None:
        self.sandbox = sandbox
        self.folder = sandbox.folder / "project"
        (self.folder / "app").mkdir(parents=True)
        (self.folder / "tasks.py").write_text(TASKS)
        (self.folder / "skaffold.yaml").write_text(textwrap.dedent(config))
        (self.folder / "app" / "Dockerfile").write_text(dockerfile)
        (self.folder / "app" / "message.txt").write_text("hello\n")

    @property
    def repo(self) -> str:
        """A default repository that no other test uses."""
        return self.sandbox.image("x").removesuffix("/x")

    def invoke(self, *words: str, check: bool = True) -> Completed:
        """Run a task here."""
        return self.sandbox.run("invoke", *words, check=check, cwd=self.folder)

    def build(self, *words: str, check: bool = True) -> Completed:
        """Run buildx.build into the open registry."""
        return self.invoke("buildx.build", "--default-repo", self.repo, *words, check=check)

    def built(self, *words: str) -> dict[str, str]:
        """Build and give the references of ``--file-output`` by image name."""
        self.build("--file-output", "build.json", *words)
        entries = json.loads((self.folder / "build.json").read_text())["builds"]
        return {entry["imageName"]: entry["tag"] for entry in entries}


APP = """\
    apiVersion: skaffold/v4beta13
    kind: Config
    build:
      artifacts:
        - image: app
          context: app
          docker:
            cacheFrom: [app]
"""


class TestBuild:
    def test_docker_buildx(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP)
        done = project.build("--tag", "v1", "--cache-tag", "cache")
        lines = done.out.splitlines()
        assert lines[:2] == ["Generating tags...", f" - app -> {project.repo}/app:v1"]
        assert "Starting build..." in lines
        assert "Building [app]..." in lines
        manifest = sandbox.lab.registry().manifest(f"{project.repo}/app", "v1")
        assert f" - app -> {project.repo}/app:v1@{manifest.digest}" in done.out

    def test_quiet_prints_the_json_and_nothing_else(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP)
        done = project.build("--tag", "v1", "--quiet")
        digest = sandbox.lab.registry().manifest(f"{project.repo}/app", "v1").digest
        assert json.loads(done.out) == {"builds": [{"imageName": "app", "tag": f"{project.repo}/app:v1@{digest}"}]}

    def test_a_dry_run_builds_and_pushes_nothing(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP)
        done = project.build("--tag", "v1", "--dry-run", "--file-output", "build.json")
        assert f" - app -> {project.repo}/app:v1" in done.out
        assert not sandbox.lab.registry().tags(f"{project.repo}/app")
        written = json.loads((project.folder / "build.json").read_text())
        assert written == {"builds": [{"imageName": "app", "tag": f"{project.repo}/app:v1"}]}
        assert project.invoke("-R", "buildx.build", "--default-repo", project.repo).code == 0
        assert not sandbox.lab.registry().tags(f"{project.repo}/app")

    @pytest.mark.parametrize("buildx", ["old", "new"])
    def test_the_cache_outlives_the_builder_and_the_tag(self, new_sandbox: Callable[..., Sandbox], buildx: str) -> None:
        sandbox = new_sandbox(buildx=buildx)
        project = Project(sandbox, APP)
        project.build("--tag", "v1", "--cache-tag", "cache")
        assert set(sandbox.lab.registry().tags(f"{project.repo}/app")) == {"cache", "v1"}
        sandbox.docker("buildx", "prune", "--all", "--force")
        done = project.build("--tag", "v2", "--cache-tag", "cache", "--no-cache-artifacts")
        assert "importing cache manifest" in done.out
        assert "(3 of 3 steps cached)" in done.out

    def test_a_branch_reads_mains_cache_too_and_main_its_own_once(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP.replace("[app]", "[app, 'app:cache-main']"))
        words = ("--cache-tag", "cache-{{.BRANCH}}", "--no-cache-artifacts", "--tag", "v1")
        sandbox.env["BRANCH"] = "main"
        done = project.build(*words)
        assert "this cache does not exist yet" in done.out
        assert "------" not in done.out
        assert sandbox.lab.registry().tags(sandbox.image("app")) == ["cache-main", "v1"]
        sandbox.env["BRANCH"] = "feature"
        before = sandbox.lab.registry().manifest(sandbox.image("app"), "cache-main").digest
        assert "importing cache manifest" in project.build(*words).out
        assert sandbox.lab.registry().manifest(sandbox.image("app"), "cache-main").digest == before
        assert sandbox.lab.registry().has(sandbox.image("app"), "cache-feature")

    def test_a_builder_far_away_needs_no_daemon(self, new_sandbox: Callable[..., Sandbox]) -> None:
        sandbox = new_sandbox(engine=None)
        sandbox.builder("plain", "far")
        project = Project(sandbox, APP)
        reference = project.built("--builder", "far", "--tag", "v1", "--cache-tag", "cache")["app"]
        digest = sandbox.lab.registry().manifest(f"{project.repo}/app", "v1").digest
        assert reference == f"{project.repo}/app:v1@{digest}"
        assert sandbox.lab.registry().has(f"{project.repo}/app", "cache")

    def test_a_builder_behind_mutual_tls(self, new_sandbox: Callable[..., Sandbox]) -> None:
        sandbox = new_sandbox(engine=None)
        sandbox.builder("mtls", "safe")
        project = Project(sandbox, APP)
        project.build("--builder", "safe", "--tag", "v1")
        assert sandbox.lab.registry().has(f"{project.repo}/app", "v1")

    def test_without_daemon_and_push_the_result_stays_and_that_is_said(
        self, new_sandbox: Callable[..., Sandbox]
    ) -> None:
        sandbox = new_sandbox(engine=None)
        sandbox.builder("plain", "far")
        done = Project(sandbox, APP).build("--builder", "far", "--no-push")
        assert "the result stays in the build cache of builder far" in done.err


class TestFallback:
    def test_plain_docker_builds_and_pushes_when_there_is_no_buildx(self, new_sandbox: Callable[..., Sandbox]) -> None:
        sandbox = new_sandbox(buildx="none")
        project = Project(sandbox, APP.replace("cacheFrom: [app]", "cacheTo: [app]"))
        done = project.build("--tag", "v1", "--file-output", "build.json")
        assert "docker buildx is not available" in done.err
        assert "cacheTo is left out: it needs docker buildx" in done.err
        digest = sandbox.lab.registry().manifest(f"{project.repo}/app", "v1").digest
        assert f"{project.repo}/app:v1@{digest}" in (project.folder / "build.json").read_text()

    def test_strict_refuses_the_fallback(self, new_sandbox: Callable[..., Sandbox]) -> None:
        done = Project(new_sandbox(buildx="none"), APP).build("--strict", check=False)
        assert done.code == 2
        assert "docker buildx is not available" in done.err

    def test_plain_docker_builds_in_the_daemon_whatever_builder_is_selected(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP)
        sandbox.env["BUILDX_BUILDER"] = sandbox.builder("plain", "far")
        sandbox.docker("buildx", "use", "far")
        config = Path(sandbox.env["DOCKER_CONFIG"], "config.json")
        said = json.loads(config.read_text()) if config.exists() else {}
        config.write_text(json.dumps({**said, "aliases": {"builder": "buildx"}}))
        reference = project.built("--builder", "off", "--tag", "v1", "--no-cache-artifacts")["app"]
        assert sandbox.lab.registry().has(sandbox.image("app"), reference.partition("@")[2])
        config.write_text(json.dumps({**said, "aliases": None}))
        project.built("--builder", "off", "--tag", "v2", "--no-cache-artifacts")

    def test_builder_off_is_plain_docker_without_a_word(self, sandbox: Sandbox) -> None:
        done = Project(sandbox, APP).build("--builder", "off", "--no-push", "--tag", "v1")
        assert "WARNING" not in done.err
        assert "Step 1/" in done.out or "#1 " in done.out


class TestBuildWithPlatform:
    @pytest.mark.parametrize(("platform", "machine"), [("linux/amd64", "x86_64"), ("linux/arm64", "aarch64")])
    def test_one_platform_native_or_emulated(self, sandbox: Sandbox, platform: str, machine: str) -> None:
        project = Project(sandbox, APP, MACHINE)
        done = project.build("--platform", platform, "--tag", "v1", "--no-cache")
        assert f"Target platforms: [{platform}]" in done.out
        assert machine in done.out
        config = sandbox.lab.registry().config(f"{project.repo}/app", "v1", platform)
        assert f"{config['os']}/{config['architecture']}" == platform


class TestBuildMultiPlatforms:
    @pytest.mark.parametrize("builder", ["docker driver", "plain", "nodes"])
    def test_one_index_with_exactly_the_platforms(self, new_sandbox: Callable[..., Sandbox], builder: str) -> None:
        sandbox = new_sandbox(engine="containerd" if builder == "docker driver" else None)
        options = [] if builder == "docker driver" else ["--builder", sandbox.builder(builder, "many")]
        project = Project(sandbox, APP, MACHINE)
        done = project.build("--platform", "linux/arm64,linux/amd64", "--tag", "v1", "--cache-tag", "cache", *options)
        assert "Target platforms: [linux/arm64,linux/amd64]" in done.out
        registry = sandbox.lab.registry()
        index = registry.manifest(f"{project.repo}/app", "v1")
        assert sorted(index.platforms) == ["linux/amd64", "linux/arm64"]
        assert index.digest in done.out
        for platform in index.platforms:
            assert registry.config(f"{project.repo}/app", "v1", platform)["architecture"] == platform.split("/")[1]

    def test_an_engine_that_cannot_is_an_error_before_the_build(self, new_sandbox: Callable[..., Sandbox]) -> None:
        project = Project(new_sandbox(engine="classic"), APP)
        done = project.build("--platform", "linux/arm64,linux/amd64", check=False)
        assert done.code == 4
        assert "makes one platform at a time" in done.err
        assert "docker buildx create" in done.err
        assert "Starting build" not in done.out


class TestDigest:
    """The digest in the result file is the registry's or the engine's own, whatever the output."""

    @pytest.mark.parametrize("attest", ["none", "min", "max", "auto"])
    def test_pushed_with_any_attestation(self, sandbox: Sandbox, attest: str) -> None:
        project = Project(sandbox, APP)
        reference = project.built("--tag", "v1", "--attest", attest)["app"]
        manifest = sandbox.lab.registry().manifest(f"{project.repo}/app", "v1")
        assert reference == f"{project.repo}/app:v1@{manifest.digest}"
        assert ("unknown/unknown" in manifest.platforms) is (attest != "none")

    @pytest.mark.parametrize(("engine", "buildx"), [("containerd", "new"), ("classic", "new"), ("classic", "none")])
    def test_loaded(self, new_sandbox: Callable[..., Sandbox], engine: str, buildx: str) -> None:
        sandbox = new_sandbox(engine=engine, buildx=buildx)
        project = Project(sandbox, APP)
        reference = project.built("--tag", "v1", "--no-push")["app"]
        image_id = sandbox.docker("image", "inspect", "--format", "{{.Id}}", f"{project.repo}/app:v1").out.strip()
        assert reference == f"{project.repo}/app:{image_id.removeprefix('sha256:')}"
        assert sandbox.docker("image", "inspect", "--format", "{{.Id}}", reference).out.strip() == image_id

    def test_loaded_from_a_builder_far_away(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP)
        reference = project.built("--tag", "v1", "--no-push", "--builder", sandbox.builder("plain", "far"))["app"]
        image_id = sandbox.docker("image", "inspect", "--format", "{{.Id}}", reference).out.strip()
        assert reference.endswith(image_id.removeprefix("sha256:"))


CHAIN = """\
    apiVersion: skaffold/v4beta13
    kind: Config
    build:
      artifacts:
        - image: top
          context: app
          requires: [{image: base, alias: BASE}]
        - image: base
          context: app
          docker: {target: build}
"""
CHAINED = """\
ARG BASE=scratch
FROM busybox AS build
RUN echo made-by-base > /mark
FROM $BASE
RUN cat /mark
"""


class TestRequires:
    @pytest.mark.parametrize("output", ["--push", "--no-push"])
    @pytest.mark.parametrize("where", ["docker driver", "far", "far, no daemon", "classic", "plain docker"])
    def test_a_dependent_finds_what_it_requires(
        self, new_sandbox: Callable[..., Sandbox], where: str, output: str
    ) -> None:
        engine = {"far, no daemon": None, "classic": "classic"}.get(where, "containerd")
        sandbox = new_sandbox(engine=engine, buildx="none" if where == "plain docker" else "new")
        options = ["--builder", sandbox.builder("plain", "far")] if where.startswith("far") else []
        project = Project(sandbox, CHAIN, CHAINED)
        done = project.build("--tag", "v1", output, *options)
        assert "made-by-base" in done.out
        assert done.out.index("Build [base] succeeded") < done.out.index("Building [top]")

    def test_several_platforms_without_a_push(self, new_sandbox: Callable[..., Sandbox]) -> None:
        sandbox = new_sandbox(engine=None)
        project = Project(sandbox, CHAIN, CHAINED)
        out = "type=oci,dest={{base .IMAGE_NAME}}-{{.IMAGE_TAG}}.tar"
        platforms = "linux/amd64,linux/arm64"
        options = ["--builder", sandbox.builder("plain", "far"), "--output", out, "--platform", platforms]
        assert "made-by-base" in project.build("--tag", "v1", "--no-push", *options).out

    def test_a_failure_starts_no_dependents_and_keep_going_builds_the_rest(self, sandbox: Sandbox) -> None:
        config = CHAIN.replace("docker: {target: build}", "docker: {target: broken}") + (
            "        - image: other\n          context: app\n          docker: {target: build}\n"
        )
        project = Project(sandbox, config, CHAINED + "FROM busybox AS broken\nRUN exit 7\n")
        done = project.build("--tag", "v1", "--keep-going", "--file-output", "build.json", check=False)
        assert done.code == 1
        assert "build [base] failed" in done.err
        assert "Building [top]" not in done.out
        entries = json.loads((project.folder / "build.json").read_text())["builds"]
        assert [entry["imageName"] for entry in entries] == ["other"]


class TestErrors:
    def test_an_unknown_builder_lists_the_known_ones(self, sandbox: Sandbox) -> None:
        sandbox.builder("plain", "far")
        done = Project(sandbox, APP).build("--builder", "fra", check=False)
        assert done.code == 4
        assert "no builder named 'fra'" in done.err
        assert "known builders: default, far" in done.err

    def test_a_dead_builder_says_why_and_soon(self, sandbox: Sandbox) -> None:
        sandbox.create_builder("dead", "tcp://127.0.0.1:1")
        begin = time.monotonic()
        done = Project(sandbox, APP).build("--builder", "dead", check=False)
        assert time.monotonic() - begin < 5
        assert done.code == 4
        assert "builder dead: nothing answers at tcp://127.0.0.1:1" in done.err

    def test_a_builder_that_takes_a_call_and_says_nothing(self, sandbox: Sandbox) -> None:
        with mute_builder(sandbox):
            project = Project(sandbox, APP)
            done = project.build("--builder", "mute", check=False)
            patient = project.build("--builder", "mute", "--builder-timeout", "3", check=False)
        assert done.code == patient.code == 4
        assert "builder mute: it did not answer within 2 s" in done.err
        assert "builder mute: it did not answer within 3 s" in patient.err

    def test_a_registry_that_is_not_there(self, sandbox: Sandbox) -> None:
        done = Project(sandbox, APP).invoke(
            "buildx.build", "--default-repo", "localhost:1/x", "--no-cache-artifacts", check=False
        )
        assert done.code == 1
        assert "nothing answers at 127.0.0.1:1" in done.err.replace("[::1]", "127.0.0.1")

    def test_a_registry_that_wants_a_password(self, sandbox: Sandbox) -> None:
        project = Project(sandbox, APP)
        host = sandbox.lab.parts["password"]["host"]
        repo = f"{host}/{sandbox.prefix}"
        done = project.invoke("buildx.build", "--default-repo", repo, check=False)
        assert done.code == 1
        assert f"docker login {host}" in done.err
        sandbox.login()
        assert project.invoke("buildx.build", "--default-repo", repo, "--tag", "v1").code == 0
        assert sandbox.lab.registry("password").has(f"{repo}/app", "v1")

    def test_a_program_of_another_platform(self, sandbox: Sandbox) -> None:
        dockerfile = 'FROM busybox\nCOPY foreign /bin/foreign\nRUN chmod +x /bin/foreign\nRUN ["/bin/foreign"]\n'
        project = Project(sandbox, APP, dockerfile)
        header = b"\x7fELF\x02\x02\x01" + b"\0" * 9 + b"\0\x02\0\x16" + b"\0" * 44
        (project.folder / "app" / "foreign").write_bytes(header)
        done = project.build("--tag", "v1", check=False)
        assert done.code == 1
        assert "docker buildx create --name buildkit" in done.err
        assert "invoke buildx.config.set --global buildx-builder buildkit" in done.err

    def test_a_cache_export_the_engine_cannot_do(self, new_sandbox: Callable[..., Sandbox]) -> None:
        config = APP.replace("cacheFrom: [app]", "cacheTo: [app]")
        done = Project(new_sandbox(engine="classic"), config).build("--cache-tag", "cache", check=False)
        assert done.code == 4
        assert "can export a cache" in done.err
        assert "skaffold.yaml:5" in done.err

    def test_a_derived_cache_is_left_out_there(self, new_sandbox: Callable[..., Sandbox]) -> None:
        done = Project(new_sandbox(engine="classic"), APP).build("--cache-tag", "cache")
        assert "can't export one" in done.err


class TestInterrupt:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_stops_the_build_and_still_writes_the_result(
        self, sandbox: Sandbox, number: signal.Signals
    ) -> None:
        config = APP + "        - image: slow\n          context: app\n          docker: {target: slow}\n"
        project = Project(sandbox, config, "FROM busybox AS slow\nRUN echo waiting-now && sleep 60\nFROM busybox\n")
        words = ("--default-repo", project.repo, "--file-output", "build.json", "--batch", "off")
        argv = ["invoke", "buildx.build", *words]
        process = subprocess.Popen(
            argv, cwd=project.folder, env=sandbox.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        seen = ""
        while "waiting-now\n" not in seen.replace("#", "") or "Build [app] succeeded" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        process.send_signal(number)
        begin = time.monotonic()
        _out, err = process.communicate(timeout=30)
        assert process.returncode == 128 + number
        assert time.monotonic() - begin < 20
        assert "interrupted" in err
        entries = json.loads((project.folder / "build.json").read_text())["builds"]
        assert [entry["imageName"] for entry in entries] == ["app"]
        assert not _running_with(str(project.folder))


def _running_with(text: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append(line)
    return found
