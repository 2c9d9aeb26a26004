"""The argv and environment of one build, case by case: what the docker CLI is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildx_tasks.model.argv import argv as render
from buildx_tasks.model.config import Artifact, ArtifactExtras, Dependency, DockerArtifact, Secret
from buildx_tasks.model.platform import Platform, PlatformSet
from buildx_tasks.model.request import BUILDX, DOCKER, EXPORT, LOAD, PUSH, STAY, CacheUse, Placeholder
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.build.destination import Destination
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.build.step import plan_request
from buildx_tasks.planning.build.stepinput import PlannedRequest, StepInput

TAG = "gcr.io/k8s-skaffold/example:tag"
HEAD = ["docker", "buildx", "build", "ctx", "--file", "/abs/Dockerfile", "-t", TAG]
PLAIN_HEAD = ["docker", "build", "ctx", "--file", "/abs/Dockerfile", "-t", TAG]
TAIL = ["--builder", "default", "--metadata-file", "metadata.json"]
ON_BUILDX = Tool(name=BUILDX, reason="r", builder="default", driver="docker", attests=True, exports_images=True)
ON_REMOTE = Tool(name=BUILDX, reason="r", builder="far", driver="remote", attests=True, pushes_itself=True)
ON_DOCKER = Tool(name=DOCKER, reason="r")
ON_LEGACY = Tool(name=DOCKER, reason="r", legacy=True)
PUSHED = Destination(output=PUSH, reason="p", pushes=True)
LOADED = Destination(output=LOAD, reason="l")
AMD, ARM = Platform(os="linux", arch="amd64"), Platform(os="linux", arch="arm64")
ONE, TWO = PlatformSet(platforms=(ARM,)), PlatformSet(platforms=(ARM, AMD))


def answer(placeholder: Placeholder) -> str:
    return "metadata.json" if placeholder.what == "metadata" else f"<{placeholder.what} {placeholder.image}>"


def given(docker: DockerArtifact | None = None, **changes: object) -> StepInput:
    artifact = Artifact(image="gcr.io/k8s-skaffold/example", context="ctx", docker=docker or DockerArtifact())
    base = StepInput(
        artifact=artifact,
        tag=TAG,
        tool=ON_BUILDX,
        settings=Settings(),
        destination=LOADED,
        platforms=PlatformSet(),
        dockerfile="/abs/Dockerfile",
        declared_args=frozenset(),
        home="/home/u",
        expand=lambda text: text.replace("{{.FOO}}", "bar").replace("{{.IMAGE_REPO}}", "gcr.io/k8s-skaffold"),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def argv(command: PlannedRequest) -> list[str]:
    return list(render(command.request, answer))


def environment(command: PlannedRequest) -> dict[str, str]:
    return {item.name: item.value for item in command.environment}


def use(ref: str, **attrs: str) -> CacheUse:
    return CacheUse(spec=Spec("registry", (*attrs.items(), ("ref", ref))))


class TestDockerCLIBuild:
    """Named after the cases of the buildx proposal's test plan."""

    def test_buildkit_buildx_load(self) -> None:
        cache = (use("gcr.io/k8s-skaffold/example:cache"),)
        command = plan_request(given(cache_from=cache, buildkit=True))
        assert argv(command) == [*HEAD, "--cache-from", "gcr.io/k8s-skaffold/example:cache", "--load", *TAIL]

    def test_buildkit_buildx_push(self) -> None:
        ref = "gcr.io/k8s-skaffold/example:cache"
        flags = {"mode": "max", "image-manifest": "true", "oci-mediatypes": "true"}
        command = plan_request(given(cache_from=(use(ref),), cache_to=(use(ref, **flags),), destination=PUSHED))
        to = f"type=registry,mode=max,image-manifest=true,oci-mediatypes=true,ref={ref}"
        assert argv(command) == [*HEAD, "--cache-from", ref, "--cache-to", to, "--push", *TAIL]
        assert environment(command) == {}

    def test_plain_fallback(self) -> None:
        command = plan_request(given(tool=ON_DOCKER, destination=PUSHED, cache_from=(use("a:b"),)))
        assert argv(command) == [*PLAIN_HEAD, "--cache-from", "a:b"]

    @pytest.mark.parametrize(
        ("docker", "middle"),
        [
            (
                DockerArtifact(build_args=(("key2", None), ("key1", "value1"), ("key3", "{{.FOO}}"))),
                ["--build-arg", "key1=value1", "--build-arg", "key2", "--build-arg", "key3=bar"],
            ),
            (
                DockerArtifact(add_host=("1.gcr.io:127.0.0.1", "2.gcr.io:127.0.0.1")),
                ["--add-host", "1.gcr.io:127.0.0.1", "--add-host", "2.gcr.io:127.0.0.1"],
            ),
            (DockerArtifact(cli_flags=("--foo", "--bar={{.IMAGE_REPO}}")), ["--foo", "--bar=gcr.io/k8s-skaffold"]),
            (DockerArtifact(target="stage1"), ["--target", "stage1"]),
            (DockerArtifact(network="None"), ["--network", "none"]),
            (DockerArtifact(network="Bridge"), ["--network", "default"]),
            (DockerArtifact(no_cache=True, squash=True), ["--no-cache", "--squash"]),
            (DockerArtifact(pull_parent=True), ["--pull"]),
            (DockerArtifact(secrets=(Secret(id="s"),)), ["--secret", "id=s"]),
            (DockerArtifact(secrets=(Secret(id="s", src="~/foo"),)), ["--secret", "id=s,src=/home/u/foo"]),
            (DockerArtifact(secrets=(Secret(id="s", src="a,b"),)), ["--secret", 'id=s,"src=a,b"']),
            (DockerArtifact(secrets=(Secret(id="s", env="FOO"),)), ["--secret", "id=s,env=FOO"]),
            (DockerArtifact(ssh="default"), ["--ssh", "default"]),
            (
                DockerArtifact(
                    build_args=(("key1", "value1"),),
                    cli_flags=("--foo",),
                    target="stage1",
                    network="None",
                    pull_parent=True,
                ),
                ["--build-arg", "key1=value1", "--foo", "--target", "stage1", "--network", "none", "--pull"],
            ),
        ],
    )
    def test_every_field_is_its_flag(self, docker: DockerArtifact, middle: list[str]) -> None:
        assert argv(plan_request(given(docker))) == [*HEAD, *middle, "--load", *TAIL]
        assert argv(plan_request(given(docker, tool=ON_DOCKER))) == [*PLAIN_HEAD, *middle]

    @pytest.mark.parametrize(
        ("network", "tool", "possible", "expected"),
        [
            ("Host", ON_BUILDX, True, "host"),
            ("bridge", ON_BUILDX, True, "default"),
            ("bridge", ON_DOCKER, True, "default"),
            ("bridge", ON_DOCKER, False, "bridge"),
            ("Bridge", ON_LEGACY, True, "bridge"),
            ("container:Db_{{.FOO}}", ON_LEGACY, True, "container:Db_bar"),
            ("Container:x", ON_LEGACY, True, "container:x"),
            ("MyNet", ON_LEGACY, True, "mynet"),
        ],
    )
    def test_networks(self, network: str, tool: Tool, possible: bool, expected: str) -> None:
        command = plan_request(given(DockerArtifact(network=network), tool=tool, buildkit_possible=possible))
        words = argv(command)
        assert words[words.index("--network") + 1] == expected
        assert (environment(command).get("DOCKER_BUILDKIT") == "0") is tool.legacy

    def test_squash_does_nothing_in_buildkit_and_that_is_said(self) -> None:
        squashing = DockerArtifact(squash=True)
        assert "squash has no effect with BuildKit" in plan_request(given(squashing)).warnings[0]
        assert not plan_request(given(squashing, tool=ON_LEGACY)).warnings

    @pytest.mark.parametrize(
        ("platforms", "flag"),
        [
            (PlatformSet(), []),
            (ONE, ["--platform", "linux/arm64"]),
            (TWO, ["--platform", "linux/arm64,linux/amd64"]),
            (PlatformSet(all=True), []),
        ],
    )
    def test_all_platforms_stand_in_one_flag(self, platforms: PlatformSet, flag: list[str]) -> None:
        command = plan_request(given(platforms=platforms, destination=PUSHED))
        assert argv(command) == [*HEAD, *flag, "--push", *TAIL]

    def test_nothing_is_loaded_or_pushed_when_the_result_stays(self) -> None:
        command = plan_request(given(destination=Destination(output=STAY, reason="no daemon")))
        assert argv(command) == [*HEAD, *TAIL]

    def test_exporters_are_outputs(self) -> None:
        outputs = (Spec("oci", (("dest", "a,b.tar"),)),)
        command = plan_request(given(destination=Destination(output=EXPORT, reason="o"), outputs=outputs))
        assert argv(command) == [*HEAD, "--output", 'type=oci,"dest=a,b.tar"', *TAIL]

    def test_force_rm_is_for_plain_docker_without_the_artifact_cache(self) -> None:
        assert argv(plan_request(given(tool=ON_DOCKER, settings=Settings(cache_artifacts=False)))) == [
            *PLAIN_HEAD,
            "--force-rm",
        ]

    def test_a_cache_importer_with_attributes_stays_csv(self) -> None:
        cache = (CacheUse(spec=Spec("local", (("src", "/tmp/c"),))), use("a:b", mode="max"))
        command = plan_request(given(cache_from=cache))
        assert argv(command)[8:12] == [
            "--cache-from",
            "type=local,src=/tmp/c",
            "--cache-from",
            "type=registry,mode=max,ref=a:b",
        ]

    def test_an_insecure_registry_is_said_to_a_builder_of_its_own(self) -> None:
        settings = Settings(insecure_registries=("gcr.io",))
        command = plan_request(given(tool=ON_REMOTE, destination=PUSHED, settings=settings))
        assert argv(command)[8:10] == ["--output", f"type=image,name={TAG},push=true,registry.insecure=true"]
        assert "--push" not in argv(command)
        assert "--push" in argv(plan_request(given(destination=PUSHED, settings=settings)))


