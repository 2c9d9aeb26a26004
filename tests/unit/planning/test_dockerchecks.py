"""The command that checks a Dockerfile: the build's own, with what the Dockerfile is judged by and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from buildx_tasks.model.config import Artifact, ArtifactExtras, Config, Dependency, DockerArtifact, Secret
from buildx_tasks.model.dockercheck import DockerCheck
from buildx_tasks.model.engine import Builder, Daemon, Engine
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.dockerchecks import check_config, check_settings, check_tags, plan_checks
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts, SourceFacts

BASE = Artifact(image="base", context="base")
ENGINE = Engine(
    cli="28", buildx="0.29.1", builder=Builder(name="default", driver="docker"), daemon=Daemon(version="28")
)
HEAD = ("docker", "buildx", "build", "app", "--file", "/p/app/Dockerfile")
CALL = ("--call", "check,format=json")


def check(artifact: Artifact, *others: Artifact) -> DockerCheck:
    config = check_config(Config(artifacts=(artifact, *others)))
    sources = {
        item.image: SourceFacts(dockerfile=f"/p/{item.context}/Dockerfile", declared_args=frozenset())
        for item in config.artifacts
    }
    facts = Facts(engine=ENGINE, cwd="/p", sources=sources)
    tags = check_tags(config.artifacts)
    expander = Expander({}, now=datetime(2026, 1, 2, tzinfo=UTC), cmd=None)
    plan = plan_build([config], check_settings(Settings(no_cache=True)), facts, tags, expander)
    return plan_checks(plan, tags, "/empty")[0]


def test_of_the_cli_flags_those_remain_that_a_dockerfile_is_judged_by() -> None:
    words = ("--target", "second", "--memory", "1g", "-tother:1", "--build-context=ext=elsewhere", "--label", "a=b")
    docker = DockerArtifact(cli_flags=words, secrets=(Secret(id="s"),), no_cache=True, add_host=("h:1.1.1.1",))
    made = check(Artifact(image="app", context="app", docker=docker))
    own = ("--target=second", "--build-context=ext=elsewhere")
    assert made.argv == (*HEAD, *own, "--builder", "default", *CALL)
    assert (made.dockerfile, made.builder) == ("/p/app/Dockerfile", "default")


def test_an_empty_folder_stands_for_an_image_that_was_maybe_never_made() -> None:
    contexts = (
        ("files", "artifact://base"),
        ("same", "docker-image://base:latest"),
        ("other", "docker-image://other:latest"),
    )
    app = Artifact(
        image="app",
        context="app",
        requires=(Dependency(image="base", alias="BASE"),),
        extras=ArtifactExtras(build_contexts=contexts),
    )
    stand_ins = ("--build-context", "files=/empty", "--build-context", "same=/empty")
    other = ("--build-context", "other=docker-image://other:latest")
    base = ("--build-context", "base:latest=/empty")
    assert check(app, BASE).argv == (*HEAD, *stand_ins, *other, "--builder", "default", *base, *CALL)
