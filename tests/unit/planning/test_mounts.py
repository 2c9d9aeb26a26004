"""Cache mounts: which a Dockerfile has, under which tags they are kept, and what is done with them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from buildx_tasks.document.formats.dockerfile import parse_dockerfile
from buildx_tasks.errors import CannotStart
from buildx_tasks.model.config import Artifact, ArtifactExtras
from buildx_tasks.model.engine import Builder, BuilderNode
from buildx_tasks.model.mounts import CacheMount, KeptMount, Owner
from buildx_tasks.model.plan import BuildStep
from buildx_tasks.model.platform import Platform, parse_platforms
from buildx_tasks.model.request import BUILDX, DOCKER, REFERENCE, Because, BuildArg, BuildRequest, Placeholder
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.cachemounts import MountInput, PlannedMounts, mount_options, plan_mounts
from buildx_tasks.planning.build.engine import Tool
from buildx_tasks.planning.facts import SourceFacts
from buildx_tasks.planning.mounts.dockermounts import FoundMounts, MountScope, find_mounts
from buildx_tasks.planning.mounts.jobs import plan_jobs
from buildx_tasks.planning.mounts.mounttags import is_mount_tag, mount_tag
from buildx_tasks.planning.mounts.recipes import look_recipe, restore_recipe, save_recipe
from buildx_tasks.planning.mounts.sizes import parse_size, size_text

AMD64, ARM64 = Platform(os="linux", arch="amd64"), Platform(os="linux", arch="arm64")
PIP = CacheMount(id="/root/.cache/pip")
RUN = "RUN --mount=type=cache,"


def found(text: str, *, target: str = "", platform: Platform = AMD64, **build_args: str | None) -> FoundMounts:
    scope = MountScope(platform=platform, native=AMD64, target=target, build_args=build_args)
    return find_mounts(parse_dockerfile(text), scope)


def ids(text: str, **more: Any) -> list[str]:
    result = found(text, **more)
    assert not result.unknown
    return [mount.id for mount in result.mounts]


@pytest.mark.parametrize(
    ("options", "mount"),
    [
        ("target=/root/.cache/pip", PIP),
        ("dst=/root/.cache/pip/", PIP),
        ("destination=/root/x/../.cache/pip", PIP),
        ('"target=/root/.cache/pip"', PIP),
        ("target=rel", CacheMount(id="rel")),
        ("target=/x,id=/y/", CacheMount(id="/y/")),
        ("target=/x,uid=0", CacheMount(id="/x", owner=Owner(0, 0, 0o755))),
        ("target=/x,gid=7", CacheMount(id="/x", owner=Owner(0, 7, 0o755))),
        ("target=/x,mode=1777,uid=5", CacheMount(id="/x", owner=Owner(5, 0, 0o1777))),
        ("target=/x,source=/,ro", CacheMount(id="/x")),
    ],
)
def test_a_mount_is_what_buildkit_tells_it_apart_by(options: str, mount: CacheMount) -> None:
    assert found(f"FROM a\n{RUN}{options} true\n") == ((mount,), ())


def test_sharing_is_kept_and_tells_no_mounts_apart() -> None:
    (mount,) = found(f"FROM a\n{RUN}target=/x,sharing=Locked true\n{RUN}target=/x true\n").mounts
    assert mount.sharing == "locked"


def test_mounts_of_other_kinds_are_none() -> None:
    assert found("FROM a\nRUN --mount=type=secret,id=x --mount=target=/b --mount=type=tmpfs,target=/t true\n") == (
        (),
        (),
    )


STAGES = f"""\
FROM a AS base
{RUN}target=/base true
FROM base AS build
{RUN}target=/build true
FROM a AS tool
{RUN}target=/tool true
FROM a AS other
{RUN}target=/other true
FROM scratch
COPY --from=build /x /x
RUN --mount=type=bind,from=2,target=/t {RUN[4:]}target=/last <<EOF
true
EOF
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [("", ["/base", "/build", "/tool", "/last"]), ("build", ["/base", "/build"]), ("3", ["/other"])],
)
def test_only_the_stages_that_are_built_count(target: str, expected: list[str]) -> None:
    assert ids(STAGES, target=target) == expected


VARIABLES = f"""\
ARG TOOL=pip
ARG KIND=slow
FROM a AS fast
ENV HOMES=/home/fast PLAIN=1
FROM a AS slow
ENV HOMES=/home/slow
FROM ${{KIND}}
ARG TOOL
ARG TARGETARCH
ARG V=${{TOOL}}-3
ARG HOMES=/never
{RUN}target=$HOMES/.cache/${{TOOL}},id=$V-$TARGETARCH true
{RUN}target=${{HOMES}}/${{PLAIN:-no}} true
"""


