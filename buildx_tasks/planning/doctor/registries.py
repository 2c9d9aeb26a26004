"""Which registries a build would speak to, and whether it would write there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from buildx_tasks.errors import BuildxTasksError, CannotStart
from buildx_tasks.model.config import Artifact
from buildx_tasks.model.imageref import parse_image_ref, registry_of
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import parse_cache_entry
from buildx_tasks.planning.tags.references import apply_default_repo


def used_registries(artifacts: Iterable[Artifact], settings: Settings) -> dict[str, bool]:
    """The hosts that images and caches go to or come from; True for those that are written to.

    References that are templates, or are no references, are passed over: a plan says what is wrong with them.
    """
    items = tuple(artifacts)
    own = frozenset(item.image for item in items)
    hosts: dict[str, bool] = {}
    for text, writes in _references(items, settings):
        try:
            host = registry_of(parse_image_ref(_moved(text, own, settings)))
        except BuildxTasksError:
            continue
        if host:
            hosts[host] = hosts.get(host, False) or writes
    return hosts


def _references(items: tuple[Artifact, ...], settings: Settings) -> Iterator[tuple[str, bool]]:
    for item in items:
        yield item.image, settings.push is not False
        for text in settings.cache_from or item.extras.cache_from or item.docker.cache_from:
            yield _reference(text), False
        for text in settings.cache_to or item.extras.cache_to or item.docker.cache_to or ():
            yield _reference(text), settings.cache_mode in ("auto", "write")
    if settings.cache_repo:
        yield f"{settings.cache_repo}/cache", settings.cache_mode in ("auto", "write")


def _reference(text: str) -> str:
    """The reference of a cache entry, "" for caches that are in no registry, and for what is no entry."""
    try:
        spec = parse_cache_entry(text)
    except CannotStart:
        return ""
    return spec.get("ref") if spec.type == "registry" else ""


def _moved(text: str, own: frozenset[str], settings: Settings) -> str:
    """Images of ours follow the default repository; what belongs to others stays where it is."""
    name = parse_image_ref(text).base_name
    if name not in own:
        return text
    return apply_default_repo(settings.default_repo or "", settings.multi_level_repo, name)
