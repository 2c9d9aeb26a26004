from __future__ import annotations

import pytest

from buildx_tasks.model.config import Artifact, ArtifactExtras, DockerArtifact
from buildx_tasks.model.request import BUILDX, CacheUse
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.cache import CacheOptions, CachePlan, clean_tag, plan_cache
from buildx_tasks.planning.build.engine import Tool

FULL = Tool(name=BUILDX, reason="r", builder="b", driver="remote", exports_cache=True)
LIMITED = Tool(name=BUILDX, reason="r", builder="b", driver="docker")
FLAGS = ("type=registry", "mode=max", "image-manifest=true", "oci-mediatypes=true")
DERIVED = f"{','.join(FLAGS)},ref=localhost:5000/app:cache,ignore-error=true"


def planned(
    cache_from: tuple[str, ...] = ("app",),
    cache_to: tuple[str, ...] | None = None,
    *,
    tag: str = "localhost:5000/app:v1",
    pushes: bool = True,
    tool: Tool = FULL,
    adjust: bool = True,
    image: str = "app",
    extras: ArtifactExtras | None = None,
    settings: Settings | None = None,
) -> CachePlan:
    artifact = Artifact(
        image=image,
        docker=DockerArtifact(cache_from=cache_from, cache_to=cache_to),
        extras=extras or ArtifactExtras(),
        file="skaffold.yaml",
        line=7,
    )
    options = CacheOptions(
        settings=settings or Settings(default_repo="localhost:5000", cache_tag="cache"),
        tool=tool,
        pushes=pushes,
        images=frozenset(("app", "base", image)),
        adjust=adjust,
        expand=lambda text, more: text.replace("{{.CACHE_TAG}}", more.get("CACHE_TAG", "")).replace(
            "{{.NONE}}", "<no value>"
        ),
    )
    return plan_cache(artifact, tag, options)


def specs(uses: list[CacheUse]) -> list[str]:
    return [str(use.spec) for use in uses]


@pytest.mark.parametrize(
    ("entry", "ref"),
    [
        ("app", "localhost:5000/app:cache"),
        ("base", "localhost:5000/base:cache"),
        ("app:main", "localhost:5000/app:main"),
        ("localhost:5000/app", "localhost:5000/app:cache"),
        ("foreign.io/x/app", "foreign.io/x/app:cache"),
        ("foreign.io/x/app:keep", "foreign.io/x/app:keep"),
        ("app:{{.CACHE_TAG}}", "localhost:5000/app:cache"),
        ("type=registry,ref=app", "localhost:5000/app:cache"),
    ],
)
def test_references_follow_the_image_and_get_the_cache_tag(entry: str, ref: str) -> None:
    assert specs(planned((entry,)).cache_from) == [f"type=registry,ref={ref}"]


def test_without_a_cache_tag_the_images_own_tag_is_used() -> None:
    plan = planned(settings=Settings(default_repo="localhost:5000"))
    assert specs(plan.cache_from) == ["type=registry,ref=localhost:5000/app:v1"]


def test_the_tag_of_our_image_is_none_of_others() -> None:
    plan = planned(("app", "base", "debian-base", "foreign.io/x:1"), settings=Settings(default_repo="localhost:5000"))
    assert specs(plan.cache_from) == [
        "type=registry,ref=localhost:5000/app:v1",
        "type=registry,ref=localhost:5000/base:v1",
        "type=registry,ref=debian-base:latest",
        "type=registry,ref=foreign.io/x:1",
    ]


def test_a_cache_repo_takes_the_references_of_our_images_and_no_others() -> None:
    settings = Settings(default_repo="localhost:5000", cache_repo="cache.io/c", cache_tag="cache")
    plan = planned(("app", "base", "foreign.io/x"), settings=settings)
    assert specs(plan.cache_from) == [
        "type=registry,ref=cache.io/c/app:cache",
        "type=registry,ref=cache.io/c/base:cache",
        "type=registry,ref=foreign.io/x:cache",
    ]


def test_without_cache_to_the_own_cache_is_written_when_pushing() -> None:
    plan = planned(("foreign.io/x", "app"))
    assert specs(plan.cache_to) == [DERIVED]
    assert plan.cache_to[0].derived
    assert planned(("foreign.io/x",)).cache_to == []
    assert planned(pushes=False).cache_to == []


def test_what_is_the_same_after_tags_and_templates_is_given_once() -> None:
    plan = planned(("app", "app:cache", "app:main"))
    assert specs(plan.cache_from) == [f"type=registry,ref=localhost:5000/app:{tag}" for tag in ("cache", "main")]
    assert specs(plan.cache_to) == [DERIVED]
    assert len(planned(cache_to=("app", "app:cache", "{{.CACHE_TAG}}/app:cache")).cache_to) == 2


def test_of_own_caches_the_one_with_the_cache_tag_is_written_and_the_others_are_read() -> None:
    for entries in (("app", "app:main"), ("app:main", "type=registry,ref=app"), ("app", "localhost:5000/app:main")):
        assert specs(planned(entries).cache_to) == [DERIVED]
    named = planned(("app:one", "app:two"))
    assert specs(named.cache_to) == [DERIVED.replace("app:cache", f"app:{name}") for name in ("one", "two")]


def test_a_tag_from_a_template_is_the_builds_own_and_a_digest_is_only_read() -> None:
    plan = planned(("app:x-{{.CACHE_TAG}}", "app:main"))
    assert specs(plan.cache_to) == [DERIVED.replace("app:cache", "app:x-cache")]
    assert planned((f"app@sha256:{'1' * 64}",)).cache_to == []


