"""Outputs and variables: valid names, one for each image."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from buildx_tasks.model.result import BUILT, CACHED, FAILED, ArtifactResult, Results
from buildx_tasks.reporting.cireports import dotenv_warning
from buildx_tasks.reporting.outputs import dotenv_text, github_outputs, output_names, variable_names

DIGEST = f"sha256:{'a' * 64}"


def made(image: str, status: str = BUILT, digest: str = DIGEST) -> ArtifactResult:
    tag = f"{image}:1"
    reference = f"{tag}@{digest}" if digest else tag
    return ArtifactResult(image=image, tag=tag, status=status, reference=reference, digest=digest)


RESULTS = Results(
    builds=(made("reg.example/team/app"), made("web", CACHED), made("api", FAILED), made("stays", digest=""))
)


def test_outputs_of_a_step() -> None:
    *lines, last = github_outputs(RESULTS).splitlines()
    assert lines == [
        f"image-reg-example-team-app=reg.example/team/app:1@{DIGEST}",
        f"digest-reg-example-team-app={DIGEST}",
        f"image-web=web:1@{DIGEST}",
        f"digest-web={DIGEST}",
        "image-stays=stays:1",
    ]
    name, _equals, value = last.partition("=")
    assert name == "builds"
    assert [item["imageName"] for item in json.loads(value)] == ["reg.example/team/app", "web", "stays"]
    assert json.loads(value)[1] == {
        "imageName": "web",
        "tag": f"web:1@{DIGEST}",
        "digest": DIGEST,
        "platforms": [],
        "status": "cached",
    }


def test_nothing_built_is_an_empty_list() -> None:
    assert github_outputs(Results()) == "builds=[]\n"


def test_variables_of_a_dotenv_report() -> None:
    assert dotenv_text(RESULTS).splitlines() == [
        f"IMAGE_REG_EXAMPLE_TEAM_APP=reg.example/team/app:1@{DIGEST}",
        f"IMAGE_WEB=web:1@{DIGEST}",
        "IMAGE_STAYS=stays:1",
        f"DIGEST_REG_EXAMPLE_TEAM_APP={DIGEST}",
        f"DIGEST_WEB={DIGEST}",
    ]


def test_names_that_clash_get_a_hash_and_a_plain_one_stays() -> None:
    names = output_names(["a.b", "a-b", "a/b", "c"])
    assert (names["a-b"], names["c"]) == ("a-b", "c")
    assert re.fullmatch(r"a-b-[0-9a-f]{8}", names["a.b"])
    assert len(set(names.values())) == 4
    assert re.fullmatch(r"A_B_[0-9A-F]{8}", variable_names(["a.b", "a-b"])["a-b"])


@given(st.lists(st.text(min_size=1), unique=True))
def test_names_are_valid_and_unique(images: list[str]) -> None:
    outputs, variables = output_names(images), variable_names(images)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in outputs.values())
    assert all(re.fullmatch(r"[A-Z0-9_]+", name) for name in variables.values())
    for names in (outputs, variables):
        assert len({name.lower() for name in names.values()}) == len(images)


def test_gitlab_takes_only_so_many_variables() -> None:
    assert dotenv_warning(RESULTS) == ""
    many = Results(builds=tuple(made(f"app-{number}") for number in range(26)))
    assert "52 variables" in dotenv_warning(many)
    long = Results(builds=(made("x" * 3000),))
    assert "GitLab rejects more than 5120 bytes" in dotenv_warning(long)
