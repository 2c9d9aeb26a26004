from __future__ import annotations

from typing import Any

import pytest

from buildx_tasks.document.schema.decode import decode_config
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Artifact
from buildx_tasks.planning.config.origins import Origins
from buildx_tasks.planning.config.overrides import FIELDS, apply_overrides

DOCUMENTS: list[dict[str, Any]] = [
    {
        "build": {
            "artifacts": [
                {"image": "app", "docker": {"target": "x", "buildArgs": {"A": "1"}}},
                {"image": "gcr.io/p/app.web", "platforms": ["linux/amd64"]},
            ]
        }
    },
    {"build": {"artifacts": [{"image": "other/tool", "custom": {"buildCommand": "./b"}}, {"image": "x/y"}]}},
]


def artifacts(*values: str) -> dict[str, Artifact]:
    changed = apply_overrides(DOCUMENTS, values)
    return {artifact.image: artifact for data in changed for artifact in decode_config(data).artifacts}


GOOD = [
    ("app.docker.target=debug", "app", "docker.target", "debug"),
    ("app.target=debug", "app", "docker.target", "debug"),
    ("app.docker.target=1.10", "app", "docker.target", "1.10"),
    ("app.docker.target='quoted'", "app", "docker.target", "quoted"),
    ("app.docker.target=a: b", "app", "docker.target", "a: b"),
    ("app.docker.target=null", "app", "docker.target", ""),
    ("app.buildArgs.X=1", "app", "docker.build_args", (("A", "1"), ("X", "1"))),
    ("app.docker.buildArgs.A=a=b,c", "app", "docker.build_args", (("A", "a=b,c"),)),
    ("app.buildArgs.A=null", "app", "docker.build_args", (("A", None),)),
    ("app.buildArgs.A=", "app", "docker.build_args", (("A", ""),)),
    ("app.buildArgs={B: 010}", "app", "docker.build_args", (("B", "8"),)),
    ("app.buildArgs.with.dots=1", "app", "docker.build_args", (("A", "1"), ("with.dots", "1"))),
    ("app.noCache=yes", "app", "docker.no_cache", True),
    ("app.cacheTo=type=registry,ref=r:c", "app", "docker.cache_to", ("type=registry,ref=r:c",)),
    ("app.cacheTo=[]", "app", "docker.cache_to", ()),
    ("app.cacheFrom=[a, b]", "app", "docker.cache_from", ("a", "b")),
    ("app.platforms=linux/arm64, linux/amd64", "app", "platforms", ("linux/arm64", "linux/amd64")),
    ("gcr.io/p/app.web.platforms=linux/arm64", "gcr.io/p/app.web", "platforms", ("linux/arm64",)),
    ("app.web.docker.target=t", "gcr.io/p/app.web", "docker.target", "t"),
    ("tool.custom.buildCommand=make a b", "other/tool", "custom.build_command", "make a b"),
    ("y.context=src", "x/y", "context", "src"),
    ("x/y.docker.target=t", "x/y", "docker.target", "t"),
    ("app.labels.a.b/c=1", "app", "extras.labels", (("a.b/c", "1"),)),
    ("app.sbom=true", "app", "extras.sbom", True),
    ("*.platforms=linux/arm64", "other/tool", "platforms", ("linux/arm64",)),
    ("*.docker.target=t", "gcr.io/p/app.web", "docker.target", "t"),
]


@pytest.mark.parametrize(("given", "image", "path", "expected"), GOOD, ids=[row[0] for row in GOOD])
def test_sets_a_field(given: str, image: str, path: str, expected: object) -> None:
    found: object = artifacts(given)[image]
    for name in path.split("."):
        found = getattr(found, name)
    assert found == expected


def test_a_star_leaves_artifacts_of_another_kind_alone_and_the_input_too() -> None:
    changed = artifacts("*.docker.target=t")
    assert (changed["other/tool"].kind, changed["app"].docker.target) == ("custom", "t")
    assert DOCUMENTS[0]["build"]["artifacts"][0]["docker"]["target"] == "x"


def test_later_values_win() -> None:
    assert artifacts("*.target=a", "app.target=b")["app"].docker.target == "b"


BAD = [
    ("app.docker.target", "has no =", "ARTIFACT.FIELD=VALUE"),
    ("ap.docker.target=x", "no such artifact", "did you mean app?"),
    ("gcr.io/p/app.wep.platforms=x", "no such artifact", "did you mean gcr.io/p/app.web?"),
    ("zzzzzz.docker.target=x", "no such artifact", "app, gcr.io/p/app.web, other/tool"),
    ("app.docker.targt=x", "no artifact has a field 'docker.targt'", "did you mean docker.target?"),
    ("app.=x", "no artifact has a field ''", "fields: context"),
    ("app.buildArgs=1", "must be a mapping", "FIELD.KEY=VALUE"),
    ("app.noCache=3", "must be true or false", ""),
    ("app.secrets=x", "must be a list", ""),
    ("app.platforms=[a", "not valid YAML", ""),
    ("tool.docker.target=x", "docker.target is for docker artifacts, here there is custom", ""),
]


@pytest.mark.parametrize(("given", "message", "hint"), BAD, ids=[row[0] for row in BAD])
def test_says_what_is_wrong(given: str, message: str, hint: str) -> None:
    with pytest.raises(CannotStart) as caught:
        artifacts(given)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_an_ambiguous_short_name_is_no_guess() -> None:
    documents = [{"build": {"artifacts": [{"image": "a/app"}, {"image": "b/app"}]}}]
    with pytest.raises(CannotStart, match="which of a/app, b/app"):
        apply_overrides(documents, ["app.target=x"])


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(CannotStart) as caught:
        artifacts("nope.target=x", "app.nope=x")
    assert len(caught.value.message.splitlines()) == 2


def test_changed_artifacts_keep_their_origin() -> None:
    data = {"build": {"artifacts": [{"image": "a"}, {"image": "b", "docker": {}}]}}
    origins = Origins(data)
    (changed,) = apply_overrides([data], ["b.target=x"], [origins])
    reordered = {"build": {"artifacts": changed["build"]["artifacts"][::-1]}}
    assert origins.path(reordered, ("build", "artifacts", 0)) == ("build", "artifacts", 1)


def test_every_docker_field_that_is_decoded_can_be_set() -> None:
    from dataclasses import fields

    from buildx_tasks.model.config import ArtifactExtras, DockerArtifact

    names = {name.rsplit(".", maxsplit=1)[-1].lower() for name in FIELDS}
    decoded = {field.name.replace("_", "") for kind in (DockerArtifact, ArtifactExtras) for field in fields(kind)}
    assert decoded <= names
