"""The tags of keys, and who may write them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.partial import Partial
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.request import BUILDX, Because, BuildRequest
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.reuse.keytags import key_reference, last_reference, why_read_only
from buildx_tasks.planning.tagprefix import check_prefix


def step(tag: str = "r.example:5000/team/app:v1", **changes: Any) -> BuildStep:
    request = BuildRequest(image="app", tool=Because(BUILDX, ""), target=changes.pop("target", None))
    return BuildStep(artifact=Artifact(image="app"), tag=tag, request=request, **changes)


def test_a_key_is_a_tag_of_the_artifacts_repository() -> None:
    reference = key_reference(step(), "ab" * 32, "bx-")
    assert re.fullmatch(r"r\.example:5000/team/app:bx-[a-z2-7]{52}", reference)
    assert key_reference(step(), "ab" * 31 + "ac", "bx-") != reference


def test_the_last_record_is_of_an_artifact_its_platforms_and_its_target() -> None:
    references = {
        last_reference(one, "bx-")
        for one in (
            step(),
            step(platforms=("linux/arm64",)),
            step(target=Because("dev", "")),
            step("r.example:5000/team/other:v1"),
            step(partial=Partial(tags=("r.example:5000/team/app:v1",))),
        )
    }
    assert len(references) == 5
    assert last_reference(step("r.example:5000/team/app:v2"), "bx-") in references
    assert all(re.fullmatch(r"\S+:bx-last-[0-9a-f]{16}", one) for one in references)


@pytest.mark.parametrize("prefix", ["", "-a", "a/b", "a b", "x" * 61])
def test_a_prefix_that_makes_no_tag(prefix: str) -> None:
    with pytest.raises(CannotStart, match="does not make a tag"):
        check_prefix(Settings(artifact_cache_prefix=prefix))


def pull_request(head: object) -> dict[str, Any]:
    return {"pull_request": {"head": {"repo": head}, "base": {"repo": {"full_name": "us/app"}}}}


FORK, OURS = {"full_name": "them/app"}, {"full_name": "us/app"}
EVENT = {"GITHUB_EVENT_NAME": "pull_request"}
TARGET = {"GITHUB_EVENT_NAME": "pull_request_target"}


@pytest.mark.parametrize(
    ("mode", "environ", "event", "reason"),
    [
        ("auto", {}, {}, ""),
        ("read", {}, {}, "cache-mode is read"),
        ("off", {}, {}, "cache-mode is off"),
        ("auto", EVENT, pull_request(FORK), "the pull request comes from a fork"),
        (
            "auto",
            {"GITHUB_EVENT_NAME": "pull_request_target"},
            pull_request(FORK),
            "the pull request comes from a fork",
        ),
        ("auto", EVENT, pull_request(OURS), ""),
        ("auto", EVENT, pull_request(None), "the pull request comes from a fork"),
        ("auto", EVENT, {}, "the pull request comes from a fork"),
        ("write", EVENT, pull_request(FORK), ""),
        ("auto", {"GITHUB_EVENT_NAME": "push"}, {}, ""),
        (
            "auto",
            {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "2", "CI_PROJECT_ID": "1"},
            {},
            "the merge request comes from a fork",
        ),
        ("auto", {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1", "CI_PROJECT_ID": "1"}, {}, ""),
    ],
)
def test_who_may_write(mode: str, environ: dict[str, str], event: dict[str, Any], reason: str) -> None:
    assert why_read_only(Settings(cache_mode=mode), environ, event) == reason
