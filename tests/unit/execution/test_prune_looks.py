"""What manifests say of themselves, and which branches git knows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.cache.remote import ARTIFACT_TYPE
from buildx_tasks.execution.cache.repositorylook import content_of
from buildx_tasks.execution.sources.branches import find_branches
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Completed
from buildx_tasks.planning.prune.derivedtags import CACHE, IMAGE, OTHER, RECORD

CONFIG = "application/vnd.buildkit.cacheconfig.v0"
LAYER = {
    "mediaType": "x",
    "digest": "sha256:l",
    "annotations": {"buildkit/createdat": "2026-05-01T10:00:00.155458380Z"},
}
OLDER = {"mediaType": "x", "digest": "sha256:o", "annotations": {"buildkit/createdat": "2026-04-01T10:00:00Z"}}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"config": {"mediaType": CONFIG}, "layers": [LAYER]}, CACHE),
        ({"manifests": [LAYER, {"mediaType": CONFIG, "digest": "sha256:c"}]}, CACHE),
        ({"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}, IMAGE),
        ({"config": {"mediaType": "application/vnd.docker.container.image.v1+json"}}, IMAGE),
        ({"manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:m"}]}, IMAGE),
        ({"artifactType": ARTIFACT_TYPE, "config": {"mediaType": "application/vnd.oci.empty.v1+json"}}, RECORD),
        ({"artifactType": "other", "config": {"mediaType": "application/vnd.oci.empty.v1+json"}}, OTHER),
        ({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json"}}, OTHER),
        ({}, OTHER),
    ],
)
def test_the_kind_of_a_manifest(data: Mapping[str, Any], kind: str) -> None:
    assert content_of("sha256:x", data).kind == kind


def test_a_cache_is_as_old_as_its_newest_layer() -> None:
    for data in (
        {"config": {"mediaType": CONFIG}, "layers": [LAYER, OLDER]},
        {"manifests": [OLDER, LAYER, {"mediaType": CONFIG, "digest": "sha256:c"}]},
    ):
        assert content_of("sha256:x", data).created == datetime(2026, 5, 1, 10, 0, 0, 155458, tzinfo=UTC)
    assert content_of("sha256:x", {"config": {"mediaType": CONFIG}, "layers": []}).created is None


def test_what_a_manifest_needs() -> None:
    data = {"manifests": [{"digest": "sha256:a"}, {"digest": "sha256:b"}], "subject": {"digest": "sha256:s"}}
    found = content_of("sha256:x", data)
    assert (found.children, found.subject) == (("sha256:a", "sha256:b"), "sha256:s")


class Git:
    """Answers git's questions."""

    def __init__(self, listed: str, *, code: int = 0, here: str = "") -> None:
        self.listed = listed
        self.code = code
        self.here = here
        self.asked: list[Command] = []

    def capture(self, command: Command) -> Completed:
        self.asked.append(command)
        if "ls-remote" in command.argv:
            return Completed(command=command, code=self.code, stdout=self.listed, stderr="fatal: no\n")
        return Completed(command=command, code=0, stdout=self.here)


def world(git: Git, **environ: str) -> World:
    return World(
        environ=environ,
        cwd=Path("/x"),
        home=Path("/home"),
        now=datetime.now(UTC),
        runner=git,  # type: ignore[arg-type]
        notify=lambda _text: None,
    )


def test_the_branches_of_a_remote_and_of_the_checkout() -> None:
    listed = (
        "ref: refs/heads/trunk\tHEAD\n1\tHEAD\n1\trefs/heads/trunk\n2\trefs/heads/feature/x\n3\trefs/tags/v1\n"
        "4\trefs/tags/v1^{}\n5\trefs/pull/7/head\n6\trefs/pull/7/merge\n7\trefs/pull/8/head\n8\trefs/notes/commits\n"
    )
    found = find_branches(world(Git(listed, here="trunk\nmine\n"), GITHUB_REF_NAME="9/merge"), "origin")
    assert found.default == "trunk"
    assert found.names == ("trunk", "feature/x", "v1", "7/merge", "mine", "9/merge")


def test_the_usual_branch_is_the_default_where_the_remote_has_no_head() -> None:
    git = Git("1\trefs/heads/a\n1\trefs/heads/main\n")
    assert find_branches(world(git), "--upload-pack=x").default == "main"
    assert git.asked[0].argv[-2:] == ("--", "--upload-pack=x")


@pytest.mark.parametrize(
    ("git", "said"),
    [
        (Git("", code=128), "the branches of the git remote 'origin' can't be listed: fatal: no"),
        (Git(""), "has no branches"),
        (Git("1\trefs/tags/v1\n"), "has no branches"),
    ],
)
def test_without_branches_nothing_begins(git: Git, said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        find_branches(world(git), "origin")
