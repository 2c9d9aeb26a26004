"""A plan as a bake file: legal names, escaped texts, other artifacts as contexts, and what is left out said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from buildx_tasks.model.bakenames import context_name, escape, target_names
from buildx_tasks.model.config import (
    Artifact,
    ArtifactExtras,
    Config,
    CustomArtifact,
    Dependency,
    DockerArtifact,
    Hook,
    Hooks,
    Secret,
)
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, Because, BuildRequest
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts, SourceFacts
from buildx_tasks.planning.tags.references import apply_default_repo
from buildx_tasks.reporting.bake import bake_json

CWD = "/project"
ON_BUILDX = Because(BUILDX, "")
DAEMON = Daemon(version="26.1.5", store=CONTAINERD)
LOCAL = Engine(cli="26.1.5", buildx="0.29.1", builder=Builder(name="default", driver="docker"), daemon=DAEMON)
REMOTE = Engine(
    cli="26.1.5",
    buildx="0.29.1",
    selected="far",
    builder=Builder(name="far", driver="remote", nodes=(BuilderNode(name="far0", status="running"),)),
)


def planned(artifacts: Sequence[Artifact], engine: Engine = LOCAL, **settings: Any) -> BuildPlan:
    wanted = Settings(**settings)
    sources = {
        item.image: SourceFacts(dockerfile=f"{CWD}/{item.context}/Dockerfile", declared_args=None) for item in artifacts
    }
    facts = Facts(engine=engine, home="/home/u", sources=sources)
    tags = {item.image: apply_default_repo(wanted.default_repo or "", None, f"{item.image}:v1") for item in artifacts}
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return plan_build([Config(artifacts=tuple(artifacts))], wanted, facts, tags, Expander({}, now=now, cmd=None))


def baked(artifacts: Sequence[Artifact], engine: Engine = LOCAL, **settings: Any) -> tuple[dict[str, Any], list[str]]:
    text, notes = bake_json(planned(artifacts, engine, **settings), CWD)
    return json.loads(text), list(notes)


def one(docker: DockerArtifact | None = None, extras: ArtifactExtras | None = None, **settings: Any) -> dict[str, Any]:
    """The target of a single pushed artifact, without what every target has."""
    artifact = Artifact(
        image="app", context="app", docker=docker or DockerArtifact(), extras=extras or ArtifactExtras()
    )
    settings = {"default_repo": "r.example/x", **settings}
    target: dict[str, Any] = baked([artifact], **settings)[0]["target"]["app"]
    assert (target.pop("context"), target.pop("dockerfile")) == ("app", "Dockerfile")
    assert target.pop("tags") == ["r.example/x/app:v1"]
    if target.get("output") == ["type=registry"]:
        del target["output"]
    return target


def test_a_pushed_artifact_is_a_target_with_a_registry_output() -> None:
    document, notes = baked([Artifact(image="app", context="app")], default_repo="r.example/x")
    assert document == {
        "group": {"default": {"targets": ["app"]}},
        "target": {
            "app": {
                "context": "app",
                "dockerfile": "Dockerfile",
                "tags": ["r.example/x/app:v1"],
                "output": ["type=registry"],
            }
        },
    }
    assert notes == ["build it with:  docker buildx bake --file docker-bake.json --builder default"]


@pytest.mark.parametrize(
    ("docker", "expected"),
    [
        (DockerArtifact(build_args=(("A", "1"),)), {"args": {"A": "1"}}),
        (DockerArtifact(target="t", network="None"), {"target": "t", "network": "none"}),
        (DockerArtifact(no_cache=True, pull_parent=True), {"no-cache": True, "pull": True}),
        (DockerArtifact(add_host=("h:1.2.3.4",)), {"extra-hosts": {"h": "1.2.3.4"}}),
        (DockerArtifact(secrets=(Secret(id="s", env="E"),)), {"secret": ["id=s,env=E"]}),
        (DockerArtifact(ssh="default"), {"ssh": ["default"]}),
        (DockerArtifact(cache_from=("type=local,src=c",)), {"cache-from": ["type=local,src=c"]}),
        (DockerArtifact(cli_flags=("--label", "a=b", "--pull=false")), {"labels": {"a": "b"}, "pull": False}),
        (DockerArtifact(cli_flags=("--provenance=false",)), {"attest": ["type=provenance,disabled=true"]}),
        (DockerArtifact(cli_flags=("--sbom", "true", "--label=x=y")), {"attest": ["type=sbom"], "labels": {"x": "y"}}),
        (DockerArtifact(cli_flags=("--allow=network.host",)), {"entitlements": ["network.host"]}),
        (DockerArtifact(cli_flags=("--push",)), {}),
    ],
)
def test_every_field_has_its_place(docker: DockerArtifact, expected: dict[str, Any]) -> None:
    assert one(docker) == expected


def test_the_buildx_block_has_its_place() -> None:
    extras = ArtifactExtras(
        build_contexts=(("lib", "../lib"), ("pinned", "docker-image://other@sha256:1")),
        labels=(("l", "1"),),
        annotations=(("a", "2"),),
        no_cache_filter=("deps",),
        shm_size="1g",
        ulimits=("nofile=9",),
        sbom=True,
        attest="max",
    )
    assert one(extras=extras) == {
        "contexts": {"lib": "../lib", "pinned": "docker-image://other@sha256:1"},
        "labels": {"l": "1"},
        "annotations": ["a=2"],
        "no-cache-filter": ["deps"],
        "shm-size": "1g",
        "ulimits": ["nofile=9"],
        "attest": ["type=provenance,mode=max", "type=sbom"],
    }


def test_platforms_are_a_list_and_their_index_has_no_attestations() -> None:
    assert one(platform=("linux/amd64,linux/arm64",)) == {
        "platforms": ["linux/amd64", "linux/arm64"],
        "attest": ["type=provenance,disabled=true"],
    }


@pytest.mark.parametrize(
    ("engine", "settings", "output"),
    [
        (LOCAL, {}, ["type=docker"]),
        (REMOTE, {}, ["type=cacheonly"]),
        (LOCAL, {"output": ("type=oci,dest=a.tar",)}, ["type=oci,dest=a.tar"]),
        (LOCAL, {"output": ("out",)}, ["type=local,dest=out"]),
        (LOCAL, {"push": True, "output": ("type=oci,dest=a.tar",)}, ["type=oci,dest=a.tar", "type=registry"]),
        (
            REMOTE,
            {"push": True, "insecure_registries": ("r.example",), "default_repo": "r.example"},
            ["type=image,name=r.example/app:v1,push=true,registry.insecure=true"],
        ),
    ],
)
def test_every_destination_is_an_output(engine: Engine, settings: dict[str, Any], output: list[str]) -> None:
    document, _notes = baked([Artifact(image="app", context="app")], engine, **settings)
    assert document["target"]["app"]["output"] == output


def test_texts_are_escaped_because_bake_files_are_templates() -> None:
    docker = DockerArtifact(build_args=(("A${B}", "x${y}%{z}$"),))
    assert one(docker, ArtifactExtras(labels=(("l", "${HOME}"),))) == {
        "args": {"A$${B}": "x$${y}%%{z}$"},
        "labels": {"l": "$${HOME}"},
    }
    assert escape("$$ {x} 100%") == "$$ {x} 100%"


class TestValuesFromTheEnvironment:
    def test_an_argument_without_a_value_is_a_variable_with_none(self) -> None:
        document, _notes = baked([Artifact(image="app", docker=DockerArtifact(build_args=(("A", None),)))])
        assert document["variable"] == {"A": {"default": None}}
        assert document["target"]["app"]["args"] == {"A": "${A}"}

    def test_a_secret_value_is_never_written_down(self) -> None:
        docker = DockerArtifact(build_args=(("API_TOKEN", "s3cret"),))
        plan = planned([Artifact(image="app", docker=docker)])
        text, notes = bake_json(plan, CWD)
        assert "s3cret" not in text
        assert "s3cret" not in " ".join(notes)
        assert json.loads(text)["target"]["app"]["args"] == {"API_TOKEN": "${API_TOKEN}"}
        assert "app: set API_TOKEN in the environment of bake: its value is not written down" in notes

    def test_a_name_that_bake_has_no_variable_for_is_said(self) -> None:
        _document, notes = baked([Artifact(image="app", docker=DockerArtifact(build_args=(("a.b", None),)))])
        assert "app: build arg a.b takes its value from the environment, which bake can't do" in notes


class TestOtherArtifacts:
    BASE = Artifact(image="r.io/team/base", context="base")

    def app(self, **changes: Any) -> Artifact:
        requires = (Dependency(image="r.io/team/base", alias="BASE"),)
        return replace(Artifact(image="app", context="app", requires=requires), **changes)

    @pytest.mark.parametrize("engine", [LOCAL, REMOTE])
    def test_a_required_artifact_is_a_target_under_the_name_that_is_passed(self, engine: Engine) -> None:
        document, _notes = baked([self.BASE, self.app()], engine, push=False)
        assert document["target"]["app"]["args"] == {"BASE": "r.io/team/base:v1"}
        assert document["target"]["app"]["contexts"] == {"r.io/team/base:v1": "target:base"}
        assert "oci" not in json.dumps(document)

    @pytest.mark.parametrize("engine", [LOCAL, REMOTE])
    def test_a_context_that_is_an_artifact_is_its_target(self, engine: Engine) -> None:
        extras = ArtifactExtras(build_contexts=(("files", "artifact://r.io/team/base"),))
        document, _notes = baked([self.BASE, self.app(requires=(), extras=extras)], engine, push=False)
        assert document["target"]["app"]["contexts"] == {"files": "target:base"}

    def test_a_custom_artifact_is_left_out_and_said(self) -> None:
        base = replace(self.BASE, kind="custom", custom=CustomArtifact(build_command="./build.sh"))
        document, notes = baked([base, self.app()], push=False)
        assert list(document["target"]) == ["app"]
        assert document["group"]["default"]["targets"] == ["app"]
        assert document["target"]["app"]["args"] == {"BASE": "r.io/team/base:v1"}
        assert "contexts" not in document["target"]["app"]
        assert "r.io/team/base is left out: bake can't run a custom command, so build it before" in notes


@pytest.mark.parametrize(
    ("images", "names"),
    [
        (("a/app", "b/app", "c/app-2"), ["app", "app-2", "app-2-2"]),
        (("r.io/x/my.app_1",), ["my-app_1"]),
        (("default",), ["default-2"]),
    ],
)
def test_target_names_are_legal_and_unique(images: tuple[str, ...], names: list[str]) -> None:
    steps = (
        BuildStep(artifact=Artifact(image=image), tag=image, request=BuildRequest(image=image, tool=ON_BUILDX))
        for image in images
    )
    plan = BuildPlan(steps=tuple(steps))
    assert list(target_names(plan).values()) == names
    assert list(target_names(plan)) == list(images)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("app", "app"),
        ("app:latest", "app"),
        ("r.io/x/app:latest", "r.io/x/app"),
        ("r.io/x/app:v1", "r.io/x/app:v1"),
        ("docker.io/library/app:v1", "app:v1"),
        ("docker.io/me/app", "me/app"),
        (f"app:latest@sha256:{'0' * 64}", f"app:latest@sha256:{'0' * 64}"),
    ],
)
def test_the_name_of_a_context_is_the_one_that_the_frontend_looks_for(reference: str, name: str) -> None:
    assert context_name(reference) == name


class TestNotes:
    def test_paths_outside_of_the_project_have_to_be_allowed(self) -> None:
        docker = DockerArtifact(
            secrets=(Secret(id="s", src="~/token"), Secret(id="t", src="inside")),
            cache_to=("type=local,dest=/var/cache/x",),
            network="host",
            ssh="default",
        )
        extras = ArtifactExtras(build_contexts=(("lib", "../lib"),))
        artifact = Artifact(image="app", context="../app", docker=docker, extras=extras)
        _document, notes = baked([artifact])
        assert set(notes[0].splitlines()[1].replace("--allow ", "").split(":  ")[1].split()) == {
            "fs.read=/app",
            "fs.read=/lib",
            "fs.read=/home/u/token",
            "fs.write=/var/cache/x",
            "network.host",
            "ssh",
        }

    def test_absolute_paths_in_the_project_become_relative(self) -> None:
        document, notes = baked([Artifact(image="app", context=f"{CWD}/sub/app")])
        assert document["target"]["app"]["context"] == "sub/app"
        assert len(notes) == 1
        assert "--allow" not in notes[0]

    def test_cli_flags_are_read_as_docker_reads_them(self) -> None:
        docker = DockerArtifact(
            cli_flags=("-f", "app/Other", "--memory", "1g", "-tmore:1", "--label", "a", "--no-cache=0")
        )
        document, notes = baked([Artifact(image="app", context="app", docker=docker)])
        assert document["target"]["app"] == {
            "context": "app",
            "dockerfile": "Other",
            "tags": ["app:v1", "more:1"],
            "labels": {"a": ""},
            "no-cache": False,
            "output": ["type=docker"],
            "attest": ["type=provenance,disabled=true"],
        }
        assert notes[1:] == ["app: --memory has no place in a bake file"]

    def test_hooks_and_unknown_flags_are_said(self) -> None:
        hooks = Hooks(before=(Hook(command=("make",)),))
        docker = DockerArtifact(cli_flags=("--isolation=process",), squash=True)
        _document, notes = baked([Artifact(image="app", hooks=hooks, docker=docker)])
        assert notes[1:] == [
            "app: --isolation has no place in a bake file",
            "app: --squash has no place in a bake file",
            "the hooks of app are not run by bake",
        ]


def test_a_plan_for_plain_docker_bakes_too() -> None:
    daemon = replace(DAEMON, store=CLASSIC)
    document, notes = baked([Artifact(image="app", context="app")], Engine(cli="20.10", daemon=daemon))
    assert document["target"]["app"]["output"] == ["type=docker"]
    assert notes == ["build it with:  docker buildx bake --file docker-bake.json"]