def test_variables_are_those_of_buildkit() -> None:
    assert ids(VARIABLES, KIND="fast") == ["pip-3-amd64", "/home/fast/1"]
    assert ids(VARIABLES, KIND="fast", TOOL="uv", platform=ARM64) == ["uv-3-arm64", "/home/fast/1"]
    result = found(VARIABLES, V="9")
    assert [mount.id for mount in result.mounts] == ["9-amd64"]
    assert result.unknown == ("Dockerfile:13: $PLAIN, which it depends on, is not known here",)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{RUN}target=$GOPATH/pkg true", "$GOPATH, which it depends on, is not known here"),
        (f"ENV P=$PATH:/x\n{RUN}target=/x,id=$P true", "$P, which it depends on, is not known here"),
        (f"ARG LATER\n{RUN}target=/x,id=$LATER true", "$LATER, which it depends on, is not known here"),
        (f"{RUN}target=/x,from=b true", "it begins as a copy of b (from=)"),
        (f"{RUN}target=/x,source=sub true", "it shows only the folder sub (source=)"),
        (f"{RUN}'target=/x,id=a b' true", "it has an id with unusual characters: 'a b'"),
        (f"{RUN}target=/x,sharing=all true", "it has the unknown sharing 'all'"),
        (f"{RUN}target=/x,uid=me true", "it has a uid, gid or mode that is not a number"),
        (f"{RUN}target=${{X true", "target=${X"),
    ],
)
def test_what_cannot_be_known_is_said(line: str, why: str) -> None:
    result = found(f"FROM a\n{line}\n", LATER=None)
    assert not result.mounts
    assert len(result.unknown) == 1
    assert why in result.unknown[0] or "${X" in result.unknown[0]
    assert result.unknown[0].startswith(f"Dockerfile:{1 + len(line.splitlines())}: ")


def test_a_stage_from_scratch_has_no_variables_of_an_image() -> None:
    assert ids(f"FROM scratch\n{RUN}target=/x$GOPATH true\n") == ["/x"]


TAG = "bx-mount-55ejmgwx6icnbxfqnnerpcgzls-linux-amd64"


def test_a_tag_is_the_same_for_ever() -> None:
    assert mount_tag(PIP, "linux/amd64", "bx-") == TAG
    assert mount_tag(replace(PIP, sharing="locked"), "linux/amd64", "bx-") == TAG


def test_mounts_and_platforms_have_tags_of_their_own() -> None:
    mounts = [PIP, replace(PIP, owner=Owner()), replace(PIP, namespace="n"), CacheMount(id="x")]
    platforms = ["linux/amd64", "linux/arm/v7", "linux/arm/v6", "windows(10.0.1)/amd64"]
    tags = [mount_tag(mount, platform, "my.prefix_") for mount in mounts for platform in platforms]
    assert len(set(tags)) == 16
    assert all(is_mount_tag(tag, "my.prefix_") and not is_mount_tag(tag, "bx-") for tag in tags)


@pytest.mark.parametrize(
    "tag",
    [
        TAG.removeprefix("bx-"),
        f"{TAG}-v7-x",
        TAG.replace("linux", "linus"),
        TAG.replace("amd64", "amd46"),
        TAG.replace("55", "18"),
        f"bx-{'a' * 52}",
        "bx-last-0123456789abcdef",
        "bx-mount-main-linux-amd64",
        "latest",
    ],
)
def test_other_tags_are_not_taken_for_those_of_mounts(tag: str) -> None:
    assert not is_mount_tag(tag, "bx-")


