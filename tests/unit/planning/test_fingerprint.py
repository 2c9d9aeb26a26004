"""The key of a build: everything that can change the image changes it, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from buildx_tasks.model.argv import argv
from buildx_tasks.model.config import (
    Artifact,
    ArtifactExtras,
    Config,
    CustomArtifact,
    CustomDependencies,
    Dependency,
    DockerArtifact,
    Hook,
    Hooks,
    LocalBuild,
    Secret,
)
from buildx_tasks.model.engine import CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.lock import BaseImages
from buildx_tasks.model.partial import Partial
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import (
    BUILDX,
    CUSTOM,
    EXPORT,
    LAYOUT,
    LOAD,
    METADATA,
    PUSH,
    Because,
    BuildArg,
    BuildRequest,
    CacheUse,
    NamedContext,
    Output,
    Placeholder,
    SkaffoldOptions,
    spelled,
)
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts, SourceFacts
from buildx_tasks.planning.reuse.fingerprint import (
    UNIMPORTANT,
    Inputs,
    Required,
    fingerprint,
    frontend_is_replaced,
    why_fresh,
    why_unknown,
)
from buildx_tasks.planning.tags.references import apply_default_repo

BASE = Artifact(image="base", context="base")
APP = Artifact(image="app", context="app", requires=(Dependency(image="base", alias="BASE"),))
NODE = BuilderNode(name="n", status="running", platforms=("linux/amd64", "linux/arm64"))
BUILDER = Builder(name="default", driver="docker", nodes=(NODE,))
ENGINE = Engine(
    cli="26.1.5",
    buildx="0.29.1",
    builder=BUILDER,
    daemon=Daemon(version="26.1.5", store=CONTAINERD, platform="linux/amd64"),
)
INPUTS = Inputs(dockerfile="d", files="f", contexts=(("c", "1"),), stage_args=frozenset())
REPO = "r.example/x"


def planned(
    app: Artifact = APP,
    *,
    engine: Engine = ENGINE,
    environ: Mapping[str, str] | None = None,
    tag: str = "v1",
    local: LocalBuild | None = None,
    **settings: Any,
) -> BuildPlan:
    wanted = Settings(**{"default_repo": REPO, **settings})
    artifacts = (BASE, app)
    sources = {item.image: SourceFacts(dockerfile=f"/p/{item.context}/Dockerfile") for item in artifacts}
    facts = Facts(engine=engine, environ=environ or {}, home="/home/u", cwd="/p", sources=sources)
    tags = {
        item.image: apply_default_repo(wanted.default_repo or "", None, f"{item.image}:{tag}") for item in artifacts
    }
    config = Config(artifacts=artifacts, local=local or LocalBuild())
    expander = Expander(environ or {}, now=datetime(2026, 1, 2, tzinfo=UTC), cmd=None)
    return plan_build([config], wanted, facts, tags, expander)


def step(app: Artifact = APP, **changes: Any) -> BuildStep:
    return planned(app, **changes).step("app")


def key(
    made: BuildStep,
    inputs: Inputs = INPUTS,
    environ: Mapping[str, str] | None = None,
    digest: str = "sha256:1",
    reference: str = "r.example/x/base:v1@sha256:1",
) -> str:
    required = {image: Required(digest=digest, reference=reference) for image in made.needs}
    return fingerprint(made, inputs, required, environ or {})


def docker(**changes: Any) -> Artifact:
    return replace(APP, docker=DockerArtifact(**changes))


def extras(**changes: Any) -> Artifact:
    return replace(APP, extras=ArtifactExtras(**changes))


def test_locked_digests_count() -> None:
    made = step()
    locked = replace(made, locked=(("python:3", "sha256:1"),))
    assert len({key(made), key(locked), key(replace(made, locked=(("python:3", "sha256:2"),)))}) == 3
    assert key(replace(made, bases=BaseImages(unknown=("x",)))) == key(made)


def test_a_part_of_an_image_is_not_the_whole_one() -> None:
    made = step()
    parts = [replace(made, partial=Partial(tags=(tag,))) for tag in ("a:1", "a:2")]
    assert key(made) != key(parts[0]) == key(parts[1])


DOCKER_CHANGES: dict[str, Any] = {
    "dockerfile": None,
    "target": docker(target="t"),
    "build_args": docker(build_args=(("A", "1"),)),
    "network": docker(network="none"),
    "add_host": docker(add_host=("h:1.1.1.1",)),
    "cache_from": None,
    "cache_to": None,
    "cli_flags": docker(cli_flags=("--label=a=b",)),
    "pull_parent": None,
    "no_cache": None,
    "squash": docker(squash=True),
    "secrets": docker(secrets=(Secret(id="s"),)),
    "ssh": docker(ssh="default"),
}
EXTRAS_CHANGES: dict[str, Any] = {
    "cache_from": None,
    "cache_to": None,
    "build_contexts": extras(build_contexts=(("c", "docker-image://x@sha256:1"),)),
    "attest": extras(attest="max"),
    "sbom": extras(sbom=True),
    "cache_mounts": None,
    "reproducible": None,
    "labels": extras(labels=(("a", "b"),)),
    "annotations": extras(annotations=(("a", "b"),)),
    "outputs": None,
    "no_cache_filter": None,
    "shm_size": extras(shm_size="1g"),
    "ulimits": extras(ulimits=("nofile=1",)),
}
"""For every field an artifact in which it changes the image; None where it can't, or is looked at elsewhere."""


