"""Plain docker: what it takes of the cache settings, and that nothing else is dropped in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildx_tasks.model.config import Artifact, ArtifactExtras, DockerArtifact
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.fallback import plain_cache, plain_losses

TAG = "gcr.io/k8s-skaffold/test:tagged"
APP = Artifact(image="gcr.io/k8s-skaffold/test")


def caching(*entries: str) -> Artifact:
    return replace(APP, docker=DockerArtifact(cache_from=entries))


@pytest.mark.parametrize(
    ("artifact", "settings", "adjust", "references"),
    [
        (caching("from/image1", "from/image2"), Settings(), True, ["from/image1", "from/image2"]),
        (caching("gcr.io/k8s-skaffold/test"), Settings(), True, [TAG]),
        (caching("other", "gcr.io/k8s-skaffold/test"), Settings(), True, ["other", TAG]),
        (caching("gcr.io/k8s-skaffold/test"), Settings(), False, ["gcr.io/k8s-skaffold/test"]),
        (caching("gcr.io/k8s-skaffold/test:main"), Settings(), True, ["gcr.io/k8s-skaffold/test:main"]),
        (caching("a"), Settings(cache_mode="off"), True, []),
        (caching("a"), Settings(cache_mode="read"), True, ["a"]),
        (caching("a"), Settings(cache_from=("b",)), True, ["b"]),
        (replace(caching("a"), extras=ArtifactExtras(cache_from=("c",))), Settings(), True, ["c"]),
    ],
)
def test_cache_images(artifact: Artifact, settings: Settings, adjust: bool, references: list[str]) -> None:
    uses, warnings = plain_cache(artifact, TAG, settings, adjust=adjust)
    assert [use.spec.get("ref") for use in uses] == references
    assert not warnings


def test_other_caches_are_left_out_aloud() -> None:
    uses, warnings = plain_cache(caching("type=gha"), TAG, Settings(), adjust=True)
    assert not uses
    assert "cacheFrom 'type=gha' is left out: it needs docker buildx" in warnings[0]


@pytest.mark.parametrize(
    ("settings", "artifact", "lost"),
    [
        (Settings(cache_to=("a",)), APP, "cacheTo"),
        (Settings(), replace(APP, docker=DockerArtifact(cache_to=("a",))), "cacheTo"),
        (Settings(), replace(APP, extras=ArtifactExtras(cache_to=("a",))), "cacheTo"),
        (Settings(output=("type=oci,dest=x",)), APP, "output 'type=oci,dest=x'"),
        (Settings(), replace(APP, extras=ArtifactExtras(outputs=("dir",))), "output 'dir'"),
        (Settings(), replace(APP, extras=ArtifactExtras(build_contexts=(("a", "b"),))), "build context 'a'"),
        (Settings(attest="max"), APP, "attest max"),
        (Settings(), replace(APP, extras=ArtifactExtras(attest="min")), "attest min"),
        (Settings(sbom=True), APP, "sbom"),
        (Settings(), replace(APP, extras=ArtifactExtras(sbom=True)), "sbom"),
        (Settings(), replace(APP, extras=ArtifactExtras(annotations=(("a", "b"),))), "annotation 'a'"),
        (Settings(no_cache_filter=("deps",)), APP, "noCacheFilter 'deps'"),
        (Settings(), replace(APP, extras=ArtifactExtras(no_cache_filter=("deps",))), "noCacheFilter 'deps'"),
    ],
)
def test_what_only_buildx_can_do_is_a_warning(settings: Settings, artifact: Artifact, lost: str) -> None:
    assert plain_losses(artifact, settings) == (
        f"artifact 'gcr.io/k8s-skaffold/test': {lost} is left out: it needs docker buildx",
    )


@pytest.mark.parametrize(
    ("settings", "artifact"),
    [
        (Settings(), APP),
        (Settings(attest="none"), APP),
        (Settings(cache_mode="read", cache_to=("a",)), APP),
        (Settings(sbom=True), replace(APP, extras=ArtifactExtras(sbom=False))),
        (Settings(), replace(APP, extras=ArtifactExtras(labels=(("a", "b"),), shm_size="1g", ulimits=("core=0",)))),
    ],
)
def test_no_warning_without_a_loss(settings: Settings, artifact: Artifact) -> None:
    assert not plain_losses(artifact, settings)