class TestBuildArguments:
    def test_the_run_mode_is_passed_to_who_declares_it(self) -> None:
        command = plan_request(given(declared_args=frozenset(("SKAFFOLD_RUN_MODE",))))
        assert argv(command)[8:10] == ["--build-arg", "SKAFFOLD_RUN_MODE=build"]

    def requiring(self, docker: DockerArtifact | None = None, **changes: object) -> StepInput:
        base = given(docker, **changes)
        requires = (Dependency(image="base", alias="BASE"),)
        return replace(base, artifact=replace(base.artifact, requires=requires))

    @pytest.mark.parametrize(
        ("declared", "expected"),
        [(frozenset(("BASE",)), True), (frozenset(("OTHER",)), False), (None, True)],
    )
    def test_an_alias_is_passed_when_the_dockerfile_declares_it(
        self, declared: frozenset[str] | None, expected: bool
    ) -> None:
        command = plan_request(self.requiring(declared_args=declared, layouts={"base": False}))
        assert ("BASE=<reference base>" in argv(command)) is expected

    def test_the_users_own_argument_wins_over_the_alias(self) -> None:
        docker = DockerArtifact(build_args=(("BASE", "mine"),))
        command = plan_request(self.requiring(docker, declared_args=None, layouts={"base": False}))
        assert [text for text in argv(command) if text.startswith("BASE=")] == ["BASE=mine"]

    def test_a_dependency_that_the_builder_cannot_reach_comes_as_a_layout(self) -> None:
        command = plan_request(self.requiring(declared_args=None, layouts={"base": True}, tool=ON_REMOTE))
        assert "<reference base>=oci-layout://<layout base>@<digest base>" in argv(command)
        provider = argv(plan_request(given(export_layout=True, tool=ON_REMOTE)))
        assert "type=oci,tar=false,dest=<layout gcr.io/k8s-skaffold/example>" in provider

    def test_a_secret_looking_value_never_reaches_the_command_line(self) -> None:
        command = plan_request(given(DockerArtifact(build_args=(("NPM_TOKEN", "s3cret"),))))
        assert argv(command)[8:10] == ["--build-arg", "NPM_TOKEN"]
        assert "s3cret" not in " ".join(argv(command))
        assert environment(command)["NPM_TOKEN"] == "s3cret"
        assert "looks like a secret" in command.warnings[0]

    def test_a_template_without_value_warns(self) -> None:
        base = given(DockerArtifact(build_args=(("A", "{{.X}}"),)))
        command = plan_request(replace(base, expand=lambda _text: "<no value>"))
        assert "A=<no value>" in argv(command)
        assert "build arg A has '<no value>' in it: a variable of its template is not set" in command.warnings[0]

    def test_a_cli_flag_without_value_warns_too(self) -> None:
        command = plan_request(replace(given(DockerArtifact(cli_flags=("--x={{.X}}",))), expand=lambda _: "<no value>"))
        assert "cliFlags '--x={{.X}}' has '<no value>' in it" in command.warnings[0]


