"""The plain ``docker build`` path: what of the settings it can use, and what is dropped aloud."""

from __future__ import annotations

from collections.abc import Iterator

from buildx_tasks.model.config import Artifact
from buildx_tasks.model.request import CacheUse
from buildx_tasks.model.settings import Settings
from buildx_tasks.model.spec import Spec, parse_cache_entry


def plain_cache(
    artifact: Artifact, tag: str, settings: Settings, *, adjust: bool
) -> tuple[tuple[CacheUse, ...], tuple[str, ...]]:
    """The images to use as cache, and warnings for what plain docker can't do.

    Skaffold's rule: an entry that is the artifact's own image name as written becomes the tag that is built.
    """
    uses: list[CacheUse] = []
    warnings: list[str] = []
    if settings.cache_mode == "off":
        return (), ()
    extra = artifact.extras.cache_from
    where = "flag" if settings.cache_from else "cacheFrom"
    for text in settings.cache_from or (artifact.docker.cache_from if extra is None else extra):
        spec = parse_cache_entry(text)
        if spec.type != "registry":
            warnings.append(_loss(artifact, f"cacheFrom {text!r}"))
        elif adjust and spec.get("ref") == artifact.image:
            uses.append(CacheUse(spec=Spec("registry", (("ref", tag),)), reason=f"{where}, the own image"))
        else:
            uses.append(CacheUse(spec=Spec("registry", (("ref", spec.get("ref")),)), reason=where))
    return tuple(uses), tuple(warnings)


def plain_losses(artifact: Artifact, settings: Settings) -> tuple[str, ...]:
    """A warning for everything that was asked for and that only buildx can do."""
    return tuple(_loss(artifact, what) for what in _buildx_only(artifact, settings))


def _buildx_only(artifact: Artifact, settings: Settings) -> Iterator[str]:
    extras = artifact.extras
    writes = settings.cache_mode in ("auto", "write")
    if writes and (settings.cache_to or artifact.docker.cache_to or extras.cache_to):
        yield "cacheTo"
    yield from (f"output {text!r}" for text in settings.output or extras.outputs)
    yield from (f"build context {name!r}" for name, _source in extras.build_contexts)
    if (extras.attest or settings.attest) in ("min", "max"):
        yield f"attest {extras.attest or settings.attest}"
    if settings.sbom if extras.sbom is None else extras.sbom:
        yield "sbom"
    yield from (f"annotation {name!r}" for name, _value in extras.annotations)
    yield from (f"noCacheFilter {stage!r}" for stage in settings.no_cache_filter or extras.no_cache_filter)


def _loss(artifact: Artifact, what: str) -> str:
    return f"artifact {artifact.image!r}: {what} is left out: it needs docker buildx"