def test_below_a_repository_with_capitals_caches_go_where_the_image_goes() -> None:
    settings = Settings(default_repo="localhost:5000/TEAM", cache_tag="cache")
    plan = planned(("app",), tag="localhost:5000/team/app:v1", settings=settings)
    assert specs(plan.cache_from) == ["type=registry,ref=localhost:5000/team/app:cache"]
    untagged = planned(
        ("app",), tag="localhost:5000/team/app:v1", settings=Settings(default_repo="localhost:5000/TEAM")
    )
    assert untagged.cache_to == []


def test_a_cache_never_replaces_the_image() -> None:
    untagged = Settings(default_repo="localhost:5000")
    derived = planned(settings=untagged)
    assert (len(derived.cache_from), derived.cache_to) == (1, [])
    assert "it would overwrite the image" in derived.notes[0]
    for entry in ("app", "app:v1", "type=registry,ref=localhost:5000/app:v1"):
        (problem,) = planned(cache_to=(entry,), settings=untagged).problems
        assert "would overwrite the image localhost:5000/app:v1" in problem.message


def test_cache_flags_replace_the_defaults() -> None:
    settings = Settings(default_repo="r.io", cache_tag="cache", cache_flags=("type=registry", "mode=min"))
    assert specs(planned(settings=settings).cache_to) == ["type=registry,mode=min,ref=r.io/app:cache,ignore-error=true"]


def test_an_explicit_plain_reference_gets_the_flags_and_csv_stays_as_written() -> None:
    plan = planned(cache_to=("app", "type=registry,ref=app:x,mode=min", "type=local,dest=/tmp/c"))
    assert specs(plan.cache_to) == [
        "type=registry,mode=max,image-manifest=true,oci-mediatypes=true,ref=localhost:5000/app:cache",
        "type=registry,ref=localhost:5000/app:x,mode=min",
        "type=local,dest=/tmp/c",
    ]
    assert not any(use.derived for use in plan.cache_to)


@pytest.mark.parametrize(
    ("mode", "pushes", "reads", "writes"),
    [
        ("auto", True, 1, 1),
        ("auto", False, 1, 0),
        ("read", True, 1, 0),
        ("write", False, 1, 1),
        ("off", True, 0, 0),
    ],
)
def test_the_cache_mode_says_what_is_read_and_written(mode: str, pushes: bool, reads: int, writes: int) -> None:
    settings = Settings(cache_mode=mode, cache_tag="cache", default_repo="localhost:5000")
    for cache_to in (None, ("app",)):
        plan = planned(cache_to=cache_to, pushes=pushes, settings=settings)
        assert (len(plan.cache_from), len(plan.cache_to)) == (reads, writes)


def test_a_local_cache_is_written_without_a_push() -> None:
    assert specs(planned(cache_to=("type=local,dest=c", "type=gha"), pushes=False).cache_to) == ["type=local,dest=c"]


def test_a_builder_that_cannot_export_drops_a_derived_cache_and_refuses_an_explicit_one() -> None:
    derived = planned(tool=LIMITED)
    assert (derived.cache_to, derived.problems) == ([], [])
    assert "can't export one" in derived.notes[0]
    explicit = planned(cache_to=("app", "type=inline"), tool=LIMITED)
    assert specs(explicit.cache_to) == ["type=inline"]
    (problem,) = explicit.problems
    assert "skaffold.yaml:7: artifact 'app'" in problem.message
    assert "docker buildx create" in problem.hint
    assert problem.exit_code == 4


def test_flags_and_the_buildx_block_replace_the_config() -> None:
    flags = Settings(cache_from=("x.io/a:b",), cache_to=("x.io/a:b",), cache_tag="cache")
    plan = planned(settings=flags)
    assert specs(plan.cache_from) == ["type=registry,ref=x.io/a:b"]
    assert plan.cache_from[0].reason == "flag"
    block = planned(extras=ArtifactExtras(cache_from=("y.io/a:b",), cache_to=()))
    assert (specs(block.cache_from), block.cache_to) == (["type=registry,ref=y.io/a:b"], [])


def test_the_variable_that_disables_adjustment_leaves_everything_as_written() -> None:
    plan = planned(("app",), ("type=registry,ref=app",), adjust=False)
    assert specs(plan.cache_from) == ["type=registry,ref=app"]
    assert specs(plan.cache_to) == ["type=registry,ref=app"]


def test_a_variable_without_value_is_a_warning_and_never_an_empty_reference() -> None:
    plan = planned(("app:{{.NONE}}", "app"))
    assert len(plan.cache_from) == 1
    assert "is left out" in plan.warnings[0]
    tagless = planned(settings=Settings(cache_tag="x-{{.NONE}}"))
    assert specs(tagless.cache_from)[0].endswith(":v1")
    assert "uses a variable that is not set" in tagless.warnings[0]


def test_unreadable_entries_are_all_reported_with_their_place() -> None:
    plan = planned(("!!bad!!", "type=registry", "a,b"))
    assert len(plan.problems) == 3
    assert all("skaffold.yaml:7: artifact 'app'" in problem.message for problem in plan.problems)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("cache-main", "cache-main"),
        ("cache-feature/ABC_#1", "cache-feature-ABC_-1"),
        ("-x", "_x"),
        (" spaced ", "spaced"),
    ],
)
def test_a_cache_tag_is_made_valid(text: str, tag: str) -> None:
    assert clean_tag(text) == tag


def test_two_long_branches_never_share_a_tag() -> None:
    first, second = clean_tag("b" * 200 + "1"), clean_tag("b" * 200 + "2")
    assert first != second
    assert len(first) == len(second) == 128
