"""Which tags are derived, to which branch they belong, and that nothing alive is lost whatever a repository holds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Artifact, DockerArtifact
from buildx_tasks.model.prune import DELETE, KEEP
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.cache import Expand, clean_tag
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.mounts.recipes import LABEL as MOUNT_LABEL
from buildx_tasks.planning.prune.choose import Choice, Rules, choose, parse_age
from buildx_tasks.planning.prune.derivedtags import CACHE, IMAGE, OTHER, RECORD, TagContent, tag_kind
from buildx_tasks.planning.prune.names import BranchTags, CacheNames, RepositoryNames, cache_names

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=90), NOW - timedelta(days=3)
MONTH = timedelta(days=30)
KEY = f"bx-{'b' * 51}a"
MOUNT = f"bx-mount-{'c' * 26}-linux-arm64"
LAST = f"bx-last-{'0' * 16}"
REPO = "localhost:5000/app"


def expand(_artifact: Artifact, branch: str) -> Expand:
    return Expander({"BRANCH": branch, "STAGE": "ci"}, now=NOW, cmd=None)


def names_of(
    cache_from: tuple[str, ...] = ("app",),
    cache_to: tuple[str, ...] | None = None,
    *,
    cache_tag: str = "cache-{{.BRANCH}}",
    branches: Iterable[str] = ("main", "feature/x"),
    cache_repo: str = "",
    others: tuple[Artifact, ...] = (),
) -> CacheNames:
    artifact = Artifact(image="app", docker=DockerArtifact(cache_from=cache_from, cache_to=cache_to))
    settings = Settings(default_repo="localhost:5000", cache_tag=cache_tag, cache_repo=cache_repo)
    artifacts = (artifact, *others)
    references = {item.image: f"localhost:5000/{item.image}:any" for item in artifacts}
    return cache_names(artifacts, ["app"], references, settings, lambda: branches, expand)


def test_a_cache_belongs_to_the_branch_that_its_tag_is_made_of() -> None:
    (name, found), *others = names_of().repositories.items()
    assert (name, others) == (REPO, [])
    assert found.patterns == {BranchTags("cache-", "")}
    assert found.branches == {"cache-main": "main", "cache-feature-x": "feature/x"}
    assert [found.branch_of(tag) for tag in ("cache-main", "cache-feature-x", "cache-gone", "v1")] == [
        "main",
        "feature/x",
        "",
        "",
    ]
    assert [found.is_branch_cache(tag) for tag in ("cache-gone", "cache-", "cache", "v1", "xcache-a")] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert found.derived


def test_parts_of_an_image_belong_to_the_branch_too() -> None:
    found = names_of().repositories[REPO]
    assert found.branch_of("cache-main-linux-arm64") == "main"
    assert found.branch_of("cache-main-linux-arm-v7") == "main"
    assert found.branch_of("cache-main-linux-amd64-linux-arm64") == "main"
    assert found.branch_of("cache-main-linux-things") == ""
    after = names_of(cache_tag="{{.BRANCH}}-cache").repositories[REPO]
    assert after.patterns == {BranchTags("", "-cache")}
    assert [after.is_branch_cache(f"gone-cache{more}") for more in ("", "-linux-arm64", "-x")] == [True, True, False]


def test_a_long_branch_is_known_by_the_beginning_of_its_tag() -> None:
    long = "feature/" + "x" * 140
    found = names_of(branches=[long]).repositories[REPO]
    (tag,) = found.branches
    assert len(tag) == 128
    assert found.branch_of(clean_tag(f"cache-{long}-linux-arm64")) == long
    assert found.branch_of(clean_tag("cache-feature/" + "y" * 140)) == ""


def test_only_what_is_written_counts_as_derived_and_what_is_fixed_stays() -> None:
    found = names_of(("app", "app:cache-main", "other.example/base")).repositories
    assert set(found) == {REPO}
    assert found[REPO].fixed == {"cache-main"}
    explicit = names_of((), ("type=registry,ref=localhost:5000/caches:app-{{.BRANCH}}",)).repositories
    assert explicit["localhost:5000/caches"].patterns == {BranchTags("app-", "")}
    assert (explicit["localhost:5000/caches"].derived, explicit[REPO].derived) == (False, True)


def test_a_cache_repo_has_the_caches_and_the_mounts() -> None:
    found = names_of(cache_repo="cache.example/c").repositories
    assert found["cache.example/c/app"].patterns == {BranchTags("cache-", "")}
    assert (found["cache.example/c/app"].derived, found[REPO].derived, found[REPO].patterns) == (True, True, set())


def test_other_artifacts_are_not_looked_at_and_their_caches_are_in_use() -> None:
    other = Artifact(image="web", docker=DockerArtifact(cache_from=("app:cache-shared",), cache_to=("app:cache-kept",)))
    found = names_of(others=(other,)).repositories
    assert set(found) == {REPO}
    assert found[REPO].fixed == {"cache-shared", "cache-kept"}


def test_a_function_in_the_template_is_no_obstacle_unless_it_hides_the_branch() -> None:
    found = names_of(cache_tag='c-{{.STAGE}}-{{.BRANCH | replace "/" "_" | upper | lower}}').repositories[REPO]
    assert found.patterns == {BranchTags("c-ci-", "")}
    assert "c-ci-feature_x" in found.branches
    assert names_of(cache_tag="c-{{.BRANCH | trunc 4}}").repositories[REPO].patterns == set()


def test_the_branch_alone_tells_nothing_and_this_is_said() -> None:
    found = names_of(cache_tag="{{.BRANCH}}")
    assert found.repositories[REPO].patterns == set()
    assert found.notes[0].startswith("artifact 'app': its caches in localhost:5000/app are named by the branch alone")


def test_git_is_not_asked_where_no_tag_depends_on_a_branch() -> None:
    def never() -> list[str]:
        raise AssertionError

    artifact = Artifact(image="app", docker=DockerArtifact(cache_from=("app",)))
    settings = Settings(default_repo="localhost:5000", cache_tag="cache")
    assert cache_names([artifact], ["app"], {"app": f"{REPO}:any"}, settings, never, expand).repositories


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        (KEY, "known result"),
        (LAST, "record of a build"),
        (MOUNT, "cache mount"),
        (f"bx-mount-{'c' * 26}-linux-arm-v7", "cache mount"),
        (f"bx-{'b' * 52}", ""),
        (f"bx-{'b' * 50}a", ""),
        (f"by-{'b' * 51}a", ""),
        (f"bx-{'B' * 51}a", ""),
        ("bx-1.0", ""),
        ("latest", ""),
    ],
)
def test_the_names_of_derived_tags(tag: str, kind: str) -> None:
    found = tag_kind(tag, "bx-")
    assert (found.name if found else "") == kind
    assert tag_kind(tag, "") is None


def digest(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def rules(limit: timedelta | None = MONTH, **more: object) -> Rules:
    return Rules(prefix="bx-", now=NOW, limit=limit, default="main", **more)  # type: ignore[arg-type]


NAMES = names_of().repositories[REPO]


def chosen(contents: Mapping[str, TagContent], used: Rules | None = None) -> dict[str, tuple[str, str]]:
    """What happens to each tag of a repository, whose tags are the texts of the digests."""
    by_digest = {content.digest: content for content in contents.values()}
    made = choose({tag: content.digest for tag, content in contents.items()}, by_digest, NAMES, used or rules())
    return {item.tag: (item.action, item.reason) for item in made.tags}


def content(text: str, kind: str, created: datetime | None = OLD, **more: object) -> TagContent:
    return TagContent(digest=digest(text), kind=kind, created=created, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tag", "what", "action", "reason"),
    [
        ("cache-gone", content("a", CACHE, YOUNG), DELETE, "its branch was deleted"),
        ("cache-gone", content("a", CACHE, None), DELETE, "its branch was deleted"),
        ("cache-gone", content("a", IMAGE), KEEP, "it is not a BuildKit cache"),
        ("cache-gone", content("a", OTHER), KEEP, "it is not a BuildKit cache"),
        ("cache-main", content("a", CACHE), KEEP, "it is the cache of main, the default branch"),
        ("cache-feature-x", content("a", CACHE), DELETE, "it is 90 d old"),
        ("cache-feature-x", content("a", CACHE, YOUNG), KEEP, "it is 3 d old"),
        ("cache-feature-x", content("a", CACHE, None), KEEP, "its age is not known"),
        (KEY, content("a", IMAGE), DELETE, "it is 90 d old"),
        (KEY, content("a", IMAGE, YOUNG), KEEP, "it is 3 d old"),
        (KEY, content("a", IMAGE, None), KEEP, "its age is not known"),
        (KEY, content("a", OTHER), KEEP, "it is not an image"),
        (LAST, content("a", RECORD, None), KEEP, "its age is not known"),
        (LAST, content("a", IMAGE), KEEP, "it is not a record"),
        (MOUNT, content("a", IMAGE, labels={MOUNT_LABEL: "1"}), DELETE, "it is 90 d old"),
        (MOUNT, content("a", IMAGE), KEEP, "it is not the image of a cache mount"),
    ],
)
def test_what_is_deleted(tag: str, what: TagContent, action: str, reason: str) -> None:
    assert chosen({tag: what}) == {tag: (action, reason)}


def test_without_a_limit_only_caches_of_deleted_branches_are_dead() -> None:
    everything = {
        "cache-gone": content("a", CACHE),
        "cache-feature-x": content("b", CACHE),
        KEY: content("c", IMAGE),
        MOUNT: content("d", IMAGE, labels={MOUNT_LABEL: "1"}),
        "v1": content("e", IMAGE),
    }
    actions = {tag: action for tag, (action, _reason) in chosen(everything, rules(None)).items()}
    assert actions == {"cache-gone": DELETE, "cache-feature-x": KEEP, KEY: KEEP, MOUNT: KEEP}


def test_what_the_config_or_the_user_names_stays() -> None:
    gone = {tag: content(tag, CACHE) for tag in ("cache-a", "cache-b", "cache-v1.2", "cache-c")}
    used = rules(named=frozenset(("cache-b",)), kept=("cache-v*",))
    assert {tag: reason for tag, (action, reason) in chosen(gone, used).items() if action == KEEP} == {
        "cache-b": "the config names it",
        "cache-v1.2": "--keep names it",
    }


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"v1": content("key", IMAGE)}, "tag v1 has the same manifest"),
        ({"v1": content("i", IMAGE, children=(digest("key"),))}, "tag v1 is an index with this manifest"),
        ({"v1": content("i", IMAGE, children=(digest("inner"),))}, "tag v1 is an index with this manifest"),
        ({"sig": content("s", OTHER, subject=digest("key"))}, "tag sig is about the same manifest"),
        (
            {f"sha256-{digest('key')[7:]}.sig": content("s", OTHER)},
            f"tag sha256-{digest('key')[7:]}.sig is about the same manifest",
        ),
    ],
    ids=["tag", "index", "nested index", "subject", "signature"],
)
def test_a_digest_that_something_alive_needs_is_not_deleted(more: dict[str, TagContent], reason: str) -> None:
    inner = content("inner", IMAGE, children=(digest("key"),))
    by_digest = {item.digest: item for item in (content("key", IMAGE), inner, *more.values())}
    tags = {KEY: digest("key"), **{tag: item.digest for tag, item in more.items()}}
    made = choose(tags, by_digest, NAMES, rules())
    assert made.digests == ()
    (found,) = made.tags
    assert (found.action, found.reason) == (KEEP, f"{reason}, so deleting it would delete that")


def test_an_index_is_deleted_before_what_is_in_it() -> None:
    other = f"bx-{'c' * 51}a"
    contents = {KEY: content("child", IMAGE), other: content("index", IMAGE, children=(digest("child"),))}
    made = choose(
        {tag: item.digest for tag, item in contents.items()},
        {item.digest: item for item in contents.values()},
        NAMES,
        rules(),
    )
    assert made.digests == (digest("index"), digest("child"))


def test_a_digest_that_can_not_be_read_is_kept() -> None:
    made = choose({"cache-gone": digest("a")}, {}, NAMES, rules())
    assert (made.digests, made.tags[0].action) == ((), KEEP)


@pytest.mark.parametrize(("text", "days"), [("30d", 30), ("48h", 2), ("2w", 14), (" 1d ", 1)])
def test_ages(text: str, days: int) -> None:
    assert parse_age(text) == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "0d", "1y", "1.5d", "999999d", "٣d"])
def test_what_is_not_an_age(text: str) -> None:
    with pytest.raises(CannotStart, match="--older-than can't be"):
        parse_age(text)


@dataclass
class Repository:
    """A registry's repository, which deletes a manifest with all of its tags."""

    tags: dict[str, str] = field(default_factory=dict)
    contents: dict[str, TagContent] = field(default_factory=dict)

    def delete(self, doomed: str) -> None:
        self.contents.pop(doomed)
        self.tags = {tag: found for tag, found in self.tags.items() if found != doomed}

    def whole(self, found: str) -> bool:
        """Whether a manifest is there with everything that it names."""
        if found not in self.contents:
            return False
        one = self.contents[found]
        return all(self.whole(child) for child in one.children)


