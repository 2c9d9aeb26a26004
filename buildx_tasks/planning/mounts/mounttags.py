"""The tags of images that keep the content of cache mounts.

A tag is ``<prefix>mount-<26 characters>-<os>-<arch>[-<variant>]`` in the repository of the artifact's cache, such as
``bx-mount-mfrggzdfmztwq2lknnwg23tpob-linux-amd64``. The prefix is the setting ``artifact-cache-prefix``; the 26
characters are lower-case base32 of the first 130 bits of the SHA-256 of what BuildKit tells mounts apart by.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re

from buildx_tasks.model.mounts import CacheMount
from buildx_tasks.model.platform import KNOWN_ARCH, KNOWN_OS

KIND = "mount-"
CHARS = 26
_TAG = re.compile(rf"mount-[a-z2-7]{{{CHARS}}}-(?P<os>[a-z0-9]+)-(?P<arch>[a-z0-9]+)(?:-[a-z0-9]+)?")


def mount_name(mount: CacheMount) -> str:
    """The part of a tag that stands for the mount: the same for all artifacts and platforms."""
    parts = [mount.id, list(mount.owner) if mount.owner else None, mount.namespace]
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:CHARS]


def mount_tag(mount: CacheMount, platform: str, prefix: str) -> str:
    """The tag under which the content of `mount` is kept for `platform` (``os/arch[/variant]``)."""
    os, _slash, rest = platform.partition("/")
    return f"{prefix}{KIND}{mount_name(mount)}-{os.partition('(')[0]}-{rest.replace('/', '-')}"


def is_mount_tag(tag: str, prefix: str) -> bool:
    """Whether `tag` is one that `mount_tag` makes with this prefix."""
    if not tag.startswith(prefix):
        return False
    found = _TAG.fullmatch(tag[len(prefix) :])
    return found is not None and found["os"] in KNOWN_OS and found["arch"] in KNOWN_ARCH
