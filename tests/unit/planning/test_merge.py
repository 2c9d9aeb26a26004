"""Which parts make an image, what is missing or wrong, and the index that comes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.partial import Part, Partial
from buildx_tasks.model.result import BUILT, FAILED
from buildx_tasks.planning.merge.index import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    MergedIndex,
    PartManifest,
    config_digest,
    make_index,
)
from buildx_tasks.planning.merge.parts import plan_merge

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BOTH = ("linux/amd64", "linux/arm64")


def body_of(config: str, **more: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, "config": {"digest": config}, **more}).encode()


def digest_of(body: bytes) -> str:
    return f"sha256:{sha256(body).hexdigest()}"


def part(
    *platforms: str,
    image: str = "app",
    tag: str = "v1",
    expected: tuple[str, ...] = BOTH,
    file: str = "",
    digest: str = "",
    status: str = BUILT,
    **partial: Any,
) -> Part:
    name = "-".join(platforms)
    return Part(
        file=file or f"{name.replace('/', '-')}.json",
        image=image,
        status=status,
        digest=digest or digest_of(name.encode()),
        platforms=platforms,
        partial=Partial(tags=(f"reg.example/{image}:{tag}",), expected=expected, **partial),
    )


AMD, ARM = part("linux/amd64"), part("linux/arm64")


def said(parts: Sequence[Part], platforms: Sequence[str] = ()) -> str:
    with pytest.raises(CannotStart) as caught:
        plan_merge(parts, platforms)
    return str(caught.value)


def test_the_parts_of_an_image_come_in_the_order_of_its_platforms() -> None:
    (merge,) = plan_merge((ARM, AMD))
    assert merge.parts == (AMD, ARM)
    assert [str(one) for one in merge.platforms] == [*BOTH]
    assert merge.tags == ("reg.example/app:v1",)


def test_images_come_in_the_order_of_the_parts_and_a_part_counts_once() -> None:
    web = [part(name, image="web") for name in BOTH]
    copy = part("linux/arm64", file="copy.json")
    assert [merge.image for merge in plan_merge((*web, AMD, ARM, copy))] == ["web", "app"]


def test_all_that_is_missing_is_said_at_once() -> None:
    web = part("linux/arm64", image="web", expected=(*BOTH, "linux/arm/v7"))
    text = said((AMD, web))
    assert "artifact 'app': there is no part for linux/arm64 (there are: linux/amd64 in linux-amd64.json)" in text
    assert "artifact 'web': there is no part for linux/amd64" in text
    assert "artifact 'web': there is no part for linux/arm/v7" in text
    assert "buildx-tasks buildx.build --partial --platform linux/arm/v7 --file-output FILE" in text


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (FAILED, "there is no part for linux/arm64: its build failed (f.json)"),
        ("planned", "there is no part for linux/arm64: f.json has no digest"),
    ],
)
def test_a_part_without_a_digest_says_why(status: str, why: str) -> None:
    bad = Part(file="f.json", image="app", status=status, digest="", platforms=ARM.platforms, partial=ARM.partial)
    assert why in said((AMD, bad))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            part("linux/arm64", tag="v2"),
            "its parts want different tags: reg.example/app:v1 (linux-amd64.json), reg.example/app:v2",
        ),
        (
            part("linux/arm64", expected=("linux/arm64",)),
            "its parts expect different platforms: linux/amd64,linux/arm64 (linux-amd64.json), linux/arm64",
        ),
        (part("linux/arm64", index_annotations=(("a", "1"),)), "its parts want different annotations of the index"),
        (part("linux/amd64", digest=ARM.digest, file="b.json"), "two parts for linux/amd64: sha256:"),
        (part("linux/s390x"), "linux-s390x.json has a part for linux/s390x, which is not one of its platforms"),
    ],
    ids=["tags", "platforms", "annotations", "twice", "foreign"],
)
def test_parts_that_contradict_each_other(other: Part, why: str) -> None:
    text = said((AMD, ARM, other) if "s390x" in other.file else (AMD, other))
    assert f"artifact 'app': {why}" in text


def test_parts_of_two_commits_do_not_belong_together_whatever_their_images() -> None:
    parts = [part(name, commit="4" * 40) for name in BOTH]
    assert plan_merge(parts)
    mixed = [*parts, *(part(name, image="web", commit="5" * 40) for name in BOTH)]
    text = said(mixed)
    assert text.startswith(
        "the parts are of different commits: 444444444444 (linux-amd64.json, linux-arm64.json), 5555"
    )
    assert plan_merge([*parts, *(part(name, image="web") for name in BOTH)])


def test_platforms_are_named_where_the_config_names_none() -> None:
    parts = [part(name, expected=()) for name in BOTH]
    assert "artifact 'app': its config names no platforms, so it is not known which parts are missing" in said(parts)
    assert len(plan_merge(parts, ("linux/amd64,linux/arm64",))) == 1
    assert "there is no part for linux/s390x" in said(parts, (*BOTH, "linux/s390x"))
    assert len(plan_merge((AMD, ARM), ("linux/s390x",))) == 1


def test_arm64_is_the_same_with_and_without_its_variant() -> None:
    assert len(plan_merge((AMD, part("linux/arm64/v8")))) == 1


def plain(made: Part, config: dict[str, Any], media_type: str = OCI_MANIFEST, body: bytes = b"") -> PartManifest:
    return PartManifest(part=made, media_type=media_type, body=body or body_of("sha256:c"), config=config)


def index_of(*manifests: PartManifest) -> MergedIndex:
    (merge,) = plan_merge([one.part for one in manifests])
    return make_index(merge, manifests)


LINUX_AMD = {"os": "linux", "architecture": "amd64"}
LINUX_ARM = {"os": "linux", "architecture": "arm64", "variant": "v8"}


def test_plain_manifests_become_an_index_as_buildkit_writes_one() -> None:
    made = index_of(plain(AMD, LINUX_AMD), plain(ARM, LINUX_ARM))
    assert made.media_type == OCI_INDEX
    size = len(body_of("sha256:c"))
    assert made.body.decode() == (
        '{\n  "schemaVersion": 2,\n  "mediaType": "application/vnd.oci.image.index.v1+json",\n  "manifests": [\n'
        f'    {{\n      "mediaType": "{OCI_MANIFEST}",\n      "digest": "{AMD.digest}",\n      "size": {size},\n'
        '      "platform": {\n        "architecture": "amd64",\n        "os": "linux"\n      }\n    },\n'
        f'    {{\n      "mediaType": "{OCI_MANIFEST}",\n      "digest": "{ARM.digest}",\n      "size": {size},\n'
        '      "platform": {\n        "architecture": "arm64",\n        "os": "linux"\n      }\n    }\n  ]\n}'
    )


@pytest.mark.parametrize(
    ("types", "annotated", "expected"),
    [
        ((DOCKER_MANIFEST, DOCKER_MANIFEST), False, DOCKER_LIST),
        ((DOCKER_MANIFEST, OCI_MANIFEST), False, OCI_INDEX),
        ((DOCKER_MANIFEST, DOCKER_MANIFEST), True, OCI_INDEX),
    ],
)
def test_the_type_of_the_index_follows_its_manifests(types: tuple[str, str], annotated: bool, expected: str) -> None:
    more: dict[str, Any] = {"index_annotations": (("a", "1"),)} if annotated else {}
    parts = [part(name, **more) for name in BOTH]
    made = index_of(plain(parts[0], LINUX_AMD, types[0]), plain(parts[1], LINUX_ARM, types[1]))
    data = json.loads(made.body)
    assert (made.media_type, data["mediaType"]) == (expected, expected)
    assert data.get("annotations") == ({"a": "1"} if annotated else None)


def attested(made: Part, platform: dict[str, Any], **more: Any) -> PartManifest:
    image = {"mediaType": OCI_MANIFEST, "digest": digest_of(made.digest.encode()), "size": 7, "platform": platform}
    annotations = {
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }
    unknown = {"architecture": "unknown", "os": "unknown"}
    other = {**image, "digest": digest_of(b"x"), "annotations": annotations, "platform": unknown}
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image, other], **more}).encode()
    return PartManifest(part=made, media_type=OCI_INDEX, body=body, config={})


def test_the_entries_of_an_index_are_taken_as_they_are_with_its_annotations() -> None:
    described = part("linux/arm64", descriptor_annotations=(("linux/arm64", (("d", "4"),)),))
    first = attested(AMD, LINUX_AMD, annotations={"a": "1"})
    second = attested(described, {"os": "linux", "architecture": "arm64"})
    data = json.loads(index_of(first, second).body)
    own = [*json.loads(first.body)["manifests"], *json.loads(second.body)["manifests"]]
    own[2]["annotations"] = {"d": "4"}
    assert data["manifests"] == own
    assert data["annotations"] == {"a": "1"}


@pytest.mark.parametrize(
    ("config", "shown"),
    [(LINUX_AMD, "linux/amd64"), ({}, "unknown"), ({"os": "windows", "architecture": "arm64"}, "windows/arm64")],
)
def test_a_manifest_for_another_platform_than_its_file_says(config: dict[str, Any], shown: str) -> None:
    with pytest.raises(CannotStart) as caught:
        index_of(plain(AMD, LINUX_AMD), plain(ARM, config))
    assert f"linux-arm64.json names linux/arm64, and {ARM.reference} is for {shown}" in caught.value.message


def test_indexes_whose_annotations_contradict_each_other() -> None:
    with pytest.raises(CannotStart, match="different values of the annotation 'a'"):
        index_of(attested(AMD, LINUX_AMD, annotations={"a": "1"}), attested(ARM, LINUX_ARM, annotations={"a": "2"}))


@pytest.mark.parametrize(
    ("spelled", "config", "expected"),
    [
        (
            "linux/arm/v7",
            {"os": "linux", "architecture": "arm"},
            {"architecture": "arm", "os": "linux", "variant": "v7"},
        ),
        (
            "windows/amd64",
            {"os": "windows", "architecture": "amd64", "os.version": "10.0.17763"},
            {"architecture": "amd64", "os": "windows", "os.version": "10.0.17763"},
        ),
    ],
)
def test_the_platform_of_a_plain_manifest(spelled: str, config: dict[str, Any], expected: dict[str, Any]) -> None:
    both = ("linux/amd64", spelled)
    made = index_of(plain(part("linux/amd64", expected=both), LINUX_AMD), plain(part(spelled, expected=both), config))
    assert json.loads(made.body)["manifests"][1]["platform"] == expected


def test_a_part_that_is_the_whole_image_stays_as_it_is_unless_the_index_has_annotations() -> None:
    alone = part("linux/amd64", expected=("linux/amd64",))
    made = index_of(plain(alone, LINUX_AMD, DOCKER_MANIFEST, body=b'{"config": {"digest": "sha256:c"} }'))
    assert (made.media_type, made.body) == (DOCKER_MANIFEST, b'{"config": {"digest": "sha256:c"} }')
    annotated = part("linux/amd64", expected=("linux/amd64",), index_annotations=(("a", "1"),))
    assert json.loads(index_of(plain(annotated, LINUX_AMD)).body)["annotations"] == {"a": "1"}


def test_a_part_of_all_platforms_is_an_index_already() -> None:
    whole = part(*BOTH)
    entries = [
        {"mediaType": OCI_MANIFEST, "digest": digest_of(name.encode()), "size": 1, "platform": {**platform}}
        for name, platform in zip(BOTH, (LINUX_AMD, {"os": "linux", "architecture": "arm64"}), strict=True)
    ]
    body = json.dumps({"mediaType": OCI_INDEX, "manifests": entries}).encode()
    manifest = PartManifest(part=whole, media_type=OCI_INDEX, body=body, config={})
    assert index_of(manifest).body == body


@pytest.mark.parametrize(("body", "digest"), [(body_of("sha256:c"), "sha256:c"), (b'{"manifests": []}', "")])
def test_the_configuration_of_a_manifest(body: bytes, digest: str) -> None:
    assert config_digest(body) == digest


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "Expecting value"), (b"[]", "not a manifest"), (b"{}", "without a conf"), (b'{"config": {}}', "without")],
)
def test_what_is_not_an_image(body: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config_digest(body)
