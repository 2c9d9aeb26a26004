"""The base images of a planned build, and what the lock file says of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from buildx_tasks.document.formats.dockerfile import parse_dockerfile
from buildx_tasks.errors import EngineUnfit
from buildx_tasks.model.config import Artifact, ArtifactExtras, Config, CustomArtifact, Dependency, DockerArtifact
from buildx_tasks.model.engine import CONTAINERD, Builder, BuilderNode, Daemon, Engine
from buildx_tasks.model.lock import Lock
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts, SourceFacts
from buildx_tasks.reporting.bake import bake_json
from buildx_tasks.reporting.plan import full_plan_text, plan_json

DIGEST = f"sha256:{'1' * 64}"


def engine(buildx: str = "0.29.1", buildkit: str = "v0.13.2") -> Engine:
    node = BuilderNode(name="n", status="running", buildkit=buildkit, platforms=("linux/amd64", "linux/arm64"))
    return Engine(
        cli="26.1.5",
        buildx=buildx,
        builder=Builder(name="default", driver="docker", nodes=(node,)),
        daemon=Daemon(version="26.1.5", store=CONTAINERD, platform="linux/amd64"),
    )


def planned(
    dockerfiles: dict[str, str],
    artifacts: tuple[Artifact, ...],
    lock: Lock | None,
    *,
    environ: dict[str, str] | None = None,
    on: Engine | None = None,
    **settings: Any,
) -> BuildPlan:
    sources = {
        image: SourceFacts(dockerfile=f"/p/{image}/Dockerfile", parsed=parse_dockerfile(text) if lock else None)
        for image, text in dockerfiles.items()
    }
    facts = Facts(engine=on or engine(), environ=environ or {}, cwd="/p", sources=sources, lock=lock)
    tags = {item.image: f"r.example/{item.image}:v1" for item in artifacts}
    expander = Expander(environ or {}, now=datetime(2026, 1, 2, tzinfo=UTC), cmd=None)
    return plan_build([Config(artifacts=artifacts)], Settings(**settings), facts, tags, expander)


def bases(text: str, artifact: Artifact, **more: Any) -> list[str]:
    plan = planned({artifact.image: text}, (artifact,), Lock(), **more)
    return [one.image for one in plan.step(artifact.image).bases.images]


def docker(**changes: Any) -> Artifact:
    return Artifact(image="app", context="app", docker=DockerArtifact(**changes))


def test_where_build_args_come_from() -> None:
    text = "ARG V\nFROM a:$V\n"
    assert bases(text, docker(build_args=(("V", "1"),))) == ["a:1"]
    assert bases(text, docker(build_args=(("V", "{{.X}}"),)), environ={"X": "2"}) == ["a:2"]
    assert bases(text, docker(build_args=(("V", None),)), environ={"V": "3"}) == ["a:3"]
    assert bases(text, docker(cli_flags=("--build-arg", "V=4"), build_args=(("V", "1"),))) == ["a:4"]
    secret = docker(build_args=(("V", "{{.TOKEN}}"),))
    assert bases(text, secret, environ={"TOKEN": "5"}) == ["a:5"]


def test_targets_and_platforms() -> None:
    text = "FROM a AS x-amd64\nFROM b AS x-arm64\nFROM c AS other\nFROM x-$TARGETARCH\n"
    assert bases(text, docker(cli_flags=("--target=other",))) == ["c:latest"]
    assert bases(text, docker(target="other")) == ["c:latest"]
    assert bases(text, docker()) == ["a:latest"]
    assert bases(text, docker(), platform=("linux/amd64", "linux/arm64"), push=True) == ["a:latest", "b:latest"]


def test_named_contexts() -> None:
    extras = ArtifactExtras(build_contexts=(("ctx", "docker-image://alpine:3"), ("a", "/folder")))
    artifact = Artifact(image="app", context="app", extras=extras)
    plan = planned({"app": "FROM a\nCOPY --from=ctx / /\nCOPY --from=b / /"}, (artifact,), Lock())
    assert [(one.image, one.place) for one in plan.step("app").bases.images] == [
        ("alpine:3", "build context ctx"),
        ("b:latest", "app/Dockerfile:3"),
    ]


def test_artifacts_of_the_config_are_not_locked() -> None:
    artifacts = (
        Artifact(image="base", context="base"),
        Artifact(image="app", context="app", requires=(Dependency(image="base", alias="BASE"),)),
    )
    texts = {"base": "FROM a", "app": "ARG BASE\nFROM $BASE\nCOPY --from=r.example/base:v1 / /\nCOPY --from=base / /"}
    plan = planned(texts, artifacts, Lock({"a:latest": DIGEST}))
    assert plan.step("app").bases.images == ()
    assert plan.warnings == ()
    assert plan.step("base").locked == (("a:latest", DIGEST),)


def test_what_is_not_locked_is_a_warning() -> None:
    lock = Lock({"b:latest": DIGEST, "unused:1": DIGEST})
    plan = planned({"app": "FROM a\nCOPY --from=b / /"}, (docker(),), lock)
    assert plan.step("app").locked == (("b:latest", DIGEST),)
    assert plan.warnings == (
        "artifact 'app': a:latest (app/Dockerfile:1) is not in buildx.lock; add it:  buildx-tasks buildx.lock",
    )
    # Of an unknown image any digest of the lock may count.
    plan = planned({"app": "ARG X\nFROM $X"}, (docker(),), lock)
    assert plan.step("app").locked == (("b:latest", DIGEST), ("unused:1", DIGEST))
    assert plan.warnings == ("artifact 'app': not locked: app/Dockerfile:2: FROM $X: a build arg has no value",)
    assert planned({"app": "FROM a"}, (docker(),), None).warnings == ()


def test_what_can_not_use_the_lock() -> None:
    lock = Lock({"a:latest": DIGEST})
    custom = Artifact(image="app", kind="custom", custom=CustomArtifact(build_command="make"))
    assert planned({}, (custom,), lock).step("app").locked == ()
    plain = planned({"app": "FROM a"}, (docker(),), lock, builder="off")
    assert plain.step("app").locked == ()
    assert "artifact 'app': buildx.lock is not used by plain docker build" in plain.warnings
    own = planned({"app": "FROM a"}, (docker(),), lock, environ={"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": "p"})
    assert own.warnings == ("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY is set: that policy is used, and not buildx.lock",)


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (engine(buildx="0.10.4"), "docker buildx is 0.10.4"),
        (engine(buildkit="v0.10.6"), "the BuildKit of node n is v0.10.6"),
    ],
)
def test_too_old_for_source_policies(on: Engine, said: str) -> None:
    with pytest.raises(EngineUnfit, match=said):
        planned({"app": "FROM a"}, (docker(),), Lock({"a:latest": DIGEST}), on=on)
    assert planned({"app": "FROM a"}, (docker(),), Lock(), on=on).steps


def test_a_buildkit_of_unknown_version_follows_policies() -> None:
    on = engine(buildkit="v0.0.0+unknown")
    assert planned({"app": "FROM a"}, (docker(),), Lock({"a:latest": DIGEST}), on=on).step("app").locked


def test_the_plan_shows_the_digests() -> None:
    plan = planned({"app": "FROM a"}, (docker(),), Lock({"a:latest": DIGEST}))
    text = full_plan_text(plan)
    assert f"# a:latest is {DIGEST}, as locked\n" in text
    assert "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY=SOURCE-POLICY \\\n" in text
    assert f'"locked": {{\n        "a:latest": "{DIGEST}"' in plan_json(plan)


def test_an_exported_bake_file_says_that_it_has_no_digests() -> None:
    plan = planned({"app": "FROM a"}, (docker(),), Lock({"a:latest": DIGEST}))
    _text, notes = bake_json(plan, "/p")
    assert "bake does not use buildx.lock: it builds from what the tags of base images mean then" in notes
    assert not [note for note in bake_json(planned({}, (docker(),), None), "/p")[1] if "lock" in note]
