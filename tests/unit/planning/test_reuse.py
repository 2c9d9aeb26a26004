"""Which known results may stand for a build, and in which order keys are made."""

from __future__ import annotations

import pytest

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, LAYOUT, Because, BuildRequest, Output
from buildx_tasks.planning.reuse.rules import in_waves, usable


def request(image: str, layouts: str) -> BuildRequest:
    outputs = (Because(Output(LAYOUT), ""),) if image in layouts else ()
    return BuildRequest(image=image, tool=Because(BUILDX, ""), outputs=outputs)


def plan(needs: dict[str, str], layouts: str = "") -> BuildPlan:
    steps = [
        BuildStep(artifact=Artifact(image=image), tag=image, needs=tuple(needed), request=request(image, layouts))
        for image, needed in needs.items()
    ]
    return BuildPlan(steps=tuple(steps))


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        ({}, ""),
        ({"a": "", "b": ""}, "ab"),
        ({"a": "b", "b": "c", "c": ""}, "cba"),
        ({"a": "bc", "b": "d", "c": "d", "d": ""}, "dcba"),
    ],
)
def test_an_artifact_comes_after_what_it_needs(needs: dict[str, str], order: str) -> None:
    found = [step.image for wave in in_waves(plan(needs)) for step in wave]
    assert sorted(found) == sorted(order)
    for image, needed in needs.items():
        assert all(found.index(one) < found.index(image) for one in needed)


@pytest.mark.parametrize(
    ("needs", "layouts", "known", "expected"),
    [
        ({"a": "", "b": "a"}, "", "ab", "ab"),
        ({"a": "", "b": "a"}, "", "a", "a"),
        ({"a": "", "b": "a"}, "", "b", ""),
        ({"a": "", "b": "a", "c": "b", "d": ""}, "", "bcd", "d"),
        # What is handed over as files is built for whoever is built.
        ({"a": "", "b": "a"}, "a", "a", ""),
        ({"a": "", "b": "a"}, "a", "ab", "ab"),
        ({"a": "", "b": "a", "c": "a"}, "a", "ab", ""),
        ({"a": "", "b": "a", "c": "b"}, "ab", "ab", ""),
        ({"a": "", "b": "a", "c": "b"}, "b", "ab", "a"),
    ],
)
def test_a_result_stands_only_with_all_it_needs(needs: dict[str, str], layouts: str, known: str, expected: str) -> None:
    assert usable(plan(needs, layouts), known) == set(expected)