class TestEnvironment:
    NO_ATTESTATIONS = "BUILDX_NO_DEFAULT_ATTESTATIONS"

    @pytest.mark.parametrize(
        ("attest", "platforms", "destination", "variable", "flags"),
        [
            ("auto", TWO, PUSHED, True, []),
            ("auto", PlatformSet(), PUSHED, False, []),
            ("auto", ONE, PUSHED, False, []),
            ("auto", PlatformSet(), LOADED, True, []),
            ("none", PlatformSet(), PUSHED, True, []),
            ("min", TWO, PUSHED, False, ["--provenance", "mode=min"]),
            ("max", PlatformSet(), LOADED, False, ["--provenance", "mode=max"]),
        ],
    )
    def test_attestations(
        self, attest: str, platforms: PlatformSet, destination: Destination, variable: bool, flags: list[str]
    ) -> None:
        command = plan_request(given(settings=Settings(attest=attest), platforms=platforms, destination=destination))
        assert (self.NO_ATTESTATIONS in environment(command)) is variable
        assert [text for text in argv(command) if "provenance" in text or text.startswith("mode=")] == flags

    def test_attestations_among_the_cli_flags_are_the_users_word(self) -> None:
        command = plan_request(given(DockerArtifact(cli_flags=("--provenance=true",)), platforms=TWO))
        assert environment(command) == {}

    @pytest.mark.parametrize(
        ("buildkit", "platforms", "possible", "expected"),
        [
            (True, PlatformSet(), True, {"DOCKER_BUILDKIT": "1"}),
            (False, PlatformSet(), True, {"DOCKER_BUILDKIT": "0"}),
            (None, ONE, True, {"DOCKER_BUILDKIT": "1"}),
            (None, PlatformSet(), True, {}),
            (True, PlatformSet(), False, {}),
            (None, ONE, False, {}),
        ],
    )
    def test_the_plain_path_says_docker_buildkit_as_skaffold_does(
        self, buildkit: bool | None, platforms: PlatformSet, possible: bool, expected: dict[str, str]
    ) -> None:
        command = plan_request(
            given(tool=ON_DOCKER, buildkit=buildkit, platforms=platforms, buildkit_possible=possible)
        )
        assert environment(command) == expected


