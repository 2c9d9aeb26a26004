"""Which artifacts a run builds: substrings, what they require, and builders that are not docker's."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart, NothingSelected
from buildx_tasks.model.config import Artifact, ArtifactExtras, Dependency
from buildx_tasks.planning.config.select import leave_out, select_artifacts


def artifact(image: str, *requires: str, kind: str = "docker", environment: str = "local") -> Artifact:
    needed = tuple(Dependency(image=name, alias="A") for name in requires)
    return Artifact(image=image, kind=kind, environment=environment, requires=needed, file="s.yaml", line=5)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), ["domain/image", "other"]),
        (("domain/image",), ["domain/image"]),
        (("image",), ["domain/image"]),
        (("other", "image"), ["domain/image", "other"]),
        (("other",), ["other"]),
    ],
)
def test_target_images(wanted: tuple[str, ...], expected: list[str]) -> None:
    found = select_artifacts([artifact("domain/image"), artifact("other")], wanted)
    assert [item.image for item in found] == expected


@pytest.mark.parametrize("wanted", ["DOMAIN/image", "none"])
def test_no_target(wanted: str) -> None:
    with pytest.raises(NothingSelected, match="no artifact matches"):
        select_artifacts([artifact("domain/image")], (wanted,))


def test_what_is_required_comes_along_in_config_order() -> None:
    chain = [artifact("top", "middle"), artifact("loose"), artifact("middle", "base"), artifact("base")]
    assert [item.image for item in select_artifacts(chain, ("top",))] == ["top", "middle", "base"]


def test_a_named_context_that_is_an_artifact_is_required_too() -> None:
    extras = ArtifactExtras(build_contexts=(("base", "artifact://base"),))
    top = Artifact(image="top", extras=extras)
    assert [item.image for item in select_artifacts([top, artifact("base")], ("top",))] == ["top", "base"]


@pytest.mark.parametrize("kind", ["bazel", "ko", "jib", "kaniko", "buildpacks"])
def test_other_builders_are_refused_with_the_way_around_them(kind: str) -> None:
    with pytest.raises(
        CannotStart, match=rf"s\.yaml:5: artifact 'a' is built by {kind}, which buildx can't do"
    ) as caught:
        select_artifacts([artifact("a", kind=kind), artifact("b")], ())
    assert caught.value.hint.splitlines() == [
        "let skaffold build it:  --other-builders skaffold",
        "or leave it out, and what needs it:  --other-builders skip",
    ]
    everything = [artifact("a", kind=kind), artifact("b")]
    for setting in ("skip", "skaffold"):
        assert select_artifacts(everything, (), setting) == tuple(everything)


@pytest.mark.parametrize(("kind", "environment"), [("docker", "googleCloudBuild"), ("custom", "cluster")])
def test_builds_elsewhere_are_refused_with_the_way_here(kind: str, environment: str) -> None:
    message = rf"artifact 'a' is built by build\.{environment}, which buildx can't do"
    with pytest.raises(CannotStart, match=message) as caught:
        select_artifacts([artifact("a", kind=kind, environment=environment)], ())
    assert "build: {local: {}}" in caught.value.hint


def test_what_is_left_out_with_all_that_needs_it() -> None:
    low = artifact("base", kind="ko")
    chain = [artifact("top", "middle", "loose"), artifact("loose"), artifact("middle", "base"), low]
    kept, left_out = leave_out(chain)
    assert [item.image for item in kept] == ["loose"]
    assert [(item.image, item.status, item.reason, item.by_choice) for item in left_out] == [
        ("top", "not-started", "needs middle", True),
        ("middle", "not-started", "needs base", True),
        ("base", "skipped", "built by ko", True),
    ]


def test_a_config_without_artifacts_has_nothing_to_build() -> None:
    assert select_artifacts([], ()) == ()
    with pytest.raises(NothingSelected, match="no artifact matches 'app': the config has no artifacts"):
        select_artifacts([], ("app",))


def test_a_circle_is_spelled_out() -> None:
    with pytest.raises(CannotStart, match="cycle in build dependencies: a -> b -> a"):
        select_artifacts([artifact("a", "b"), artifact("b", "a")], ())