@pytest.mark.parametrize(("kind", "table"), [(DockerArtifact, DOCKER_CHANGES), (ArtifactExtras, EXTRAS_CHANGES)])
def test_it_was_decided_for_every_field(kind: type, table: dict[str, Any]) -> None:
    assert {item.name for item in fields(kind)} == set(table)


CHANGES = {f"docker.{name}": item for name, item in DOCKER_CHANGES.items() if item} | {
    f"extras.{name}": item for name, item in EXTRAS_CHANGES.items() if item
}


class TestWhatChangesAnImageChangesTheKey:
    @pytest.mark.parametrize("name", CHANGES)
    def test_a_field(self, name: str) -> None:
        assert key(step(CHANGES[name])) != key(step())

    def test_all_of_them_differ_from_each_other(self) -> None:
        keys = [key(step(item)) for item in CHANGES.values()]
        assert len(set(keys)) == len(keys)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (docker(build_args=(("A", "1"),)), docker(build_args=(("A", "2"),))),
            (docker(build_args=(("A", "1"),)), docker(build_args=(("A", None),))),
            (docker(build_args=(("A", "1"), ("B", "2"))), docker(build_args=(("A", "1=B=2"),))),
            (docker(build_args=(("MY_TOKEN", "1"),)), docker(build_args=(("MY_TOKEN", "2"),))),
            (docker(cli_flags=("--label", "a=b")), docker(cli_flags=("--label", "a=c"))),
            (extras(labels=(("a", "b"), ("c", "d"))), extras(labels=(("c", "d"), ("a", "b")))),
            (extras(attest="min"), extras(attest="max")),
            (
                extras(build_contexts=(("c", "docker-image://x@sha256:1"),)),
                extras(build_contexts=(("c", "docker-image://x@sha256:2"),)),
            ),
            (APP, docker(cache_to=("type=inline",))),
            (APP, replace(APP, platforms=("linux/arm64",))),
            (APP, replace(APP, hooks=Hooks(before=(Hook(command=("make",)),)))),
            (
                replace(APP, hooks=Hooks(before=(Hook(command=("make",)),))),
                replace(APP, hooks=Hooks(before=(Hook(command=("make",), dir="d"),))),
            ),
            (APP, replace(APP, requires=(Dependency(image="base", alias="OTHER"),))),
        ],
    )
    def test_a_value(self, one: Artifact, other: Artifact) -> None:
        assert key(step(one)) != key(step(other))

    @pytest.mark.parametrize(
        "changes",
        [
            {"platform": ("linux/arm64",)},
            {"attest": "none"},
            {"sbom": True},
            {"engine": replace(ENGINE, builder=replace(BUILDER, nodes=(replace(NODE, platforms=("linux/s390x",)),)))},
            {"engine": replace(ENGINE, buildx="", builder=None)},
        ],
    )  # fmt: skip
    def test_a_setting(self, changes: dict[str, Any]) -> None:
        assert key(step(**changes)) != key(step())

    def test_the_platform_of_a_plain_engine(self) -> None:
        engines = [
            replace(ENGINE, buildx="", builder=None, daemon=replace(ENGINE.daemon, platform=platform))
            for platform in ("linux/amd64", "linux/arm64")
        ]
        assert key(step(engine=engines[0])) != key(step(engine=engines[1]))

    @pytest.mark.parametrize("field", ["dockerfile", "files", "contexts"])
    def test_a_file(self, field: str) -> None:
        value: Any = (("c", "2"),) if field == "contexts" else "other"
        assert key(step(), replace(INPUTS, **{field: value})) != key(step())

    def test_the_digest_of_a_required_image(self) -> None:
        assert key(step(), digest="sha256:2") != key(step())

    @pytest.mark.parametrize("flags", [("--build-arg", "A"), ("--build-arg=A",)])
    def test_an_argument_from_the_environment(self, flags: tuple[str, ...]) -> None:
        for artifact in (docker(build_args=(("A", None),)), docker(cli_flags=flags)):
            made = step(artifact)
            keys = {key(made, environ=environ) for environ in ({}, {"A": "1"}, {"A": "2"}, {"A": ""})}
            assert len(keys) == 4, artifact.docker

    @pytest.mark.parametrize(
        "name", ["SOURCE_DATE_EPOCH", "BUILDX_NO_DEFAULT_ATTESTATIONS", "DOCKER_DEFAULT_PLATFORM", "DOCKER_BUILDKIT"]
    )
    def test_a_variable_that_docker_reads(self, name: str) -> None:
        keys = {key(step(), environ=environ) for environ in ({}, {name: ""}, {name: "1"}, {name: "0"})}
        assert len(keys) == 4

    def test_a_template_that_holds_the_tag(self) -> None:
        artifact = docker(build_args=(("VERSION", "{{.IMAGE_TAG}}"),))
        assert key(step(artifact, tag="v2")) != key(step(artifact))

    def test_the_name_of_a_required_image_that_gets_into_the_image(self) -> None:
        for stage_args in (frozenset(("BASE",)), None):
            inputs = replace(INPUTS, stage_args=stage_args)
            assert key(step(), inputs, reference="r.example/x/base:v2@sha256:1") != key(step(), inputs)

    def test_a_custom_command_and_what_it_is_told(self) -> None:
        def custom(command: str, **settings: Any) -> str:
            artifact = replace(APP, kind="custom", custom=CustomArtifact(build_command=command))
            return key(step(artifact, **settings))

        keys = [custom("a"), custom("b"), custom("a", platform=("linux/arm64",)), custom("a", skip_tests=True)]
        assert len(set(keys)) == 4