class TestExtras:
    def test_plain_docker_takes_labels_and_limits(self) -> None:
        extras = ArtifactExtras(labels=(("a", "{{.FOO}}"),), annotations=(("b", "2"),), shm_size="1g", ulimits=("x=1",))
        base = given(tool=ON_DOCKER)
        command = plan_request(replace(base, artifact=replace(base.artifact, extras=extras)))
        assert argv(command)[7:] == ["--label", "a=bar", "--shm-size", "1g", "--ulimit", "x=1"]

    def test_the_buildx_block_adds_its_flags(self) -> None:
        extras = ArtifactExtras(
            build_contexts=(("shared", "../shared"), ("other", "artifact://base")),
            labels=(("a", "{{.FOO}}"),),
            annotations=(("b", "2"),),
            no_cache_filter=("deps",),
            shm_size="1g",
            ulimits=("nofile=1024",),
            sbom=True,
        )
        base = given(destination=PUSHED)
        command = plan_request(replace(base, artifact=replace(base.artifact, extras=extras)))
        assert argv(command)[8:-5] == [
            "--no-cache-filter", "deps",
            "--build-context", "shared=../shared",
            "--build-context", "other=docker-image://<reference base>",
            "--annotation", "b=2",
            "--label", "a=bar",
            "--shm-size", "1g",
            "--ulimit", "nofile=1024",
            "--sbom=true",
        ]  # fmt: skip
