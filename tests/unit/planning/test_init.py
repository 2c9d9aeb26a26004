"""New configs: image names, contexts, and which artifact is built from which."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from buildx_tasks.document.formats.dockerbases import BaseImage, base_images, needed_sources
from buildx_tasks.document.formats.dockerfile import parse_dockerfile
from buildx_tasks.document.validate import validate_text
from buildx_tasks.model.newconfig import NewArtifact
from buildx_tasks.planning.init.artifacts import plan_artifacts
from buildx_tasks.planning.init.found import FoundDockerfile, ProjectFacts, is_dockerfile
from buildx_tasks.planning.init.text import config_text

SHOP = ProjectFacts(name="Shop")


def found(
    path: str, text: str = "FROM scratch\n", present: Mapping[str, tuple[str, ...]] | None = None
) -> FoundDockerfile:
    """A Dockerfile; each folder that may be its context has what `present` says of it, by default nothing."""
    dockerfile = parse_dockerfile(text, path)
    folders = path.split("/")[:-1]
    contexts = ["/".join(folders[:depth]) or "." for depth in range(len(folders), -1, -1)]
    return FoundDockerfile(
        path=path,
        dockerfile=dockerfile,
        sources=needed_sources(dockerfile),
        present={context: frozenset((present or {}).get(context, ())) for context in contexts},
    )


def planned(*dockerfiles: FoundDockerfile, project: ProjectFacts = SHOP) -> dict[str, NewArtifact]:
    return {item.file: item for item in plan_artifacts(dockerfiles, project)}


def names(*paths: str) -> dict[str, str]:
    return {path: item.image for path, item in planned(*map(found, paths)).items()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dockerfile", True),
        ("dockerfile", True),
        ("Containerfile", True),
        ("Dockerfile.dev", True),
        ("worker.Dockerfile", True),
        ("worker.v2.dockerfile", True),
        ("Containerfile.prod", True),
        ("Dockerfile.dockerignore", False),
        ("Dockerfile.j2", False),
        ("Dockerfile.tmpl", False),
        ("Dockerfile~", False),
        ("Dockerfile.bak", False),
        ("Dockerfile.md", False),
        ("MyDockerfile", False),
        ("Dockerfiles", False),
    ],
)
def test_names_of_dockerfiles(name: str, expected: bool) -> None:
    assert is_dockerfile(name) is expected


@pytest.mark.parametrize(
    ("paths", "images"),
    [
        (("Dockerfile",), ("shop",)),
        (("api/Dockerfile", "web/Dockerfile"), ("api", "web")),
        (("Dockerfile", "Dockerfile.dev", "worker.Dockerfile"), ("shop", "shop-dev", "shop-worker")),
        (("api/Dockerfile", "api/Dockerfile.dev"), ("api", "api-dev")),
        (("api/Dockerfile.prod",), ("api",)),
        (("api/docker/Dockerfile",), ("api",)),
        (("docker/api.Dockerfile", "docker/web.Dockerfile"), ("api", "web")),
        (("docker/Dockerfile",), ("shop",)),
        (("Dockerfile", "docker/Dockerfile"), ("shop", "shop-docker")),
        (("one/api/Dockerfile", "two/api/Dockerfile"), ("one-api", "two-api")),
        (("a/b/c/Dockerfile", "x/b/c/Dockerfile", "c/Dockerfile"), ("a-b-c", "x-b-c", "shop-c")),
        (("nginx/Dockerfile", "services/Redis/Dockerfile"), ("shop-nginx", "services-redis")),
        (("My App/Dockerfile", "my_app/Dockerfile"), ("my-app", "my_app")),
        (("café/Dockerfile", "服务/Dockerfile"), ("cafe", "shop")),
        (("服务/Dockerfile", "世界/Dockerfile"), ("shop", "shop-2")),
        (("api/Containerfile", "api/Dockerfile"), ("shop-api", "shop-api-2")),
    ],
)
def test_image_names_are_short_valid_and_unique(paths: tuple[str, ...], images: tuple[str, ...]) -> None:
    assert tuple(names(*paths).values()) == images


def test_a_folder_is_called_what_dockerfiles_call_it() -> None:
    one = planned(found("base/Dockerfile"), found("api/Dockerfile", "FROM shop/base\n"))
    assert one["base/Dockerfile"].image == "shop/base"
    assert one["api/Dockerfile"].requires == (("shop/base", ""),)
    other = planned(found("base/Dockerfile"), found("api/Dockerfile", "FROM shop-base:latest\n"))
    assert other["base/Dockerfile"].image == "shop-base"
    assert other["api/Dockerfile"].contexts == (("shop-base", "shop-base"),)


@pytest.mark.parametrize(
    ("text", "present", "context", "dockerfile", "missing"),
    [
        ("COPY . .", {}, "api", "Dockerfile", ()),
        ("COPY go.mod ./", {"api": ("go.mod",), ".": ("go.mod",)}, "api", "Dockerfile", ()),
        ("COPY go.mod ./", {".": ("go.mod",)}, ".", "api/Dockerfile", ()),
        ("COPY go.mod api/main.go ./", {"api": ("go.mod",), ".": ("go.mod", "api/main.go")}, ".", "api/Dockerfile", ()),
        ("COPY package.json dist ./", {"api": ("package.json",)}, "api", "Dockerfile", ("dist",)),
        ("RUN --mount=type=bind,source=lib,target=/l make", {".": ("lib",)}, ".", "api/Dockerfile", ()),
        ("COPY --from=build /out /out", {}, "api", "Dockerfile", ()),
    ],
)
def test_the_context_is_where_the_sources_are(
    text: str, present: dict[str, tuple[str, ...]], context: str, dockerfile: str, missing: tuple[str, ...]
) -> None:
    (item,) = planned(found("api/Dockerfile", f"FROM busybox AS build\n{text}\n", present)).values()
    assert (item.context, item.dockerfile, item.missing) == (context, dockerfile, missing)


def test_a_folder_for_docker_alone_is_not_a_context() -> None:
    one = planned(found("api/docker/Dockerfile", "FROM busybox\nCOPY . .\n"), found("docker/web.Dockerfile"))
    assert one["api/docker/Dockerfile"].context == "api"
    assert one["docker/web.Dockerfile"].context == "."


@pytest.mark.parametrize(
    ("text", "requires", "contexts"),
    [
        ("FROM base", (("base", ""),), (("base", "base"),)),
        ("FROM base:latest AS x", (("base", ""),), (("base", "base"),)),
        ("ARG BASE=base\nFROM $BASE", (("base", "BASE"),), ()),
        ("ARG IMAGE=base:latest\nFROM ${IMAGE}", (("base", "IMAGE"),), ()),
        ("ARG BASE\nFROM ${BASE}", (("base", "BASE"),), ()),
        ("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}", (("base", "BASE_IMAGE"),), ()),
        ("FROM busybox\nCOPY --from=base /a /a", (("base", ""),), (("base", "base"),)),
        ("ARG BASE=base\nFROM $BASE\nFROM base", (("base", "BASE"),), (("base", "base"),)),
        ("ARG BASE=base\nFROM $BASE AS one\nFROM $BASE", (("base", "BASE"),), ()),
        # None of these certainly means the artifact.
        ("FROM base:1.2", (), ()),
        ("FROM registry.example/base", (), ()),
        ("FROM base@sha256:" + "0" * 64, (), ()),
        ("ARG BASE=busybox\nFROM $BASE", (), ()),
        ("ARG TAG=latest\nFROM other:$TAG", (), ()),
        ("ARG OTHER\nFROM $OTHER", (), ()),
        ("FROM busybox AS base\nFROM base", (), ()),
        ("FROM scratch", (), ()),
    ],
)
def test_what_certainly_is_another_artifact_is_required(
    text: str, requires: tuple[tuple[str, str], ...], contexts: tuple[tuple[str, str], ...]
) -> None:
    item = planned(found("base/Dockerfile"), found("api/Dockerfile", f"{text}\n"))["api/Dockerfile"]
    assert (item.requires, item.contexts) == (requires, contexts)


def test_no_two_artifacts_require_each_other() -> None:
    one = planned(
        found("a/Dockerfile", "FROM b\n"), found("b/Dockerfile", "FROM c\n"), found("c/Dockerfile", "FROM a\n")
    )
    assert [item.requires for item in one.values()] == [(("b", ""),), (("c", ""),), ()]


def test_a_name_of_docker_hub_stays_docker_hubs() -> None:
    one = planned(found("nginx/Dockerfile", "FROM alpine\n"), found("web/Dockerfile", "FROM nginx\n"))
    assert one["nginx/Dockerfile"].image == "shop-nginx"
    assert one["web/Dockerfile"].requires == ()


@pytest.mark.parametrize("committed", [True, False])
def test_the_text_is_valid_with_and_without_what_its_comments_show(committed: bool) -> None:
    dockerfiles = (
        found("Dockerfile"),
        found("on/Dockerfile", "ARG SHOP=shop\nFROM $SHOP\n"),
        found("yes/x.Dockerfile"),
        found("yes/Dockerfile", "FROM shop\n"),
    )
    project = ProjectFacts(name="Shop", committed=committed)
    text = config_text(plan_artifacts(dockerfiles, project), project, "# modeline")
    assert text.startswith("# modeline\n# ")
    assert ("tagPolicy: {inputDigest: {}}" in text) is not committed
    assert validate_text(text, upstream=True, warnings=True) == []
    shown = [
        line.replace("# ", "", 1) if line.lstrip().startswith(("# docker", "# platforms")) else line
        for line in text.splitlines()
    ]
    shown = [line.replace("#   cache", "  cache") for line in shown]
    assert "      docker:" in shown
    assert "        cacheFrom: [shop:cache]" in shown
    assert max(map(len, text.splitlines())) <= 80
    assert validate_text("\n".join(shown), warnings=True) == []


def test_base_images_with_and_without_arguments() -> None:
    text = 'ARG A="x" B=y C\nFROM ${A}\nFROM $A/$B\nFROM $C AS c\nFROM --platform=linux/amd64 c\nFROM $D\nFROM $A\n'
    assert base_images(parse_dockerfile(text)) == (
        BaseImage("x", "A"),
        BaseImage("x/y"),
        BaseImage("", "C"),
        BaseImage("", ""),
    )


def test_needed_sources_are_plain_paths_of_the_context() -> None:
    text = """FROM a
ARG DIR=src
ENV SUB=lib
COPY ["one file", "./two/", "/d/"]
COPY $DIR/main.c ${SUB}/x /d/
COPY . /d
ADD https://example.invalid/x git@example.invalid:x/y.git /d/
COPY --from=a /x /d
COPY ../up *.txt **/deep /d/
COPY <<EOF /d/e
EOF
RUN --mount=type=bind,target=/w --mount=type=cache,target=/c --mount=type=bind,source=m,target=/m true
"""
    assert needed_sources(parse_dockerfile(text)) == ("one file", "two", "src/main.c", "lib/x", "up", "*.txt", "m")