def because(value: Any) -> Because[Any]:
    return Because(value, "a reason")


REQUEST_CHANGES: dict[str, Any] = {
    "image": "another",
    "tool": because(CUSTOM),
    "command": because(("make",)),
    "skaffold": SkaffoldOptions(
        tag=because("v1"), default_repo=because(""), push=because(True), cache_artifacts=because(True)
    ),
    "context": because("elsewhere"),
    "dockerfile": because("/p/Other"),
    "tags": (because("app:other"),),
    "build_args": (because(BuildArg("A", "1")),),
    "add_hosts": (because("h:1.1.1.1"),),
    "cache_from": (CacheUse(spec=Spec("registry", (("ref", "a:b"),))),),
    "cache_to": (CacheUse(spec=Spec("inline")),),
    "cli_flags": (because("--new-to-us"),),
    "target": because("t"),
    "network": because("none"),
    "no_cache": because(True),
    "squash": because(True),
    "pull": because(True),
    "secrets": (because(Secret(id="s")),),
    "ssh": because("default"),
    "force_rm": because(True),
    "no_cache_filter": (because("s"),),
    "named_contexts": (because(NamedContext(name="n", source="s")),),
    "annotations": (because(("a", "b")),),
    "labels": (because(("a", "b")),),
    "shm_size": because("1g"),
    "ulimits": (because("nofile=1"),),
    "attestations": (because(Spec("sbom")),),
    "platforms": because(("linux/arm64",)),
    "outputs": (because(Output(EXPORT, Spec("oci", (("dest", "a.tar"),)))),),
    "builder": because("another"),
    "progress": because("plain"),
    "metadata_file": because(Placeholder(METADATA, "app")),
}
"""For every field of a request another value than that of `BARE`."""