BRANCHES = ("main", "feature/x", "release-1.0", "main-linux-arm64", "a")
WORDS = ("latest", "v1", "v2", "cache", "cache-main", "cache-server", "bx-", "bx-1", "linux", "gone", "x" * 140)


def some_tag(random_: random.Random) -> str:
    branch = random_.choice([*BRANCHES, *WORDS, f"b{random_.randrange(50)}"])
    letters = "".join(random_.choices("abcdefghijklmnopqrstuvwxyz234567", k=51))
    part = random_.choice(["", "", "-linux-arm64", "-linux-arm-v7", "-linux"])
    return random_.choice(
        [
            clean_tag(f"cache-{branch}{part}"),
            clean_tag(branch),
            f"bx-{letters}{random_.choice('aqb')}",
            f"bx-last-{random_.randrange(16**16):016x}",
            f"bx-mount-{letters[:26]}-linux-{random_.choice(['amd64', 'arm64', 'arm-v7', ''])}",
            f"sha256-{random_.randrange(16**64):064x}.sig",
            f"v{random_.randrange(100)}",
        ]
    )


def some_repository(random_: random.Random, size: int) -> Repository:
    """A repository of `size` tags, in which manifests are shared, in indexes, about each other, old and young."""
    made = Repository()
    digests: list[str] = []
    for number in range(size * 3):
        found = digest(f"{number}-{random_.random()}")
        children = tuple(random_.sample(digests, min(len(digests), random_.choice([0, 0, 0, 0, 1, 2]))))
        subject = random_.choice(digests) if digests and random_.random() < 0.1 else ""
        made.contents[found] = TagContent(
            digest=found,
            kind=random_.choice([IMAGE, IMAGE, CACHE, CACHE, RECORD, OTHER]),
            children=children,
            subject=subject,
            created=random_.choice([OLD, OLD, YOUNG, None]),
            labels={MOUNT_LABEL: "1"} if random_.random() < 0.5 else {},
        )
        digests.append(found)
    while len(made.tags) < size:
        made.tags[some_tag(random_)] = random_.choice(digests)
    return made


