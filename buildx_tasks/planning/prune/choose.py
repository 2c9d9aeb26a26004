"""What is deleted from one repository, so that nothing that anybody may use is lost.

Registries delete a manifest with all of its tags. So a digest is deleted only when every tag that it has is derived
here and dead, and when nothing that stays is an index of it or is about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.prune import DELETE, KEEP, PrunedTag
from buildx_tasks.planning.prune.derivedtags import BRANCH_CACHE, CACHE, TagContent, tag_kind
from buildx_tasks.planning.prune.names import RepositoryNames

_AGE = re.compile(r"([0-9]{1,5})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_ABOUT = re.compile(r"(sha256)-([0-9a-f]{64})\b.*")
"""A tag that is about another digest: signatures and attestations of cosign, referrers where there is no API."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What decides besides names: the prefix of derived tags, `now`, and the `limit` of age (None for none).

    `kept` are patterns of tags that stay, `named` words that the config files have anywhere, and `default` the
    branch that the remote's HEAD names, whose caches stay whatever their age.
    """

    prefix: str
    now: datetime
    limit: timedelta | None = None
    kept: tuple[str, ...] = ()
    named: Set[str] = frozenset()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The derived tags with what is done to each, and the digests to delete, indexes before what is in them."""

    tags: tuple[PrunedTag, ...]
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Judgement:
    kind: str
    dead: bool
    reason: str


def parse_age(text: str) -> timedelta:
    """An age such as ``12h``, ``30d`` or ``8w``. Raises `CannotStart` for anything else, and for no time at all."""
    found = _AGE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise CannotStart(f"--older-than can't be {text!r}", "hours, days or weeks, such as 12h, 30d or 8w")
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


def is_derived_name(tag: str, names: RepositoryNames, rules: Rules) -> bool:
    """Whether the name of a tag is one that may be deleted; what is behind it has to prove that."""
    return (names.derived and tag_kind(tag, rules.prefix) is not None) or names.is_branch_cache(tag)


def choose(tags: Mapping[str, str], contents: Mapping[str, TagContent], names: RepositoryNames, rules: Rules) -> Choice:
    """What to delete of a repository: `tags` are all of its tags with their digests, `contents` are by digest.

    `contents` has the indexes that are in indexes too. A digest without content is kept.
    """
    verdicts = {tag: _judge(tag, contents.get(digest), names, rules) for tag, digest in tags.items()}
    dead = {tag for tag, verdict in verdicts.items() if verdict is not None and verdict.dead}
    users = _in_use({tag: digest for tag, digest in tags.items() if tag not in dead}, contents)
    shown: list[PrunedTag] = []
    doomed: dict[str, None] = {}
    for tag, digest in tags.items():
        verdict = verdicts[tag]
        if verdict is None:
            continue
        reason, action = verdict.reason, KEEP
        if verdict.dead and digest in users:
            reason = f"{users[digest]}, so deleting it would delete that"
        elif verdict.dead:
            action = DELETE
            doomed[digest] = None
        shown.append(PrunedTag(tag=tag, digest=digest, kind=verdict.kind, action=action, reason=reason))
    return Choice(tuple(shown), tuple(_indexes_first(doomed, contents)))


def _judge(tag: str, content: TagContent | None, names: RepositoryNames, rules: Rules) -> _Judgement | None:
    """Whether a tag is dead, and why; None for a tag that is not derived here."""
    kind = tag_kind(tag, rules.prefix) if names.derived else None
    if kind is None and not names.is_branch_cache(tag):
        return None
    name = kind.name if kind else BRANCH_CACHE
    if tag in names.fixed or tag in rules.named:
        return _Judgement(name, False, "the config names it")
    if any(fnmatchcase(tag, pattern) for pattern in rules.kept):
        return _Judgement(name, False, "--keep names it")
    if kind is not None and rules.limit is None:
        return _Judgement(name, False, "no limit of age is given (--older-than)")
    proven = content is not None and (kind.proves(content) if kind else content.kind == CACHE)
    if content is None or not proven:
        what = kind.content if kind else "a BuildKit cache"
        return _Judgement(name, False, f"it is not {what}")
    if kind is None and not (branch := names.branch_of(tag)):
        return _Judgement(name, True, "its branch was deleted")
    if kind is None and branch == rules.default:
        return _Judgement(name, False, f"it is the cache of {branch}, the default branch")
    return _by_age(name, "" if kind else f"branch {branch} exists", content, rules)


def _by_age(name: str, alive: str, content: TagContent, rules: Rules) -> _Judgement:
    if rules.limit is None:
        return _Judgement(name, False, alive)
    if content.created is None:
        return _Judgement(name, False, "its age is not known")
    age = rules.now - content.created
    if age > rules.limit:
        return _Judgement(name, True, f"it is {_spelled(age)} old")
    return _Judgement(name, False, f"it is {_spelled(age)} old")


def _spelled(age: timedelta) -> str:
    hours = max(0, int(age.total_seconds() // 3600))
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def _in_use(living: Mapping[str, str], contents: Mapping[str, TagContent]) -> dict[str, str]:
    """The digests that living tags need, each with how: their own, what is in their indexes, what they are about."""
    users: dict[str, str] = {}
    todo: list[tuple[str, str]] = []
    for tag, digest in living.items():
        todo.append((digest, f"tag {tag} has the same manifest"))
        if found := _ABOUT.fullmatch(tag):
            todo.append((f"{found[1]}:{found[2]}", f"tag {tag} is about the same manifest"))
    while todo:
        digest, how = todo.pop()
        if digest in users:
            continue
        users[digest] = how
        content = contents.get(digest)
        if content is None:
            continue
        tag = how.split(" ")[1]
        todo += [(child, f"tag {tag} is an index with this manifest") for child in content.children]
        if content.subject:
            todo.append((content.subject, f"tag {tag} is about the same manifest"))
    return users


def _indexes_first(digests: Iterable[str], contents: Mapping[str, TagContent]) -> list[str]:
    """`digests` so that an index comes before the manifests in it: some registries refuse the other order."""
    ordered: list[str] = []
    todo = list(digests)
    while todo:
        inner = {child for digest in todo if digest in contents for child in contents[digest].children}
        first = [digest for digest in todo if digest not in inner] or todo
        ordered += first
        todo = [digest for digest in todo if digest not in first]
    return ordered
