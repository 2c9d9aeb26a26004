"""``buildx.cache.prune`` where no registry can be asked: what ends it, and what it says; the rest is in the lab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recording import Here, make_project

from buildx_tasks.model.prune import DELETE, KEEP, PrunedRepository, PrunedTag, PruneResult
from buildx_tasks.reporting.prune import prune_json, prune_text

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"
ONE = f"{HEAD}build:\n  artifacts: [{{image: app, docker: {{cacheFrom: [app]}}}}]\n"
BRANCHES = f"{ONE}.buildx: {{cacheTag: 'cache-{{{{.BRANCH}}}}'}}\n"
DOWN = ("--default-repo", "127.0.0.1:9")


@pytest.mark.parametrize(
    ("config", "words", "code", "said"),
    [
        (ONE, ("--format", "xml"), 2, "--format can't be 'xml'\none of: text, json"),
        (ONE, (*DOWN, "--older-than", "30"), 2, "--older-than can't be '30'\nhours, days or weeks"),
        (ONE, (), 2, "no image of the config names a registry\nsay where they are:  --default-repo REGISTRY/PATH"),
        (ONE, (*DOWN, "--artifact-cache-prefix", "a/b"), 2, "artifact-cache-prefix 'a/b' does not make a tag"),
        (BRANCHES, DOWN, 2, "the branches of the git remote 'origin' can't be listed: "),
        (BRANCHES, (*DOWN, "--remote", "up"), 2, "or name another:  --remote NAME-OR-ADDRESS"),
        (ONE, DOWN, 1, "127.0.0.1:9/app: request to 127.0.0.1:9 failed: "),
    ],
)
def test_what_ends_it(here: Here, tmp_path: Path, config: str, words: tuple[str, ...], code: int, said: str) -> None:
    project = make_project(tmp_path, config)
    done = here.invoke(project, "buildx.cache.prune", *words)
    assert (done.code, said in done.err) == (code, True), done.err
    assert not project.docker.calls


GONE = "its branch was deleted"
RESULT = PruneResult(
    repositories=(
        PrunedRepository(
            name="r.example/app",
            tags=(
                PrunedTag(
                    tag="cache-a", digest="d1", kind="branch cache", action=DELETE, reason="its branch was deleted"
                ),
                PrunedTag(
                    tag="cache-b", digest="d2", kind="branch cache", action=DELETE, reason="its branch was deleted"
                ),
                PrunedTag(tag="bx-1", digest="d3", kind="known result", action=KEEP, reason="it is 3 h old"),
            ),
            others=2,
            deleted=("cache-a",),
            error="r.example rejected it",
            hint="log in",
        ),
        PrunedRepository(name="r.example/web", others=1),
    )
)


def test_what_it_says_as_text() -> None:
    assert prune_text(RESULT) == (
        "r.example/app:\n"
        " - cache-a: deleted (branch cache, its branch was deleted)\n"
        " - cache-b: not deleted (branch cache, its branch was deleted)\n"
        "1 tag deleted, 2 derived tags kept, 3 other tags untouched\n"
    )


def test_what_it_says_as_json() -> None:
    data = json.loads(prune_json(RESULT))
    app, web = data["repositories"]
    assert [(item["tag"], item["action"], item["deleted"]) for item in app["tags"]] == [
        ("cache-a", "delete", True),
        ("cache-b", "delete", False),
        ("bx-1", "keep", False),
    ]
    assert (app["error"], app["hint"], "error" in web, data["dryRun"]) == (
        "r.example rejected it",
        "log in",
        False,
        False,
    )
