"""Which builds are affected, without a disk: own changes, dependents, waves, and what can't be told."""

from __future__ import annotations

import pytest

from buildx_tasks.model.affected import Comparison
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import BuildPlan, BuildStep
from buildx_tasks.model.request import BUILDX, PUSH, Because, BuildArg, BuildRequest
from buildx_tasks.planning.reuse.affected import WHOLE_GIT, Made, compare, made_from
from buildx_tasks.planning.reuse.fingerprint import Inputs


def step(image: str, *needs: str, mode: str = "1") -> BuildStep:
    request = BuildRequest(image=image, tool=Because(BUILDX, ""), build_args=(Because(BuildArg("MODE", mode), ""),))
    return BuildStep(artifact=Artifact(image=image), tag=f"{image}:latest", request=request, output=PUSH, needs=needs)


def inputs(**files: str) -> Inputs:
    return Inputs(dockerfile="d", entries={"": {name.replace("__", "/"): what for name, what in files.items()}})


def made(image: str, *needs: str, mode: str = "1", **files: str) -> Made:
    return made_from(step(image, *needs, mode=mode), inputs(**files), {})


PLAN = BuildPlan(steps=(step("web", "app"), step("app", "base", "lib"), step("base"), step("lib"), step("tool")))
SAME = {one.image: made(one.image, *one.needs, a="file 1") for one in PLAN.steps}


def test_nothing_has_changed() -> None:
    assert compare(PLAN, SAME, SAME) == ()


def test_dependents_of_dependents_are_affected_in_later_waves() -> None:
    found = compare(PLAN, SAME, SAME | {"lib": made("lib", a="file 2")})
    assert [(item.image, item.wave, item.own, item.requires, item.why) for item in found] == [
        ("web", 2, False, ("app",), "required image app is affected"),
        ("app", 1, False, ("lib",), "required image lib is affected"),
        ("lib", 0, True, (), "a changed"),
    ]
    waves = Comparison(since="x", commit="y", affected=found).waves
    assert [[item.image for item in wave] for wave in waves] == [["lib"], ["app"], ["web"]]


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (made("tool", mode="2", a="file 1"), "build arg MODE changed"),
        (made("tool", a="file 1", b="file 1"), "b added"),
        (made("tool"), "a removed"),
        (made("tool", "base", a="file 1"), "required image base is new"),
        (Made(unknown="it may change at any time"), "it may change at any time"),
        (made("tool", a="file 1", empty="folder 755"), "empty added"),
        (made("tool", a="file 1", src="folder"), "something else changed that is not recorded"),
    ],
)
def test_own_changes(now: Made, why: str) -> None:
    (found,) = compare(PLAN, SAME, SAME | {"tool": now})
    assert (found.image, found.why) == ("tool", why)


def test_new_ones_and_those_of_which_nothing_was_known() -> None:
    before = {image: one for image, one in SAME.items() if image != "tool"}
    assert [item.why for item in compare(PLAN, before, SAME)] == ["is new"]
    before["tool"] = Made(unknown="Dockerfile can't be read")
    assert [item.why for item in compare(PLAN, before, SAME)] == ["before: Dockerfile can't be read"]
    assert {item.image for item in compare(PLAN, {}, SAME, "no config")} == SAME.keys()


def test_the_git_file_of_a_submodule_does_not_count_and_a_git_folder_always_does() -> None:
    with_file = made_from(step("tool"), Inputs(entries={"": {"a": "file 1", "sub/.git": "file 644 x"}}), {})
    without = made_from(step("tool"), Inputs(entries={"": {"a": "file 1"}}), {})
    assert with_file == without
    folder = made_from(step("tool"), Inputs(entries={"": {".git": "folder 755", ".git/index": "file 644 x"}}), {})
    assert folder.unknown == WHOLE_GIT


def test_absolute_paths_are_told_as_those_of_the_checkout() -> None:
    there = made_from(step("tool", mode="/tmp/x/app"), inputs(), {}, lambda text: text.replace("/tmp/x", "/w"))
    assert there == made("tool", mode="/w/app")
