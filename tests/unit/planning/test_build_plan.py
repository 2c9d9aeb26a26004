"""A whole plan: how many builds at once, insecure registries, what hooks are told of the registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.argv import argv
from buildx_tasks.model.config import Artifact, Config, DockerArtifact, Hook, Hooks, LocalBuild
from buildx_tasks.model.engine import Builder, Daemon, Engine
from buildx_tasks.model.layers import ADVERTISED
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.plan import concurrency, plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.config.registries import with_registries_of
from buildx_tasks.planning.facts import Facts, SourceFacts

MANY = 20
HOOKS = Hooks(before=(Hook(command=("true",)),))


def configs(*limits: int | None) -> list[Config]:
    return [
        Config(artifacts=(Artifact(image=f"a{number}"),), local=LocalBuild(concurrency=limit))
        for number, limit in enumerate(limits)
    ]


@pytest.mark.parametrize(
    ("limits", "flag", "expected"),
    [
        ((None, None), None, 4),  # Skaffold: 1
        ((1, 1, None), 2, 2),
        ((2, 2, None), None, 2),
        ((0, 0), 1, 1),
        ((0, 0), None, MANY),
        ((None, None, None, 3), None, 3),
        ((0, 3, 2), None, 2),
        ((2,), 0, MANY),
        ((50,), None, MANY),
    ],
)
def test_how_many_builds_at_once(limits: tuple[int | None, ...], flag: int | None, expected: int) -> None:
    assert concurrency(Settings(concurrency=flag), configs(*limits), MANY) == expected


def test_a_config_without_artifacts_does_not_count() -> None:
    lonely = Config(local=LocalBuild(concurrency=1))
    assert concurrency(Settings(), [lonely, *configs(2)], MANY) == 2


def planned(config: Config, settings: Settings, driver: str = "remote") -> BuildPlan:
    images = [artifact.image for artifact in config.artifacts]
    facts = Facts(
        engine=Engine(
            cli="28.0", buildx="0.29.0", builder=Builder(name="b", driver=driver), daemon=Daemon(version="28")
        ),
        cwd="/work",
        sources={image: SourceFacts(dockerfile="/work/Dockerfile", declared_args=frozenset()) for image in images},
    )
    tags = {image: f"reg.example:5000/{image}:v1" for image in images}
    expander = Expander({}, now=datetime(2024, 1, 1, tzinfo=UTC), cmd=None)
    return plan_build([config], settings, facts, tags, expander)


@pytest.mark.parametrize(
    ("in_config", "in_settings", "driver", "insecure"),
    [
        (("reg.example:5000",), (), "remote", True),
        ((), ("reg.example:5000",), "remote", True),
        (("other",), ("another",), "remote", False),
        (("reg.example:5000",), (), "docker", False),
    ],
)
def test_insecure_registries_of_config_and_settings_add_up(
    in_config: tuple[str, ...], in_settings: tuple[str, ...], driver: str, insecure: bool
) -> None:
    config = Config(artifacts=(Artifact(image="app"),), insecure_registries=in_config)
    plan = planned(config, with_registries_of([config], Settings(insecure_registries=in_settings)), driver)
    flags = " ".join(argv(plan.steps[0].request, str))
    assert ("registry.insecure=true" in flags) is insecure
    assert plan.insecure_registries == (*in_settings, *in_config)


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("flag", True),
        ("environment", True),
        (f"{ADVERTISED} kind-a", True),
        ("~/.skaffold/config (global)", False),
        ("~/.config/buildx-tasks/config.yaml (kube-context kind-a)", False),
    ],
)
def test_hooks_are_told_a_registry_of_this_run_and_not_of_a_global_config(origin: str, told: bool) -> None:
    config = Config(artifacts=(Artifact(image="app", hooks=HOOKS),), hooks=HOOKS)
    plan = planned(config, Settings(default_repo="reg.example:5000", origins={"default-repo": origin}))
    for variables in (plan.steps[0].hook_environment, plan.configs[0].hook_environment):
        assert (("SKAFFOLD_DEFAULT_REPO", "reg.example:5000") in variables) is told


def test_the_steps_hooks_know_the_image_and_those_around_all_do_not() -> None:
    config = Config(artifacts=(Artifact(image="app", hooks=HOOKS),), hooks=HOOKS)
    plan = planned(config, Settings())
    assert dict(plan.steps[0].hook_environment)["SKAFFOLD_IMAGE"] == "reg.example:5000/app:v1"
    assert dict(plan.steps[0].hook_environment)["SKAFFOLD_PUSH_IMAGE"] == "true"
    assert dict(plan.configs[0].hook_environment)["SKAFFOLD_IMAGE"] == ""


@pytest.mark.parametrize("words", [("--output", "type=oci,dest=same.tar"), ("-otype=oci,dest=same.tar",)])
def test_two_artifacts_never_write_one_file_whoever_asks_for_it(words: tuple[str, ...]) -> None:
    docker = DockerArtifact(cli_flags=words)
    config = Config(artifacts=tuple(Artifact(image=image, docker=docker) for image in ("app", "web")))
    with pytest.raises(CannotStart, match=r"artifacts 'app' and 'web' write the same file, same\.tar"):
        planned(config, Settings())


def test_an_output_that_buildx_can_not_read_is_left_to_buildx() -> None:
    docker = DockerArtifact(cli_flags=("--output", "dest"))
    unreadable = replace(docker, cli_flags=("--output=a,b",))
    artifacts = (Artifact(image="app", docker=docker), Artifact(image="web", docker=unreadable))
    assert len(planned(Config(artifacts=artifacts), Settings()).steps) == 2
