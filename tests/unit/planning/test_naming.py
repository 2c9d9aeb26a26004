"""default-repo: the names that images get."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.planning.tags.references import apply_default_repo

D = "sha256:" + "0123456789abcdef" * 4
AWS = "aws_account_id.dkr.ecr.region.amazonaws.com"
US = "us-central1-docker.pkg.dev"
LONG = "gcr.io/" + "/".join(["somethingratherlong"] * 12)


@pytest.mark.parametrize("multi_level", [None, False])
@pytest.mark.parametrize(
    ("image", "default_repo", "expected"),
    [
        ("gcr.io/some/registry", "gcr.io/default", "gcr.io/default/gcr.io/some/registry"),
        ("github.com/org/app", f"{US}/default", f"{US}/default/github.com/org/app"),
        ("gcr.io/some/registry", "", "gcr.io/some/registry"),
        ("gcr.io/default/registry", "gcr.io/default", "gcr.io/default/registry"),
        ("eu.gcr.io/project/registry", "eu.gcr.io/project", "eu.gcr.io/project/registry"),
        (
            "gcr.io/default/example/registry",
            "gcr.io/default/repository",
            "gcr.io/default/repository/example/registry",
        ),
        ("gcr.io/some/registry", AWS, f"{AWS}/gcr_io_some_registry"),
        (LONG, AWS, f"{AWS}/{LONG.replace('/', '_').replace('.', '_')}"[:255]),
        ("gcr.io/k8s-skaffold/example", "gcr.io/k8s-skaffold", "gcr.io/k8s-skaffold/example"),
        (
            "gcr.io/k8s-skaffold/example1",
            "gcr.io/k8s-skaffold/myimage",
            "gcr.io/k8s-skaffold/myimage/example1",
        ),
        ("myrepo/skaffold-example", "myrepo", "myrepo/skaffold-example"),
        ("ko://example.com/cmd/app", "gcr.io/default", "gcr.io/default/example.com/cmd/app"),
        ("ko://example.com/Cmd/App", "myrepo", "myrepo/example_com_cmd_app"),
        ("img:tag", "gcr.io/default", "gcr.io/default/img:tag"),
        (f"img@{D}", "gcr.io/default", f"gcr.io/default/img@{D}"),
        (f"img:tag@{D}", "gcr.io/default", f"gcr.io/default/img:tag@{D}"),
        (f"a.b/img:T.1@{D}", "myrepo", f"myrepo/a_b_img:T.1@{D}"),
        ("my-app", "localhost:5000", "localhost:5000/my-app"),
        ("gcr.io/a/b", "localhost:5000", "localhost:5000/gcr_io_a_b"),
        ("foo/bar", "gcr.io/abc", "gcr.io/abc/foo_bar"),
        ("foo/bar", "gcr.io", "gcr.io/foo_bar"),
        ("foo/bar", "gcr.io/" + "p" * 30, "gcr.io/" + "p" * 30 + "/foo/bar"),
        ("foo/bar", "x.io/my.gcr.io", "x.io/my.gcr.io/foo_bar"),
        ("myrepository/foo", "myrepo", "myrepository/foo"),
        ("gcr.io/default-foo/x", "gcr.io/default", "gcr.io/default-foo/x"),
        ("!!invalid!!", "", "!!invalid!!"),
    ],
)
def test_default_repo(image: str, default_repo: str, multi_level: bool | None, expected: str) -> None:
    assert apply_default_repo(default_repo, multi_level, image) == expected


@pytest.mark.parametrize(
    ("image", "default_repo", "expected"),
    [
        ("gcr.io/some/registry", AWS, f"{AWS}/gcr.io/some/registry"),
        ("ko://example.com/cmd/app", "myrepo", "myrepo/example.com/cmd/app"),
        ("app", "myrepo", "myrepo/app"),
        ("gcr.io/some/registry:v1", "gcr.io/default", "gcr.io/default/gcr.io/some/registry:v1"),
        ("x.io/project/app", "x.io/project/team", "x.io/project/team/app"),
        (f"x.io/project/{'a' * 240}", "x.io/project/team", f"x.io/project/team/{'a' * 240}"),
        (LONG + ":v1", AWS, f"{AWS}/{LONG}"[:255] + ":v1"),
    ],
)
def test_several_levels(image: str, default_repo: str, expected: str) -> None:
    assert apply_default_repo(default_repo, True, image) == expected


def test_a_broken_name() -> None:
    with pytest.raises(CannotStart, match="not a valid image reference"):
        apply_default_repo("gcr.io/default", None, "!!invalid!!")
