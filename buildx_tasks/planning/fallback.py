"""The plain ``docker build`` path: what of the cache settings it can use, and what is dropped aloud."""

from __future__ import annotations

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.plan import CacheUse
from buildx_tasks.model.spec import Spec, parse_cache_entry


def plain_cache(artifact: Artifact, tag: str, *, adjust: bool) -> tuple[tuple[CacheUse, ...], tuple[str, ...]]:
    """The images to use as cache, and warnings for what plain docker can't do.

    Skaffold's rule: an entry that is the artifact's own image name as written becomes the tag that is built.
    """
    uses: list[CacheUse] = []
    warnings: list[str] = []
    extra = artifact.extras.cache_from
    for text in artifact.docker.cache_from if extra is None else extra:
        spec = parse_cache_entry(text)
        if spec.type != "registry":
            warnings.append(f"artifact {artifact.image!r}: cacheFrom {text!r} is left out: it needs docker buildx")
        elif adjust and spec.get("ref") == artifact.image:
            uses.append(CacheUse(spec=Spec("registry", (("ref", tag),)), reason="cacheFrom, the own image"))
        else:
            uses.append(CacheUse(spec=Spec("registry", (("ref", spec.get("ref")),)), reason="cacheFrom"))
    if artifact.docker.cache_to or artifact.extras.cache_to:
        warnings.append(f"artifact {artifact.image!r}: cacheTo is left out: it needs docker buildx")
    return tuple(uses), tuple(warnings)