def is_dead(tag: str, one: TagContent, limit: timedelta | None) -> bool:
    """By the words of docs/prune.md, and by nothing of the code."""
    old = limit is not None and one.created is not None and NOW - one.created > limit
    if tag.startswith("cache-") and tag != "cache-":
        living = {clean_tag(f"cache-{branch}"): branch for branch in BRANCHES}
        parts = ("", "-linux-arm64", "-linux-arm-v7")
        known = next((branch for name, branch in living.items() if tag in [f"{name}{part}" for part in parts]), "")
        return one.kind == CACHE and (not known or (old and known != "main"))
    rest = tag.removeprefix("bx-")
    if rest == tag or not old:
        return False
    if rest.startswith("mount-"):
        return one.kind == IMAGE and MOUNT_LABEL in one.labels and rest.count("-") >= 3 and not rest.endswith("-")
    if rest.startswith("last-"):
        return one.kind == RECORD
    return one.kind == IMAGE and len(rest) == 52 and rest[-1] in "aq"


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("limit", [None, MONTH])
def test_nothing_alive_is_lost_of_a_thousand_references(seed: int, limit: timedelta | None) -> None:
    random_ = random.Random(seed)
    names = names_of(branches=BRANCHES).repositories[REPO]
    before = some_repository(random_, 1000)
    after = Repository(dict(before.tags), dict(before.contents))
    made: Choice = choose(before.tags, before.contents, names, rules(limit))
    for doomed in made.digests:
        after.delete(doomed)
    lost = set(before.tags) - set(after.tags)
    assert lost == {item.tag for item in made.tags if item.action == DELETE}
    assert lost
    for tag, found in before.tags.items():
        if not is_dead(tag, before.contents[found], limit):
            assert after.tags.get(tag) == found, tag
            assert after.whole(found) is before.whole(found), tag
            subject = before.contents[found].subject
            assert not subject or subject in after.contents


def test_a_repository_without_names_has_nothing_to_delete() -> None:
    made = choose({"cache-gone": digest("a"), KEY: digest("a")}, {}, RepositoryNames(), rules())
    assert made == Choice((), ())
