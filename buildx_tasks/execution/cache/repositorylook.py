"""Looks at all tags of a repository: what is behind each, and which of those that are derived here nobody needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from buildx_tasks.execution.cache.remote import ARTIFACT_TYPE
from buildx_tasks.execution.registry.client import Manifest, RegistryClient
from buildx_tasks.planning.prune.choose import Choice, Rules, choose, is_derived_name
from buildx_tasks.planning.prune.derivedtags import CACHE, IMAGE, OTHER, RECORD, TagContent
from buildx_tasks.planning.prune.names import RepositoryNames

CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
CREATED_AT = "buildkit/createdat"
ATTESTATION = "vnd.docker.reference.type"
_FRACTION = re.compile(r"(\.\d{6})\d*")


class RepositoryLook:
    """Looks at all tags of one repository; what is behind a digest is asked for once."""

    def __init__(
        self, name: str, names: RepositoryNames, rules: Rules, client: RegistryClient, pool: ThreadPoolExecutor
    ) -> None:
        self.name = name
        self.names = names
        self.rules = rules
        self.client = client
        self.pool = pool
        self.contents: dict[str, TagContent] = {}

    def choice(self) -> tuple[Choice, int]:
        """What to delete as the repository is now, and how many other tags it has. Raises `RegistryError`."""
        listed = sorted(self.client.tags(self.name))
        derived = [tag for tag in listed if is_derived_name(tag, self.names, self.rules)]
        if not derived:
            return Choice((), ()), len(listed)
        digests = self.pool.map(lambda tag: self.client.digest(f"{self.name}:{tag}"), listed)
        tags = {tag: digest for tag, digest in zip(listed, digests, strict=True) if digest}
        self._read(tags.values())
        if self.rules.limit is not None:
            self._complete({tags[tag] for tag in derived if tag in tags})
        return choose(tags, self.contents, self.names, self.rules), len(listed) - len(derived)

    def _read(self, digests: Iterable[str]) -> None:
        """Ask for what is behind digests, and behind the indexes in indexes."""
        todo = {digest for digest in digests if digest not in self.contents}
        while todo:
            manifests = self.pool.map(lambda digest: self.client.manifest(f"{self.name}@{digest}"), sorted(todo))
            nested: set[str] = set()
            for manifest in manifests:
                if manifest.digest:
                    data = _data(manifest)
                    self.contents[manifest.digest] = content_of(manifest.digest, data)
                    nested |= {item["digest"] for item in _entries(data) if "index" in item.get("mediaType", "")}
            todo = {digest for digest in nested if digest not in self.contents}

    def _complete(self, digests: Iterable[str]) -> None:
        """Ask for labels and times of images, which are in their configurations."""
        wanted = [digest for digest in digests if (one := self.contents.get(digest)) and one.kind == IMAGE]
        todo = [digest for digest in wanted if self.contents[digest].created is None]
        for digest, found in zip(todo, self.pool.map(self._configuration, todo), strict=True):
            self.contents[digest] = replace(self.contents[digest], **found)

    def _configuration(self, digest: str) -> dict[str, Any]:
        """The newest time, and all labels, of the images behind a digest."""
        created: list[datetime] = []
        labels: dict[str, str] = {}
        for manifest in self._images(digest):
            config = manifest.get("config") or {}
            data = json.loads(self.client.blob(f"{self.name}@{digest}", config["digest"]) or b"{}")
            created += [time for time in (_time(data.get("created")),) if time]
            labels |= (data.get("config") or {}).get("Labels") or {}
        return {"created": max(created, default=None), "labels": labels}

    def _images(self, digest: str) -> list[Mapping[str, Any]]:
        data = _data(self.client.manifest(f"{self.name}@{digest}"))
        entries = [item for item in _entries(data) if ATTESTATION not in (item.get("annotations") or {})]
        if not entries:
            return [data] if (data.get("config") or {}).get("digest") else []
        inner = [self._images(item["digest"]) for item in entries]
        return [manifest for found in inner for manifest in found]


def content_of(digest: str, data: Mapping[str, Any]) -> TagContent:
    """What a manifest says of itself."""
    entries = _entries(data)
    parts = [*entries, *(item for item in data.get("layers") or [] if isinstance(item, Mapping))]
    config_type = (data.get("config") or {}).get("mediaType", "")
    is_cache = config_type == CACHE_CONFIG or any(item.get("mediaType") == CACHE_CONFIG for item in entries)
    if is_cache:
        kind = CACHE
    elif data.get("artifactType") == ARTIFACT_TYPE:
        kind = RECORD
    elif "image.config" in config_type or "container.image" in config_type or (entries and not config_type):
        kind = IMAGE
    else:
        kind = OTHER
    times = [_time((item.get("annotations") or {}).get(CREATED_AT)) for item in parts] if is_cache else []
    return TagContent(
        digest=digest,
        kind=kind,
        children=tuple(str(item["digest"]) for item in entries if item.get("digest")),
        subject=str((data.get("subject") or {}).get("digest") or ""),
        created=max((time for time in times if time), default=None),
    )


def _data(manifest: Manifest) -> Mapping[str, Any]:
    try:
        data = json.loads(manifest.body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, Mapping) else {}


def _entries(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = data.get("manifests")
    return [item for item in entries if isinstance(item, Mapping)] if isinstance(entries, list) else []


def _time(text: object) -> datetime | None:
    """A time of Go's, which has nanoseconds; None for anything else, and for the zero time of reproducible images."""
    try:
        time = datetime.fromisoformat(_FRACTION.sub(r"\1", str(text)))
    except ValueError:
        return None
    return time if time.tzinfo is not None and time.year > 1980 else None
