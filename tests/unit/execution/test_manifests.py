"""The manifests of pushed images in the record of a run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildx_tasks.execution.registry.client import Manifest
from buildx_tasks.execution.registry.errors import RegistryError
from buildx_tasks.execution.registry.manifests import platform_manifests, with_manifests
from buildx_tasks.model.result import BUILT, CACHED, FAILED, ArtifactResult, PlatformManifest, Results
from buildx_tasks.reporting.buildjson import record_json

DIGEST = "sha256:" + "1" * 64
INDEX = {
    "manifests": [
        {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:b", "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
        {
            "digest": "sha256:c",
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ]
}


class Registry:
    def __init__(self, content: object = INDEX) -> None:
        self.content = content
        self.asked: list[str] = []

    def manifest(self, reference: str) -> Manifest:
        self.asked.append(reference)
        if self.content is None:
            raise RegistryError("r.io does not answer")
        return Manifest(digest=DIGEST, media_type="application/index", body=json.dumps(self.content).encode())


def result(**changes: Any) -> ArtifactResult:
    base = {
        "image": "app",
        "tag": "r.io/app:v1",
        "status": BUILT,
        "digest": DIGEST,
        "reference": f"r.io/app:v1@{DIGEST}",
    }
    return ArtifactResult(**{**base, **changes})


def looked_up(build: ArtifactResult, registry: Registry) -> ArtifactResult:
    (found,) = with_manifests(Results(builds=(build,)), registry).builds  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("status", [BUILT, CACHED])
def test_an_index_has_a_manifest_for_every_platform(status: str) -> None:
    registry = Registry()
    found = looked_up(result(status=status), registry)
    assert [(item.platform, item.digest, item.attestation) for item in found.manifests] == [
        ("linux/amd64", "sha256:a", False),
        ("linux/arm/v7", "sha256:b", False),
        ("unknown/unknown", "sha256:c", True),
    ]
    assert registry.asked == [f"r.io/app@{DIGEST}"]


@pytest.mark.parametrize(("asked", "platform"), [((), ""), (("linux/arm64",), "linux/arm64")])
def test_a_plain_manifest_is_its_own(asked: tuple[str, ...], platform: str) -> None:
    found = platform_manifests(Manifest(digest=DIGEST, body=b'{"layers":[]}'), asked)
    assert found == (PlatformManifest(platform=platform, digest=DIGEST),)


@pytest.mark.parametrize(
    "build", [result(status=FAILED), result(reference="app:123", digest="sha256:123"), result(reference="r.io/app:v1")]
)
def test_what_is_not_in_a_registry_is_not_asked_for(build: ArtifactResult) -> None:
    registry = Registry()
    assert looked_up(build, registry) == build
    assert registry.asked == []


def test_a_registry_that_does_not_answer_is_said() -> None:
    found = looked_up(result(), Registry(None))
    assert found.manifests == ()
    assert found.warnings == ("artifact 'app': its manifests are not in the record: r.io does not answer",)


def test_the_record_shows_them() -> None:
    (record,) = json.loads(record_json(Results(builds=(looked_up(result(), Registry()),))))["builds"]
    assert record["mediaType"] == "application/index"
    assert record["manifests"][1] == {"platform": "linux/arm/v7", "digest": "sha256:b", "attestation": False}
    (plain,) = json.loads(record_json(Results(builds=(result(),))))["builds"]
    assert "manifests" not in plain
