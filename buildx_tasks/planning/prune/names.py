"""The names of branch caches: which tags the config derives from branches, and to which branch a tag belongs.

The config is planned with two stand-ins for a branch. A cache reference in which each appears once, with the same text
around it, is derived from the branch; the text around it is what tells such a tag from others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import parse_image_ref
from buildx_tasks.model.platform import KNOWN_ARCH, KNOWN_OS
from buildx_tasks.model.request import BUILDX
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.cache import CacheOptions, Expand, plan_cache
from buildx_tasks.planning.build.engine import Tool

STAND_INS = ("buildxtasksstandinforone", "buildxtasksstandinforabranch")
CUT_AT = 119
LONGEST = 128
"""Characters of a tag, and after how many a longer one is cut: see `clean_tag`."""
_PARTS = re.compile(rf"(?:-(?:{'|'.join(sorted(KNOWN_OS))})-(?:{'|'.join(sorted(KNOWN_ARCH))})(?:-v\d+)?)+\Z")
"""What a partial build adds to the tag of a cache."""

ExpandFor = Callable[[Artifact, str], Expand]
"""What expands templates for an artifact on a branch."""


@dataclass(frozen=True, slots=True)
class BranchTags:
    """Tags of one repository that are made of a branch and of the text around it."""

    before: str
    after: str

    def match(self, tag: str) -> bool:
        """Whether a tag has this name, for whatever branch; also that of a part of an image."""
        whole = _PARTS.sub("", tag)
        return any(
            name.startswith(self.before) and name.endswith(self.after) and len(name) > len(self.before + self.after)
            for name in (tag, whole)
        )


@dataclass(slots=True)
class RepositoryNames:
    """What the config says of one repository.

    `branches` has the branch by each tag that a living branch has; `fixed` are the tags that are no branch's. `derived`
    says whether results and cache mounts are kept there under tags with the artifact-cache prefix.
    """

    patterns: set[BranchTags] = field(default_factory=set)
    branches: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    derived: bool = False

    def is_branch_cache(self, tag: str) -> bool:
        """Whether the name of a tag is one that the config derives from a branch."""
        return any(pattern.match(tag) for pattern in self.patterns)

    def branch_of(self, tag: str) -> str:
        """The living branch that a tag belongs to, "" when there is none."""
        if branch := self.branches.get(tag) or self.branches.get(_PARTS.sub("", tag)):
            return branch
        if len(tag) < LONGEST:
            return ""
        # The name of a long branch is cut, and what follows depends on its platform too.
        return next((branch for name, branch in self.branches.items() if name[:CUT_AT] == tag[:CUT_AT]), "")


@dataclass(frozen=True, slots=True)
class CacheNames:
    """The names in all repositories, and notes about what can't be told from other tags."""

    repositories: Mapping[str, RepositoryNames]
    notes: tuple[str, ...] = ()


def cache_names(
    artifacts: Sequence[Artifact],
    selected: Iterable[str],
    references: Mapping[str, str],
    settings: Settings,
    branches: Callable[[], Iterable[str]],
    expand: ExpandFor,
) -> CacheNames:
    """The names that the caches of `artifacts` have; only repositories of the `selected` ones are looked at.

    `references` are the images by name, with any tag; `branches` gives those that exist, and is asked only where a tag
    depends on them. The caches of all artifacts count as in use, also those that are only read. What is written counts
    as derived from a branch.
    """
    chosen = set(selected)
    images = frozenset(artifact.image.lower() for artifact in artifacts)
    names: dict[str, RepositoryNames] = {}
    notes: list[str] = []
    wanted: set[str] = set()
    for artifact in artifacts:
        reader = _Reader(artifact, references[artifact.image], settings, images, expand)
        own = parse_image_ref(references[artifact.image]).base_name
        found = [_standing_for(*pair) for pair in zip(*(reader.caches(name) for name in STAND_INS), strict=False)]
        for cache, pattern in found:
            repository = cache.repository
            place = names.setdefault(repository, RepositoryNames())
            if pattern is None:
                place.fixed.add(cache.tag)
            elif not cache.written:
                continue
            elif not pattern.before and not pattern.after:
                notes.append(
                    f"artifact {artifact.image!r}: its caches in {repository} are named by the branch alone, which "
                    "does not tell them from other tags: add text to the template, such as cache-{{.BRANCH}}"
                )
            else:
                place.patterns.add(pattern)
        if artifact.image in chosen:
            for repository in (own, reader.cache_repository):
                names.setdefault(repository, RepositoryNames()).derived = True
            wanted |= {own, reader.cache_repository, *(cache.repository for cache, pattern in found if pattern)}
        if any(pattern for _cache, pattern in found):
            for branch in branches():
                for cache in reader.caches(branch):
                    names.setdefault(cache.repository, RepositoryNames()).branches.setdefault(cache.tag, branch)
    looked_at = {name: place for name, place in names.items() if name in wanted and (place.derived or place.patterns)}
    return CacheNames(looked_at, tuple(dict.fromkeys(notes)))


@dataclass(frozen=True, slots=True)
class _Cache:
    """A registry cache of one artifact on one branch."""

    repository: str
    tag: str
    written: bool


class _Reader:
    """Reads the cache references of one artifact, as a build of a branch would have them."""

    def __init__(
        self, artifact: Artifact, reference: str, settings: Settings, images: frozenset[str], expand: ExpandFor
    ) -> None:
        self.artifact = artifact
        self.reference = reference
        self.settings = settings
        self.images = images
        self.expand = expand

    @property
    def cache_repository(self) -> str:
        """The repository of the artifact's own caches: below ``cache-repo``, else its own."""
        settings = replace(self.settings, cache_from=(self.artifact.image,), cache_to=())
        return self._planned(settings, STAND_INS[0])[0].repository

    def caches(self, branch: str) -> list[_Cache]:
        """Every registry cache, in the order of the config."""
        return self._planned(self.settings, branch)

    def _planned(self, settings: Settings, branch: str) -> list[_Cache]:
        options = CacheOptions(
            settings=replace(settings, cache_mode="write"),
            tool=Tool(name=BUILDX, reason="", exports_cache=True),
            pushes=True,
            images=self.images,
            expand=self.expand(self.artifact, branch),
        )
        planned = plan_cache(self.artifact, self.reference, options)
        uses = [*((use, False) for use in planned.cache_from), *((use, True) for use in planned.cache_to)]
        found: list[_Cache] = []
        for use, written in uses:
            with suppress(CannotStart):
                if use.spec.type == "registry":
                    ref = parse_image_ref(use.spec.get("ref"))
                    found.append(_Cache(ref.base_name, ref.tag, written))
        return found


def _standing_for(one: _Cache, other: _Cache) -> tuple[_Cache, BranchTags | None]:
    """A cache, and the text around the branch in its tag; None where the branch is not in it."""
    first, second = (cache.tag.split(name) for name, cache in zip(STAND_INS, (one, other), strict=True))
    if len(first) == 2 and first == second and one.repository == other.repository:
        return one, BranchTags(*first)
    return one, None
