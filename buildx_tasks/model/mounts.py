"""Cache mounts of RUN steps as values: how BuildKit tells them apart, and where their content is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

SHARED = "shared"
SHARING = (SHARED, "private", "locked")


class Owner(NamedTuple):
    """The user, the group and the permissions of a mount's folder."""

    uid: int = 0
    gid: int = 0
    mode: int = 0o755


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheMount:
    """One cache mount of a builder. Mounts that differ in one of these fields, but for `sharing`, are different ones.

    `owner` is None when the Dockerfile gives none of uid, gid and mode: that is another mount than one with the
    defaults of all three. `namespace` is the build arg BUILDKIT_CACHE_MOUNT_NS.
    """

    id: str
    owner: Owner | None = None
    namespace: str = ""
    sharing: str = field(default=SHARED, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptMount:
    """A cache mount that one platform of an artifact needs, and the image that its content is kept in.

    `node` is the node of the builder that builds the platform, "" when that is not known before. `image` is a
    reference with a tag. `restores` and `saves` are what is allowed.
    """

    mount: CacheMount
    platform: str
    image: str
    node: str = ""
    restores: bool = True
    saves: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MountOptions:
    """What all mounts have in common.

    `helper` is the image that restores and saves, `limit` the most bytes of a mount that is saved, `retries` how often
    a build is tried again after a temporary failure of a registry. `compresses` says that the exporter takes a
    compression, `insecure` are registries without checked TLS that the builder itself has to be told of.
    """

    helper: str = ""
    limit: int = 0
    retries: int = 0
    compresses: bool = True
    insecure: tuple[str, ...] = ()