@pytest.mark.parametrize(
    ("text", "size"),
    [("500", 500), ("1k", 1024), ("1.5m", 3 << 19), ("2g", 2 << 30), ("2 GB", 2 << 30), ("3MiB", 3 << 20), ("0", 0)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "limit") == size


def test_what_is_no_size() -> None:
    with pytest.raises(CannotStart, match="cache-mount-limit 'much' is not a size"):
        parse_size("much", "cache-mount-limit")
    assert [size_text(number) for number in (12, 1536, 5 << 20, 3 << 30)] == ["12 B", "1.5 kB", "5 MB", "3 GB"]


DOCKERFILE = f"FROM a\n{RUN}target=/root/.cache/pip true\n{RUN}target=$HOME/x true\n"
IMAGE = f"r.example/team/app:{TAG}"


def planned(**changes: Any) -> PlannedMounts:
    settings = Settings(**{"cache_mounts": "auto", **changes.pop("settings", {})})
    request = BuildRequest(
        image="app", tool=Because(BUILDX, ""), builder=Because("b", ""), **changes.pop("request", {})
    )
    given: dict[str, Any] = {
        "artifact": Artifact(image="app", extras=ArtifactExtras(cache_mounts=changes.pop("own", ""))),
        "tag": "r.example/team/app:v1",
        "request": request,
        "tool": Tool(name=BUILDX, reason=""),
        "settings": settings,
        "source": SourceFacts(parsed=parse_dockerfile(changes.pop("dockerfile", DOCKERFILE))),
        "pushes": True,
        "platforms": parse_platforms(changes.pop("platforms", ()), AMD64),
        "native": AMD64,
        "builder": Builder(name="b", nodes=(BuilderNode(name="b0"),)),
    }
    return plan_mounts(MountInput(**{**given, **changes}))


def test_a_mount_is_kept_in_the_repository_of_the_cache() -> None:
    result = planned()
    assert result.mounts == (KeptMount(mount=PIP, platform="linux/amd64", image=IMAGE, node="b0", saves=True),)
    assert result.notes == (
        "artifact 'app': a cache mount is not kept: Dockerfile:3: $HOME, which it depends on, is not known here",
    )
    (elsewhere,) = planned(settings={"cache_repo": "c.example/x", "artifact_cache_prefix": "p-"}).mounts
    assert elsewhere.image == f"c.example/x/app:{TAG.replace('bx-', 'p-')}"


FORK = {"GITHUB_EVENT_NAME": "pull_request"}


@pytest.mark.parametrize(
    ("mode", "changes", "saves", "note"),
    [
        ("auto", {}, True, ""),
        ("auto", {"pushes": False}, False, "the image is not pushed"),
        ("auto", {"pushes": False, "settings": {"cache_mode": "write"}}, True, ""),
        ("auto", {"settings": {"cache_mode": "read"}}, False, "cache-mode is read"),
        ("auto", {"environ": FORK}, False, "the pull request comes from a fork"),
        ("write", {"pushes": False}, True, ""),
        ("write", {"settings": {"cache_mode": "read"}}, True, ""),
        ("write", {"environ": FORK}, False, "the pull request comes from a fork"),
        ("read", {}, False, ""),
    ],
)
def test_who_saves(mode: str, changes: dict[str, Any], saves: bool, note: str) -> None:
    result = planned(**{**changes, "settings": {"cache_mounts": mode, **changes.get("settings", {})}})
    assert [kept.saves for kept in result.mounts] == [saves]
    assert [kept.restores for kept in result.mounts] == [True]
    said = [text for text in result.notes if "not saved" in text]
    assert said == ([f"artifact 'app': cache mounts are not saved: {note}"] if note else [])


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"settings": {"cache_mounts": "off"}}, False),
        ({"settings": {"cache_mounts": "off"}, "own": "write"}, True),
        ({"own": "off"}, False),
        ({"own": "off", "settings": {"origins": {"cache-mounts": "flag"}}}, True),
        ({"settings": {"cache_mode": "off"}}, False),
        ({"settings": {"cache_mode": "off", "cache_mounts": "read"}}, True),
    ],
)
def test_the_artifact_decides_unless_a_flag_does(changes: dict[str, Any], kept: bool) -> None:
    assert bool(planned(**changes).mounts) is kept


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tool": Tool(name=DOCKER, reason="builder is off")}, "plain docker builds it (builder is off)"),
        ({"tag": "team/app:v1", "pushes": False}, "'app' has no registry: set default-repo or cache-repo"),
    ],
)
def test_why_none_is_kept(changes: dict[str, Any], why: str) -> None:
    assert planned(**changes) == PlannedMounts(notes=(f"artifact 'app': cache mounts are not kept: {why}",))


def test_without_cache_nothing_is_restored_but_saved() -> None:
    (kept,) = planned(request={"no_cache": Because(True, "")}).mounts
    assert (kept.restores, kept.saves) == (False, True)


def test_build_args_of_the_command_and_of_its_flags() -> None:
    text = f"FROM a\nARG A\nARG B\nARG C\nARG D\n{RUN}target=/x,id=$A-$B-$C true\n{RUN}target=/x,id=$D true\n"
    args = (
        Because(BuildArg("A", "1"), ""),
        Because(BuildArg("B", None), ""),
        Because(BuildArg("D", Placeholder(REFERENCE, "base")), ""),
    )
    flags = (Because("--build-arg=C=3", ""), Because("--build-arg=BUILDKIT_CACHE_MOUNT_NS=ns", ""))
    result = planned(dockerfile=text, environ={"B": "2"}, request={"build_args": args, "cli_flags": flags})
    assert [kept.mount for kept in result.mounts] == [CacheMount(id="1-2-3", namespace="ns")]
    assert "$D, which it depends on, is not known here" in result.notes[0]