BARE = BuildRequest(image="app", tool=Because(BUILDX, ""))


def key_of(request: BuildRequest) -> str:
    return key(BuildStep(artifact=Artifact(image="app"), tag="app:v1", request=request))


class TestEveryFieldOfARequest:
    def test_it_is_known_for_every_field(self) -> None:
        names = {item.name for item in fields(BuildRequest)}
        assert names == set(REQUEST_CHANGES)
        assert names >= set(UNIMPORTANT)

    @pytest.mark.parametrize("name", REQUEST_CHANGES)
    def test_it_counts_unless_it_is_on_the_list(self, name: str) -> None:
        changed = key_of(replace(BARE, **{name: REQUEST_CHANGES[name]}))
        assert (changed == key_of(BARE)) is (name in UNIMPORTANT)

    @pytest.mark.parametrize("name", sorted(REQUEST_CHANGES.keys() - UNIMPORTANT.keys()))
    def test_its_value_counts_and_its_reason_does_not(self, name: str) -> None:
        value = REQUEST_CHANGES[name]
        items = value if isinstance(value, tuple) else (value,)
        if not isinstance(items[0], Because):
            return
        same = tuple(replace(item, reason="another reason") for item in items)
        changed: Any = same if isinstance(value, tuple) else same[0]
        request = replace(BARE, **{name: changed})
        assert key_of(request) == key_of(replace(BARE, **{name: value}))

    def test_where_a_result_goes_does_not_count(self) -> None:
        image = Spec("image", (("name", "app:v1"), ("push", "true"), ("registry.insecure", "true")))
        outputs = (Output(PUSH), Output(LOAD), Output(LAYOUT), Output(PUSH, image))
        keys = {key_of(replace(BARE, outputs=(because(output),))) for output in outputs}
        assert keys == {key_of(BARE)}

    @pytest.mark.parametrize(
        "changes", [{"name": "m"}, {"source": "docker-image://t"}, {"image": "base"}, {"layout": True}]
    )
    def test_every_part_of_a_named_context_counts(self, changes: dict[str, Any]) -> None:
        one = NamedContext(name="n", source="docker-image://s")
        requests = [replace(BARE, named_contexts=(because(item),)) for item in (one, replace(one, **changes))]
        assert key_of(requests[0]) != key_of(requests[1])


class TestWhatDoesNotChangeAnImageKeepsTheKey:
    @pytest.mark.parametrize(
        "changes",
        [
            {"tag": "v2"},
            {"default_repo": "other.example/y"},
            {"cache_from": ("type=local,src=/c",)},
            {"cache_mode": "off"},
            {"cache_tag": "main"},
            {"progress": "plain"},
            {"concurrency": 9},
            {"no_cache": True},
            {"no_cache_filter": ("s",)},
            {"insecure_registries": ("r.example",)},
            {"engine": replace(ENGINE, builder=replace(BUILDER, name="far", driver="docker-container"))},
            {"environ": {"OTHER": "1", "BUILDX_BUILDER": "x"}},
            {"environ": {"TRACEPARENT": "00-1-2-01", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}},
        ],
    )
    def test_a_setting(self, changes: dict[str, Any]) -> None:
        assert key(step(**changes), environ=changes.get("environ")) == key(step())

    @pytest.mark.parametrize(
        "artifact",
        [
            docker(cache_from=("app",)),
            docker(cache_to=("type=local,dest=/c",)),
            docker(no_cache=True),
            docker(pull_parent=True),
            extras(no_cache_filter=("a",)),
            replace(APP, context="elsewhere"),
            replace(APP, file="f", line=7),
        ],
    )
    def test_a_field(self, artifact: Artifact) -> None:
        assert key(step(artifact)) == key(step())

    def test_push_or_load(self) -> None:
        assert key(step(push=False, attest="none")) == key(step(push=True, attest="none"))

    def test_the_name_of_a_base(self) -> None:
        assert key(step(), reference="r.example/x/base:v2@sha256:1") == key(step())

    def test_where_a_custom_result_goes(self) -> None:
        wanted = CustomDependencies(paths=("src",))
        artifact = replace(APP, kind="custom", custom=CustomArtifact(build_command="a", dependencies=wanted))
        assert key(step(artifact, tag="v2", push=False)) == key(step(artifact))

    def test_a_secrets_value(self) -> None:
        artifact = docker(secrets=(Secret(id="s", env="SECRET"),))
        made = step(artifact, environ={"SECRET": "1"})
        assert key(made, environ={"SECRET": "1"}) == key(made, environ={"SECRET": "2"})


