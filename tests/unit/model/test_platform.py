"""Platforms: spelling, comparing, matching."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.platform import (
    Platform,
    PlatformSet,
    format_platforms,
    intersect,
    parse_platform,
    parse_platforms,
)

AMD64 = Platform(os="linux", arch="amd64")
ARM = Platform(os="linux", arch="arm", variant="v6")
MAC = Platform(os="darwin", arch="arm64")


def platforms(*texts: str) -> PlatformSet:
    return parse_platforms(texts, AMD64)


@pytest.mark.parametrize(
    ("text", "host", "expected"),
    [
        ("linux/amd64", AMD64, "linux/amd64"),
        ("Linux/X86_64", AMD64, "linux/amd64"),
        ("linux/x86-64", AMD64, "linux/amd64"),
        ("linux/amd64/v1", AMD64, "linux/amd64"),
        ("linux/amd64/v3", AMD64, "linux/amd64/v3"),
        ("linux/aarch64", AMD64, "linux/arm64"),
        ("linux/arm64/v8", AMD64, "linux/arm64/v8"),
        ("linux/arm64/8", AMD64, "linux/arm64/v8"),
        ("linux/arm", AMD64, "linux/arm"),
        ("linux/armhf", AMD64, "linux/arm"),
        ("linux/armel", AMD64, "linux/arm/v6"),
        ("linux/arm/7", AMD64, "linux/arm/v7"),
        ("linux/arm/v7", AMD64, "linux/arm/v7"),
        ("linux/arm/6", AMD64, "linux/arm/v6"),
        ("linux/i386", AMD64, "linux/386"),
        ("macos/arm64", AMD64, "darwin/arm64"),
        ("windows", AMD64, "windows/amd64"),
        ("linux", ARM, "linux/arm/v6"),
        ("linux", Platform(os="linux", arch="arm", variant="v7"), "linux/arm"),
        ("arm64", MAC, "darwin/arm64"),
        ("aarch64", AMD64, "linux/arm64"),
        ("armhf", AMD64, "linux/arm"),
        ("s390x", AMD64, "linux/s390x"),
        ("windows(10.0.17763)/amd64", AMD64, "windows(10.0.17763)/amd64"),
        ("Windows(10.0.20348+win32k)/x86_64", AMD64, "windows(10.0.20348+win32k)/amd64"),
        ("windows()/amd64", AMD64, "windows/amd64"),
        ("windows(10.0.17763)", AMD64, "windows(10.0.17763)/amd64"),
    ],
)
def test_spelling(text: str, host: Platform, expected: str) -> None:
    assert str(parse_platform(text, host)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo/arm64", "unknown operating system 'foo'"),
        ("darwin/foo", "unknown architecture 'foo'"),
        ("foo", "unknown operating system or architecture 'foo'"),
        ("linux/*", "is not a platform"),
        ("linux/arm/v7/x", "is not a platform"),
        ("linux/", "is not a platform"),
        ("", "is not a platform"),
        ("linux /amd64", "is not a platform"),
        ("windows(10.0/amd64", "is not a platform"),
        ("windows(a b)/amd64", "is not a platform"),
        ("linux/amd64(1)", "is not a platform"),
    ],
)
def test_no_platform(text: str, message: str) -> None:
    with pytest.raises(CannotStart, match=message) as caught:
        parse_platform(text, AMD64)
    assert "linux/amd64" in caught.value.hint


def test_a_near_name_is_offered() -> None:
    with pytest.raises(CannotStart) as caught:
        parse_platform("linux/amd46", AMD64)
    assert "did you mean amd64?" in caught.value.hint


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ""),
        ([""], ""),
        (["linux/amd64,linux/arm64"], "linux/amd64,linux/arm64"),
        (["linux/amd64", " linux/arm/v7 ,"], "linux/amd64,linux/arm/v7"),
        (["linux/arm64", "linux/arm64/v8", "linux/aarch64"], "linux/arm64"),
        (["All"], "all"),
        (["linux/amd64", "all", "nonsense"], "all"),
    ],
)
def test_lists(texts: list[str], expected: str) -> None:
    assert format_platforms(parse_platforms(texts, AMD64)) == expected


def test_a_mistake_before_all() -> None:
    with pytest.raises(CannotStart):
        platforms("nonsense,all")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("all", "all", "all"),
        ("all", "", ""),
        ("", "all", ""),
        ("all", "linux/arm64", "linux/arm64"),
        ("linux/arm64", "all", "linux/arm64"),
        ("linux/amd64,windows/amd64", "linux/amd64,darwin/arm64", "linux/amd64"),
        ("linux/amd64", "darwin/arm64", ""),
        ("linux/arm64/v8,linux/amd64", "linux/amd64,linux/arm64", "linux/arm64/v8,linux/amd64"),
        ("linux/arm", "linux/arm/v7", "linux/arm"),
        ("linux/arm/v6", "linux/arm/v7", ""),
    ],
)
def test_intersection(left: str, right: str, expected: str) -> None:
    assert format_platforms(intersect(platforms(left), platforms(right))) == expected


def test_a_version_of_windows_is_kept_and_no_version_is_any() -> None:
    old, new, any_version = (
        parse_platform(f"windows{version}/amd64", AMD64) for version in ("(10.0.17763)", "(10.0.20348)", "")
    )
    assert old.same_as(any_version)
    assert not old.same_as(new)
    assert format_platforms(platforms(str(old), str(new), str(old))) == f"{old},{new}"
    assert format_platforms(platforms(str(old), str(any_version))) == f"{old},{any_version}"
    assert format_platforms(intersect(platforms(str(old), str(new)), platforms(str(any_version)))) == f"{old},{new}"


@pytest.mark.parametrize(
    ("texts", "filled", "multi"),
    [("", False, False), ("all", True, True), ("linux/arm64", True, False), ("linux/arm64,linux/amd64", True, True)],
)
def test_classes(texts: str, filled: bool, multi: bool) -> None:
    found = platforms(texts)
    assert (bool(found), found.is_multi) == (filled, multi)