NODES = Builder(
    name="b",
    nodes=(
        BuilderNode(name="n0", claimed=("linux/amd64",)),
        BuilderNode(name="n1", claimed=("linux/arm64",)),
    ),
)


def test_each_platform_has_an_image_and_the_node_that_builds_it() -> None:
    both = {"platforms": ("linux/amd64", "linux/arm64")}
    kept = planned(builder=NODES, **both).mounts
    assert [(one.platform, one.node) for one in kept] == [("linux/amd64", "n0"), ("linux/arm64", "n1")]
    assert len({one.image for one in kept}) == 2
    assert [one.node for one in planned(**both).mounts] == ["b0", "b0"]
    unsure = Builder(name="b", nodes=(BuilderNode(name="n0"), BuilderNode(name="n1")))
    assert [one.node for one in planned(builder=unsure, **both).mounts] == ["", ""]


def step(image: str, *kept: KeptMount, platforms: tuple[str, ...] = ()) -> BuildStep:
    request = BuildRequest(image=image, tool=Because(BUILDX, ""))
    return BuildStep(
        artifact=Artifact(image=image), tag=image, request=request, builder="b", platforms=platforms, mounts=kept
    )


def keep(image: str, platform: str = "linux/amd64", node: str = "n", mount: CacheMount = PIP, **more: Any) -> KeptMount:
    return KeptMount(mount=mount, platform=platform, image=image, node=node, saves=True, **more)


def test_a_node_has_a_mount_once_whoever_uses_it() -> None:
    (job,) = plan_jobs([step("app", keep("app:m")), step("web", keep("web:m", restores=False))])
    (one,) = job.mounts
    assert (one.sources, one.targets, one.users) == (("app:m",), ("app:m", "web:m"), ("app", "web"))
    assert (job.builder, job.place, job.platform) == ("b", "n", "")


def test_platforms_of_one_node_are_one_job_and_nodes_are_apart() -> None:
    both = ("linux/amd64", "linux/arm64")
    (job,) = plan_jobs([step("a", keep("a:1"), keep("a:2", "linux/arm64"), platforms=both)])
    assert (job.platform, job.mounts[0].targets) == ("linux/amd64", ("a:1", "a:2"))
    jobs = plan_jobs([step("a", keep("a:1"), keep("a:2", "linux/arm64", node="m"), platforms=both)])
    assert [(one.place, one.platform) for one in jobs] == [("n", "linux/amd64"), ("m", "linux/arm64")]
    jobs = plan_jobs([step("a", keep("a:1"), keep("a:2", mount=replace(PIP, namespace="x")))])
    assert [one.namespace for one in jobs] == ["", "x"]


def test_recipes_use_a_mount_as_the_dockerfile_does_and_under_a_lock() -> None:
    mount = CacheMount(id="/x", owner=Owner(5, 6, 0o700), sharing="private")
    texts = [
        look_recipe([mount], "help:1", whole=True),
        restore_recipe([(mount, ["r/a:1@sha256:1", "r/b:1"])], "help:1"),
        save_recipe(mount, "help:1", "abc"),
    ]
    for text in texts:
        dockerfile = parse_dockerfile(text)
        assert text.startswith("FROM --platform=$BUILDPLATFORM help:1 AS helper\n")
        scope = MountScope(platform=AMD64, native=AMD64)
        lock, used = find_mounts(dockerfile, scope).mounts
        assert (used, used.sharing, lock.sharing) == (mount, "private", "locked")
        targets = re.findall(r"type=cache,target=(\S+?),", text)
        assert targets == sorted(targets)
    assert "FROM r/a:1@sha256:1 AS image0x0\nFROM r/b:1 AS image0x1\nFROM scratch AS image0\n" in texts[1]
    assert "LABEL buildx-tasks.cache-mount.content=abc\n" in texts[2]


def test_options_are_checked() -> None:
    options = mount_options(Settings(insecure_registries=("r",)), Tool(name=BUILDX, reason="", pushes_itself=True))
    assert (options.helper, options.limit, options.compresses, options.insecure) == ("busybox", 2 << 30, True, ("r",))
    assert not mount_options(Settings(insecure_registries=("r",)), Tool(name=BUILDX, reason="")).insecure
    for changes in ({"cache_mount_image": "a b"}, {"cache_mount_limit": "x"}, {"artifact_cache_prefix": "/"}):
        with pytest.raises(CannotStart):
            mount_options(Settings(**changes), Tool(name=BUILDX, reason=""))  # type: ignore[arg-type]
