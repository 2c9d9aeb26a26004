"""Which platforms an artifact is built for."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.platform import Platform, PlatformSet, format_platforms, parse_platforms
from buildx_tasks.planning.build.platforms import resolve_platforms

AMD64 = Platform(os="linux", arch="amd64")


def platforms(text: str) -> PlatformSet:
    return parse_platforms([text], AMD64)


@pytest.mark.parametrize(
    ("cli", "build", "artifact", "disable_multi", "expected"),
    [
        ("linux/amd64,linux/386", "windows/amd64", "", False, "linux/amd64,linux/386"),
        ("linux/amd64,linux/386", "windows/amd64", "", True, "linux/amd64"),
        ("linux/amd64,linux/386", "windows/amd64", "darwin/arm64,linux/386", False, "linux/386"),
        ("", "linux/arm64,linux/386", "", False, "linux/arm64,linux/386"),
        ("", "linux/arm64,linux/386", "", True, "linux/arm64"),
        ("", "", "linux/arm64", False, "linux/arm64"),
        ("", "", "", True, ""),
        ("all", "", "", True, "linux/amd64"),
        ("all", "", "linux/arm64,linux/s390x", False, "linux/arm64,linux/s390x"),
        ("linux/arm64", "", "all", False, "linux/arm64"),
        ("linux/arm64,linux/amd64", "", "linux/amd64,linux/arm64", False, "linux/arm64,linux/amd64"),
        ("linux/arm64", "", "", True, "linux/arm64"),
    ],
)
def test_resolution(cli: str, build: str, artifact: str, disable_multi: bool, expected: str) -> None:
    found = resolve_platforms(
        platforms(cli), platforms(build), platforms(artifact), AMD64, image="app", disable_multi=disable_multi
    )
    assert format_platforms(found) == expected


def test_a_constraint_that_leaves_nothing() -> None:
    with pytest.raises(CannotStart, match=r"artifact 'app'.*darwin/arm64.*linux/amd64") as caught:
        resolve_platforms(platforms("linux/amd64"), platforms(""), platforms("darwin/arm64"), AMD64, image="app")
    assert "--platform" in caught.value.hint
