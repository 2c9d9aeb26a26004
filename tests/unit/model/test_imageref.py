"""Image references: the grammar, and what each part is called."""

from __future__ import annotations

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.model.imageref import ImageRef, canonical, familiar, is_valid_tag, parse_image_ref, registry_of

D = "sha256:" + "81daf011d63b68cfa514ddab7741a1adddd59d3264118dfb0fd9266328bb8883"[:64]


@pytest.mark.parametrize(
    ("text", "base_name", "tag", "digest"),
    [
        ("host:1234/user/container:tag", "host:1234/user/container", "tag", ""),
        ("host:1234/user/container", "host:1234/user/container", "", ""),
        ("host/user/container:latest", "host/user/container", "latest", ""),
        ("host/user/container:tag", "host/user/container", "tag", ""),
        ("gcr.io/k8s-skaffold/example", "gcr.io/k8s-skaffold/example", "", ""),
        ("gcr.io/k8s-skaffold/Example:Tag", "gcr.io/k8s-skaffold/example", "Tag", ""),
        (f"gcr.io/k8s-skaffold/example@{D}", "gcr.io/k8s-skaffold/example", "", D),
        (f"gcr.io/p/e:v1@{D}", "gcr.io/p/e", "v1", D),
        (f"gcr.io/p/e:latest@{D}", "gcr.io/p/e", "latest", D),
        ("ko://github.com/Acme/Tool", "github.com/acme/tool", "", ""),
        ("ko://github.com/Acme/Tool:V1", "github.com/acme/tool", "V1", ""),
        ("app", "app", "", ""),
        ("a__b.c-d---e", "a__b.c-d---e", "", ""),
        ("[2001:db8::1]:5000/app:1", "[2001:db8::1]:5000/app", "1", ""),
    ],
)
def test_parts(text: str, base_name: str, tag: str, digest: str) -> None:
    ref = parse_image_ref(text)
    assert (ref.base_name, ref.tag, ref.digest) == (base_name, tag, digest)
    assert parse_image_ref(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "domain", "path", "repo", "name", "registry"),
    [
        ("app:v1", "", "app", "", "", ""),
        ("user/app", "user", "app", "user", "app", ""),
        ("user/group/app", "user", "group/app", "user/group", "app", ""),
        ("user_x/app", "", "user_x/app", "user_x", "app", ""),
        ("gcr.io/p/app:v1", "gcr.io", "p/app", "gcr.io/p", "app", "gcr.io"),
        ("localhost/app", "localhost", "app", "localhost", "app", "localhost"),
        ("localhost:5000/app:v1", "localhost:5000", "app", "localhost:5000", "app", "localhost:5000"),
        ("HOST:80/App", "host:80", "app", "host:80", "app", "host:80"),
        ("docker.io/library/app", "docker.io", "library/app", "docker.io/library", "app", "docker.io"),
        ("[::1]/app", "[::1]", "app", "[::1]", "app", "[::1]"),
    ],
)
def test_names(text: str, domain: str, path: str, repo: str, name: str, registry: str) -> None:
    ref = parse_image_ref(text)
    assert (ref.domain, ref.path, ref.repo, ref.name) == (domain, path, repo, name)
    assert registry_of(ref) == registry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!!invalid!!",
        "app:",
        "app:-x",
        "app:a:b",
        "app@sha256:abc",
        f"app@{D.upper().replace('SHA256', 'sha256')}",
        "app@md5:" + "a" * 32,
        "registry.example.com:8080:garbage",
        "/app",
        "app/",
        "a//b",
        "-app",
        "app:v1\n",
        "app:" + "x" * 129,
        "x.io/" + "a" * 256,
        "ko://",
        "a b",
        "ünï/app",
    ],
)
def test_invalid(text: str) -> None:
    with pytest.raises(CannotStart, match="not a valid image reference"):
        parse_image_ref(text)


def test_longest_name() -> None:
    assert len(parse_image_ref("x.io/" + "a" * 255).path) == 255


@pytest.mark.parametrize(
    ("tag", "valid"),
    [
        ("v1", True),
        ("_x", True),
        ("x" * 128, True),
        ("x" * 129, False),
        (".x", False),
        ("-x", False),
        ("", False),
        ("a/b", False),
        ("a+b", False),
        ("v1\n", False),
        ("é", False),
    ],
)
def test_tags(tag: str, valid: bool) -> None:
    assert is_valid_tag(tag) is valid


def test_text_of_a_reference() -> None:
    ref = ImageRef(base_name="x.io/app", domain="x.io", path="app", tag="v1", digest=D)
    assert str(ref) == f"x.io/app:v1@{D}"


@pytest.mark.parametrize(
    ("text", "short", "whole"),
    [
        ("python", "python:latest", "docker.io/library/python:latest"),
        ("docker.io/library/python:3", "python:3", "docker.io/library/python:3"),
        ("index.docker.io/team/app", "team/app:latest", "docker.io/team/app:latest"),
        ("docker.io/python:3", "python:3", "docker.io/library/python:3"),
        ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"),
        ("localhost/app:1", "localhost/app:1", "localhost/app:1"),
        (f"app:1@sha256:{'0' * 64}", f"app:1@sha256:{'0' * 64}", f"docker.io/library/app:1@sha256:{'0' * 64}"),
        (f"app@sha256:{'0' * 64}", f"app@sha256:{'0' * 64}", f"docker.io/library/app@sha256:{'0' * 64}"),
    ],
)
def test_familiar_and_canonical_names(text: str, short: str, whole: str) -> None:
    assert (familiar(text), canonical(text)) == (short, whole)
