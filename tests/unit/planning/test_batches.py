"""Which artifacts are built by one bake: pure decisions over a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from buildx_tasks.model.config import Artifact, Config
from buildx_tasks.model.plan import BuildPlan, BuildStep, Variable
from buildx_tasks.model.request import (
    BUILDX,
    CUSTOM,
    DOCKER,
    EXPORT,
    LAYOUT,
    LOAD,
    METADATA,
    PUSH,
    STAY,
    Because,
    BuildArg,
    BuildRequest,
    NamedContext,
    Output,
    Placeholder,
)
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.batches import batch_bounds, can_share, plan_batches

NEW = "0.29.1"


def step(image: str, needs: Sequence[str] = (), tool: str = BUILDX, **fields: Any) -> BuildStep:
    request = BuildRequest(
        image=image,
        tool=Because(tool, ""),
        context=Because(image, ""),
        tags=(Because(f"{image}:v1", ""),),
        outputs=(Because(Output(PUSH), ""),),
        builder=Because("ci", ""),
        metadata_file=Because(Placeholder(METADATA, image), ""),
    )
    asked = {name: fields.pop(name) for name in list(fields) if name in BuildRequest.__dataclass_fields__}
    request = replace(request, **asked)
    return BuildStep(
        artifact=Artifact(image=image, context=image),
        tag=f"{image}:v1",
        request=request,
        output=PUSH,
        pushes=True,
        needs=tuple(needs),
        **{"builder": "ci", **fields},
    )


def plan(*steps: BuildStep, size: int = 10, buildx: str = NEW) -> BuildPlan:
    tags = tuple((item.image, item.tag) for item in steps)
    return BuildPlan(steps=steps, tags=tags, concurrency=4, folder="/project", batch_size=size, buildx=buildx)


def batches(graph: Mapping[str, Sequence[str]], size: int = 10) -> tuple[tuple[str, ...], ...]:
    return plan_batches(plan(*(step(image, needs) for image, needs in graph.items()), size=size))


def test_all_that_waits_for_nothing_is_one_batch() -> None:
    assert batches({"a": [], "b": [], "c": []}) == (("a", "b", "c"),)


def test_one_artifact_is_no_batch() -> None:
    assert batches({"a": []}) == ()


@pytest.mark.parametrize(
    ("count", "size", "sizes"), [(20, 10, [10, 10]), (11, 10, [5, 6]), (5, 4, [2, 3]), (3, 2, [2]), (23, 10, [7, 8, 8])]
)
def test_batches_are_as_few_as_possible_and_about_the_same_size(count: int, size: int, sizes: list[int]) -> None:
    made = batches({str(number): [] for number in range(count)}, size)
    assert sorted(len(batch) for batch in made) == sizes
    assert max(len(batch) for batch in made) <= size


def test_a_batch_holds_up_nobody() -> None:
    """What is built together waits for the same images, and the same images wait for it."""
    graph = {"base": [], "lib": [], "x": ["base"], "y": ["base"], "z": ["lib"], "alone": [], "lone": []}
    assert batches(graph) == (("x", "y"), ("alone", "lone"))


def test_what_one_artifact_requires_is_a_batch() -> None:
    assert batches({"app": ["a", "b"], "a": [], "b": []}) == (("a", "b"),)


def test_what_is_there_already_is_waited_for_by_nobody() -> None:
    assert batches({"x": ["base"], "y": ["lib"]}) == (("x", "y"),)


def test_a_batch_has_one_builder_and_one_environment() -> None:
    other = replace(step("c"), builder="far")
    token = (Variable("TOKEN", "1", "", secret=True),)
    made = plan_batches(plan(step("a"), other, replace(step("d"), environment=token), step("b")))
    assert made == (("a", "b"),)


def test_without_a_size_there_are_none() -> None:
    assert plan_batches(plan(step("a"), step("b"), size=0)) == ()


LAYERED = NamedContext(name="base", image="base", layout=True)


@pytest.mark.parametrize(
    ("fields", "shares"),
    [
        ({}, True),
        ({"outputs": (Because(Output(LOAD), ""),)}, True),
        ({"outputs": ()}, False),
        ({"outputs": (Because(Output(STAY), ""),)}, False),
        ({"outputs": (Because(Output(EXPORT), ""),)}, False),
        ({"outputs": (Because(Output(PUSH), ""), Because(Output(LAYOUT), ""))}, False),
        ({"named_contexts": (Because(LAYERED, ""),)}, False),
        ({"named_contexts": (Because(NamedContext(name="docs", source="../docs"), ""),)}, True),
        ({"tool": Because(DOCKER, "")}, False),
        ({"tool": Because(CUSTOM, "")}, False),
        ({"builder": None}, False),
        ({"folder": "elsewhere"}, False),
        ({"squash": Because(True, "")}, False),
        ({"cli_flags": (Because("--memory=1g", ""),)}, False),
        ({"cli_flags": (Because("--label=a=b", ""),)}, True),
        ({"cli_flags": (Because("--iidfile=id", ""),)}, False),
        ({"cli_flags": (Because("--load", ""),)}, False),
        ({"cli_flags": (Because("-o", ""), Because("type=local,dest=out", ""))}, False),
        ({"build_args": (Because(BuildArg("A.B", None), ""),)}, False),
        ({"build_args": (Because(BuildArg("TOKEN", None), ""),)}, True),
    ],
)
def test_what_a_bake_can_do_as_the_artifacts_own_command_does(fields: dict[str, Any], shares: bool) -> None:
    assert can_share(plan(), step("a", **fields)) is shares


@pytest.mark.parametrize(("buildx", "shares"), [("0.13.1", False), ("0.28.0", False), ("0.29.1", True)])
@pytest.mark.parametrize("fields", [{"add_hosts": (Because("db:10.0.0.1", ""),)}, {"network": Because("none", "")}])
def test_what_an_old_bake_drops_is_built_by_itself(fields: dict[str, Any], buildx: str, shares: bool) -> None:
    assert can_share(plan(buildx=buildx), step("a", **fields)) is shares


@pytest.mark.parametrize(
    ("settings", "said", "buildx", "at_once", "expected"),
    [
        ({}, None, NEW, 4, (10, 2)),
        ({"batch_size": 7}, None, NEW, 4, (7, 2)),
        ({"batch": "off"}, None, NEW, 4, (0, 0)),
        ({"batch_size": 1}, None, NEW, 4, (0, 0)),
        ({}, None, "0.12.1", 4, (0, 0)),
        ({}, None, "dev", 4, (0, 0)),
        ({}, None, NEW, 1, (0, 0)),
        ({"concurrency": 4}, None, NEW, 4, (0, 0)),
        ({"concurrency": 4, "batch_size": 4}, None, NEW, 4, (4, 0)),
        ({"concurrency": 20}, None, NEW, 20, (10, 0)),
        ({"concurrency": 0}, None, NEW, 30, (10, 0)),
        ({}, 2, NEW, 2, (0, 0)),
        ({}, 0, NEW, 30, (10, 0)),
    ],
)
def test_all_of_a_batch_fits_into_a_concurrency_that_is_asked_for(
    settings: dict[str, Any], said: int | None, buildx: str, at_once: int, expected: tuple[int, int]
) -> None:
    config = Config(artifacts=(Artifact(image="a"),))
    config = replace(config, local=replace(config.local, concurrency=said))
    assert batch_bounds(Settings(**settings), [config], buildx, at_once) == expected
