"""The images that a Dockerfile is built from: of the stages that a target needs, for one platform."""

from __future__ import annotations

import pytest

from buildx_tasks.document.formats.baseimages import ARTIFACT, DockerfileUse, base_images
from buildx_tasks.document.formats.dockerfile import parse_dockerfile


def found(text: str, **use: object) -> list[str]:
    images = base_images(parse_dockerfile(text), DockerfileUse(**use))  # type: ignore[arg-type]
    assert images.unknown == ()
    return [one.image for one in images.images]


def unknown(text: str, **use: object) -> tuple[str, ...]:
    return base_images(parse_dockerfile(text), DockerfileUse(**use)).unknown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM a", ["a:latest"]),
        ("FROM docker.io/library/a:1", ["a:1"]),
        ("FROM --platform=$BUILDPLATFORM a:1 AS b\nFROM b", ["a:1"]),
        ("FROM scratch", []),
        ("FROM a:1@sha256:" + "0" * 64, []),
        ("FROM a AS x\nFROM c", ["c:latest"]),
        ("FROM a AS x\nFROM c\nCOPY --from=X / /", ["a:latest", "c:latest"]),
        ("FROM a\nFROM c\nCOPY --from=0 / /", ["a:latest", "c:latest"]),
        ("FROM c\nCOPY --from=r.example:5/x/y:2 / /", ["c:latest", "r.example:5/x/y:2"]),
        ("FROM c\nRUN --mount=type=bind,from=d:1,target=/x ls", ["c:latest", "d:1"]),
        ("FROM c\nRUN --mount=type=cache,from=d:1,target=/x --mount=type=tmpfs,target=/y ls", ["c:latest", "d:1"]),
        ("FROM c\nRUN --mount=type=secret,id=s,from=d:1 ls", ["c:latest"]),
        ("# syntax=docker/dockerfile:1\nFROM c", ["c:latest", "docker/dockerfile:1"]),
        ("FROM a AS a\nFROM a", ["a:latest"]),
        ("FROM a AS x\nFROM x AS y\nFROM y", ["a:latest"]),
        ("FROM c\nRUN <<E\nFROM d\nE\n", ["c:latest"]),
        ("FROM c\nONBUILD COPY --from=d / /", ["c:latest"]),
    ],
)
def test_images(text: str, images: list[str]) -> None:
    assert found(text) == images


def test_the_target_decides() -> None:
    text = "FROM a AS one\nFROM b AS two\nFROM c\n"
    assert found(text, target="TWO") == ["b:latest"]
    assert found(text, target="0") == ["a:latest"]
    assert found(text, target="") == ["c:latest"]


def test_build_args() -> None:
    text = "ARG V=1 W=${V}-x\nFROM a:$V AS one\nFROM one AS two\nCOPY --from=b / /\nFROM c:${W} AS three\nFROM two\n"
    assert found(text) == ["a:1", "b:latest"]
    assert found(text, args={"V": "9"}, target="three") == ["c:9-x"]
    # An ARG of a stage has no say, nor a build arg that nothing declares before the first FROM.
    assert unknown("FROM a:$Z\nARG Z=1", args={"Z": "1"}) == (
        "Dockerfile:1: FROM: 'a:' is not a valid image reference: expected [registry/]name[:tag][@digest]",
    )


def test_platform_args() -> None:
    text = "FROM a AS base-amd64\nFROM b AS base-arm64\nFROM base-$TARGETARCH\n"
    assert found(text, platform_args={"TARGETARCH": "arm64"}) == ["b:latest"]
    assert found(text, platform_args={"TARGETARCH": "amd64"}) == ["a:latest"]


def test_artifacts_are_not_images() -> None:
    text = "ARG BASE\nFROM ${BASE}\nCOPY --from=c / /\n"
    assert found(text, args={"BASE": ARTIFACT}) == ["c:latest"]
    assert unknown("ARG BASE\nFROM x/$BASE", args={"BASE": ARTIFACT}) == (
        "Dockerfile:2: FROM x/ARTIFACT: which image that is can't be told",
    )


def test_named_contexts_replace_images_and_stages() -> None:
    text = "FROM python AS base\nCOPY --from=tools / /\nFROM base\nCOPY --from=docker.io/library/alpine:3 / /\n"
    assert found(text) == ["alpine:3", "python:latest", "tools:latest"]
    assert found(text, contexts=("python", "alpine:3")) == ["tools:latest"]
    assert found(text, contexts=("base",)) == ["alpine:3"]


def test_what_can_not_be_known() -> None:
    assert unknown("ARG BASE\nFROM $BASE") == ("Dockerfile:2: FROM $BASE: a build arg has no value",)
    assert unknown("FROM a\nCOPY --from=$X / /") == ("Dockerfile:2: COPY $X: which image that is can't be told",)
    foreign = "Dockerfile:1: the frontend x/mine:1 may read other images"
    assert unknown("# syntax=x/mine:1\nFROM a") == (foreign,)
    assert unknown("FROM a", args={"BUILDKIT_SYNTAX": "x/mine:1"}) == (foreign,)
    assert unknown("# syntax=r.example/mirror/docker/dockerfile:1\nFROM a") == ()


def test_places() -> None:
    images = base_images(parse_dockerfile("FROM a\n\nCOPY --from=b / /\n"), DockerfileUse(), "app/Dockerfile").images
    assert [(one.image, one.place) for one in images] == [
        ("a:latest", "app/Dockerfile:1"),
        ("b:latest", "app/Dockerfile:3"),
    ]
