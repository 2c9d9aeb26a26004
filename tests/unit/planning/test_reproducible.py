"""What a reproducible build asks for, and what is said where it can't be had."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from buildx_tasks.model.argv import argv
from buildx_tasks.model.baketarget import bake_target
from buildx_tasks.model.config import Artifact, ArtifactExtras, Config, CustomArtifact, Dependency, DockerArtifact
from buildx_tasks.model.engine import CLASSIC, CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.request import spelled
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Answer, Facts, SourceFacts
from buildx_tasks.planning.reuse.fingerprint import Inputs, fingerprint

APP = Artifact(image="app", context="app")
EPOCH = Answer(text="1700000000")


def engine(
    driver: str = "remote", store: str = CONTAINERD, docker: str = "26.1.5", buildkit: str = "v0.13.2"
) -> Engine:
    name = "default" if driver == "docker" else "ci"
    node = BuilderNode(name="n", status="running", buildkit=buildkit, platforms=("linux/amd64", "linux/arm64"))
    return Engine(
        cli="26.1.5",
        buildx="0.29.1",
        builder=Builder(name=name, driver=driver, nodes=(node,)),
        daemon=Daemon(version=docker, store=store, platform="linux/amd64"),
    )


def planned(
    *artifacts: Artifact,
    on: Engine | None = None,
    epoch: Answer | None = EPOCH,
    environ: dict[str, str] | None = None,
    **settings: Any,
) -> BuildPlan:
    on = on or engine()
    sources = {item.image: SourceFacts(dockerfile=f"/p/{item.image}/Dockerfile") for item in artifacts}
    facts = Facts(
        engine=on,
        environ=environ or {},
        cwd="/p",
        sources=sources,
        epochs={item.image: epoch for item in artifacts} if epoch else {},
    )
    wanted = Settings(**{"builder": on.builder.name if on.builder else "", "push": True, **settings})
    tags = {item.image: f"r.example/{item.image}:v1" for item in artifacts}
    expander = Expander(environ or {}, now=datetime(2026, 1, 2, tzinfo=UTC), cmd=None)
    return plan_build([Config(artifacts=artifacts)], wanted, facts, tags, expander)


def command(plan: BuildPlan, image: str = "app") -> str:
    step = plan.step(image)
    variables = [f"{item.name}={item.value}" for item in step.environment]
    return " ".join((*variables, *argv(step.request, spelled)))


PUSHED = "--output type=image,name=r.example/app:v1,push=true,rewrite-timestamp=true"
LOADED = "--output type=docker,name=r.example/app:v1,rewrite-timestamp=true"


def test_a_push_and_a_load() -> None:
    pushed = command(planned(APP))
    assert PUSHED in pushed
    assert "--push" not in pushed
    assert "--build-arg SOURCE_DATE_EPOCH=1700000000" in pushed
    assert "BUILDX_NO_DEFAULT_ATTESTATIONS=1" in pushed
    assert LOADED in command(planned(APP, push=False))
    insecure = command(planned(APP, insecure_registries=("r.example",)))
    assert "push=true,registry.insecure=true,rewrite-timestamp=true" in insecure
    assert "SOURCE_DATE_EPOCH" not in command(planned(APP, epoch=None))


@pytest.mark.parametrize(("push", "output"), [(True, PUSHED), (False, LOADED)])
def test_a_bake_does_the_same(push: bool, output: str) -> None:
    plan = planned(APP, push=push)
    target = bake_target(plan, plan.step("app"), {}, "/p", answer=lambda _placeholder: "")
    assert target.data["output"] == [output.removeprefix("--output ")]
    assert target.data["args"] == {"SOURCE_DATE_EPOCH": "1700000000"}


def test_outputs_of_the_config() -> None:
    outputs = (
        "type=oci,dest=a.tar",
        "type=local,dest=out",
        "type=docker,dest=b.tar",
        "type=image,rewrite-timestamp=false",
    )
    said = command(planned(replace(APP, extras=ArtifactExtras(outputs=outputs)), push=False))
    assert "--output type=oci,dest=a.tar,rewrite-timestamp=true" in said
    assert "--output type=local,dest=out " in said
    assert "--output type=docker,dest=b.tar,rewrite-timestamp=true" in said
    assert "--output type=image,rewrite-timestamp=false " in said


def test_a_required_image_that_is_handed_over() -> None:
    app = replace(APP, requires=(Dependency(image="base", alias="BASE"),))
    plan = planned(Artifact(image="base", context="base"), app, push=False)
    assert "type=oci,tar=false,dest=LAYOUT-OF(base),rewrite-timestamp=true" in command(plan, "base")


def test_a_time_that_the_user_has_set_stays() -> None:
    assert "SOURCE_DATE_EPOCH=" not in command(planned(APP, environ={"SOURCE_DATE_EPOCH": "5"}))
    own = replace(APP, docker=DockerArtifact(build_args=(("SOURCE_DATE_EPOCH", "7"),)))
    assert "SOURCE_DATE_EPOCH=7" in command(planned(own))
    assert "1700000000" not in command(planned(own))
    flag = replace(APP, docker=DockerArtifact(cli_flags=("--build-arg=SOURCE_DATE_EPOCH=8",)))
    assert "1700000000" not in command(planned(flag))


def test_a_custom_command_is_told_the_time() -> None:
    custom = Artifact(image="app", kind="custom", custom=CustomArtifact(build_command="make"))
    assert "SOURCE_DATE_EPOCH=1700000000" in command(planned(custom))


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (engine("docker"), "Docker 26.1.5 can't rewrite them where it also unpacks the image"),
        (engine("docker", CLASSIC), "docker's classic image store can't rewrite them"),
        (engine(buildkit="v0.12.5"), "BuildKit v0.12.5 of node n does not rewrite them"),
    ],
)
def test_layers_that_keep_their_times_are_a_warning(on: Engine, said: str) -> None:
    plan = planned(APP, on=on)
    assert len([text for text in plan.warnings if said in text]) == 1
    assert "rewrite-timestamp" not in command(plan)
    assert "SOURCE_DATE_EPOCH" in command(plan)


def test_a_newer_docker_must_not_unpack() -> None:
    plan = planned(APP, on=engine("docker", docker="29.1.0"))
    assert plan.warnings == ()
    assert "name=r.example/app:v1,push=true,unpack=false,rewrite-timestamp=true" in command(plan)


def test_a_buildkit_of_unknown_version_can_do_it() -> None:
    plan = planned(APP, on=engine(buildkit="v0.0.0+unknown"))
    assert plan.warnings == ()
    assert PUSHED in command(plan)


def test_other_warnings() -> None:
    plan = planned(APP, epoch=Answer(error="app is not in a git checkout"))
    assert plan.warnings[0].endswith("(app is not in a git checkout): set SOURCE_DATE_EPOCH in the environment")
    assert "attestations differ from build to build" in planned(APP, attest="max").warnings[0]
    assert "does not make reproducible images" in planned(APP, on=engine("docker"), builder="off").warnings[-1]


def test_the_key() -> None:
    def key(plan: BuildPlan) -> str:
        return fingerprint(plan.step("app"), Inputs(), {}, {})

    keys = [key(planned(APP, epoch=epoch)) for epoch in (None, EPOCH, Answer(text="1700000001"))]
    assert len(set(keys)) == 3
    # Where only the times in layers are not rewritten, it is another image.
    assert key(planned(APP, on=engine("docker"))) != key(planned(APP))