class TestFresh:
    @pytest.mark.parametrize(
        ("artifact", "settings", "reason"),
        [
            (APP, {}, ""),
            (docker(no_cache=True), {}, "noCache"),
            (APP, {"no_cache": True}, "noCache"),
            (APP, {"no_cache_filter": ("s",)}, "noCacheFilter"),
            (docker(pull_parent=True), {}, "pullParent"),
            (docker(cli_flags=("--pull",)), {}, "pullParent"),
            (docker(cli_flags=("--no-cache=true",)), {}, "noCache"),
        ],
    )
    def test_what_asks_for_a_fresh_build(self, artifact: Artifact, settings: dict[str, Any], reason: str) -> None:
        assert why_fresh(step(artifact, **settings)) == reason


class TestUnknown:
    @pytest.mark.parametrize(
        ("artifact", "settings", "environ", "reason"),
        [
            (APP, {}, {}, ""),
            (APP, {"push": False}, {}, ""),
            (APP, {"insecure_registries": ("r.example",)}, {}, ""),
            (APP, {"output": ("type=oci,dest={{.IMAGE_NAME}}",)}, {}, "its result is neither pushed nor loaded"),
            (APP, {"output": ("type=oci,dest={{.IMAGE_NAME}}",), "push": True}, {}, "it has outputs of its own"),
            (extras(outputs=("out",)), {"push": True}, {}, "it has outputs of its own"),
            (docker(cli_flags=("--output=out",)), {"push": True}, {}, "it has outputs of its own"),
            (docker(cli_flags=("--build-context", "a=b")), {}, {}, "--build-context is in cliFlags"),
            (docker(cli_flags=("-f", "other")), {}, {}, "-f is in cliFlags"),
            (docker(cli_flags=("--iidfile=x",)), {}, {}, "--iidfile is in cliFlags"),
            (APP, {}, {"BUILDX_GIT_LABELS": "1"}, "BUILDX_GIT_LABELS is set"),
            (APP, {}, {"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": "p"}, "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY is set"),
        ],
    )
    def test_what_can_not_be_known(
        self, artifact: Artifact, settings: dict[str, Any], environ: dict[str, str], reason: str
    ) -> None:
        assert why_unknown(step(artifact, **settings), environ) == reason

    def test_a_remote_builder_with_an_insecure_registry_pushes_through_an_output(self) -> None:
        far = replace(ENGINE, builder=replace(BUILDER, name="far", driver="remote"))
        made = step(engine=far, insecure_registries=("r.example",))
        assert "--output" in argv(made.request, spelled)
        assert why_unknown(made, {}) == ""
        assert key(made) == key(step())

    def test_a_result_that_stays_in_the_build_cache_is_not_known(self) -> None:
        far = replace(ENGINE, builder=replace(BUILDER, name="far", driver="remote"), daemon=Daemon())
        assert why_unknown(step(engine=far, push=False), {}) == "its result is neither pushed nor loaded"


@pytest.mark.parametrize(
    ("artifact", "replaced"),
    [
        (docker(build_args=(("BUILDKIT_SYNTAX", "x"),)), True),
        (docker(cli_flags=("--build-arg=BUILDKIT_SYNTAX=x",)), True),
        (docker(build_args=(("OTHER", "x"),)), False),
    ],
)
def test_another_frontend(artifact: Artifact, replaced: bool) -> None:
    assert frontend_is_replaced(step(artifact)) is replaced
