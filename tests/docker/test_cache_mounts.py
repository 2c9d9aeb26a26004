"""Cache mounts outlive an emptied builder: real engines, a remote BuildKit, a registry."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from lab_support import Completed, Sandbox

NewSandbox = Callable[..., Sandbox]

HEAD = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  tagPolicy: {envTemplate: {template: v1}}
  artifacts:
"""
WARM = (
    "cd %s; if [ -e kept ]; then [ $(ls | wc -l) = 301 ] && echo found-it; "
    "else echo nothing-there; for file in $(seq 300); do echo $file > $file; done; touch kept; fi"
)
DOCKERFILE = f"""\
FROM busybox AS deps
ARG ROUND
ARG MOUNT
RUN --mount=type=cache,target=/cache/$MOUNT {WARM % "/cache/$MOUNT"}
RUN --mount=type=cache,id=$MOUNT-owned,target=/c,uid=5,gid=6,mode=0700,sharing=locked \\
  [ "$(stat -c %u:%g:%a /c)" = 5:6:700 ] && {WARM % "/c"}
FROM scratch
COPY --from=deps /etc /etc
"""


@dataclass
class Mounts:
    """A project whose mounts nobody else uses, on one builder."""

    sandbox: Sandbox
    builder: str = "default"
    images: tuple[str, ...] = ("app",)

    def __post_init__(self) -> None:
        lines = ""
        for image in self.images:
            self.sandbox.app(image, DOCKERFILE)
            arguments = f"{{ROUND: '{{{{.ROUND}}}}', MOUNT: {self.sandbox.prefix}}}"
            lines += f"  - {{image: {image}, context: {image}, docker: {{buildArgs: {arguments}}}}}\n"
        (self.sandbox.folder / "skaffold.yaml").write_text(HEAD + lines)

    @property
    def repo(self) -> str:
        return self.sandbox.image("x").removesuffix("/x")

    def run(self, number: int, *words: str, check: bool = True, repo: str = "") -> Completed:
        """Build as run `number`, which is another build than those before."""
        self.sandbox.env["ROUND"] = str(number)
        options = ("--builder", self.builder, "--default-repo", repo or self.repo, "--no-cache-artifacts")
        words = ("--cache-mounts=auto", *words) if not any("--cache-mounts" in word for word in words) else words
        return self.sandbox.run("buildx-tasks", "buildx.build", *options, *words, check=check)

    def forget(self) -> None:
        """Take the mounts of this project from the builder, whose other content may be another test's."""
        prune = ("buildx", "prune", "--all", "--force", "--builder", self.builder, "--filter")
        self.sandbox.docker(*prune, "type=exec.cachemount")

    def in_the_daemon(self) -> list[str]:
        """The images of mounts that an engine has kept."""
        names = self.sandbox.docker("images", "--format", "{{.Repository}}:{{.Tag}}").out.splitlines()
        return [name for name in names if name.startswith(self.repo) and "-mount-" in name]

    def tags(self, image: str = "app") -> list[str]:
        return [tag for tag in self.sandbox.lab.registry().tags(f"{self.repo}/{image}") if "-mount-" in tag]


def said(done: Completed) -> list[str]:
    """What was said of each mount, without where and how long."""
    found = re.findall(r"^ - (\S+) on \S+: (\w[\w ]*?\w)(?: from \S+| to .+)?(?: \(.*\))?$", done.out, re.MULTILINE)
    return [what for _mount, what in found]


def warm(done: Completed) -> bool:
    """Whether all RUN steps found what an earlier run had left."""
    found, lost = (
        len(re.findall(rf"^#\d+ \d+\.\d+ {word}$", done.out, re.MULTILINE)) for word in ("found-it", "nothing-there")
    )
    assert found + lost, done.text
    return not lost


def check_warm(done: Completed) -> None:
    assert warm(done), done.text


@pytest.fixture
def mounts(sandbox: Sandbox) -> Mounts:
    return Mounts(sandbox)


@pytest.mark.parametrize("kind", ["default", "remote"])
def test_mounts_outlive_an_emptied_builder(sandbox: Sandbox, kind: str) -> None:
    mounts = Mounts(sandbox, "default" if kind == "default" else sandbox.builder())
    first = mounts.run(1)
    assert not warm(first)
    assert said(first) == ["Nothing saved yet", "Nothing saved yet", "Saved", "Saved"]
    assert len(mounts.tags()) == 2
    assert all(tag.startswith("bx-mount-") and tag.endswith("-linux-amd64") for tag in mounts.tags())
    mounts.forget()
    second = mounts.run(2)
    check_warm(second)
    assert said(second) == ["Restored", "Restored", "Unchanged", "Unchanged"]
    third = mounts.run(3)
    assert said(third) == ["Not empty", "Not empty", "Unchanged", "Unchanged"]
    assert not [line for line in third.err.splitlines() if "WARNING" in line]
    assert not mounts.in_the_daemon()
    for tag in mounts.tags():
        manifest = sandbox.lab.registry().manifest(f"{mounts.repo}/app", tag)
        assert manifest.data["layers"][-1]["mediaType"].endswith("+zstd")


def test_an_image_of_a_mount_says_when_it_was_saved(mounts: Mounts) -> None:
    mounts.sandbox.env["SOURCE_DATE_EPOCH"] = "1"
    mounts.run(1)
    registry = mounts.sandbox.lab.registry()
    created = [registry.config(f"{mounts.repo}/app", tag)["created"] for tag in mounts.tags()]
    assert created
    assert not [time for time in created if time.startswith("1970")]


def test_without_the_setting_nothing_is_kept(mounts: Mounts) -> None:
    mounts.run(1, "--cache-mounts=off")
    assert not mounts.tags()
    mounts.forget()
    assert not warm(mounts.run(2, "--cache-mounts=off"))


def test_the_ref_of_a_fork_restores_and_saves_nothing(mounts: Mounts) -> None:
    mounts.run(1)
    registry = mounts.sandbox.lab.registry()
    before = [registry.manifest(f"{mounts.repo}/app", tag).digest for tag in mounts.tags()]
    mounts.forget()
    mounts.sandbox.env.update({"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1", "CI_PROJECT_ID": "2"})
    done = mounts.run(2, "--cache-mounts=write")
    check_warm(done)
    assert said(done) == ["Restored", "Restored"]
    assert "cache mounts are not saved: the merge request comes from a fork" in done.err
    assert [registry.manifest(f"{mounts.repo}/app", tag).digest for tag in mounts.tags()] == before


def test_artifacts_of_one_bake_share_a_mount_and_each_repository_has_it(sandbox: Sandbox) -> None:
    mounts = Mounts(sandbox, images=("app", "web"))
    assert "1 bake" in mounts.run(1).out
    assert mounts.tags("app") == mounts.tags("web")
    assert len(mounts.tags("app")) == 2
    mounts.forget()
    alone = mounts.run(2, "--artifact", "=web")
    check_warm(alone)
    assert said(alone)[:2] == ["Restored", "Restored"]


def test_a_mount_above_the_limit_is_not_saved(mounts: Mounts) -> None:
    done = mounts.run(1, "--cache-mount-limit", "1k")
    assert done.err.count("cache-mount-limit is 1 kB") == 2
    assert not mounts.tags()


def test_a_helper_image_that_is_not_there_costs_a_warning(mounts: Mounts) -> None:
    done = mounts.run(1, "--cache-mount-image", f"{mounts.repo}/nothing", "--strict")
    assert done.code == 0
    assert re.search(r"WARNING: cache mounts on \S+ \(.*\) are not saved: .*nothing.*cache-mount-image", done.err)
    assert not mounts.tags()


def test_an_image_of_ones_own_that_runs_as_a_user(mounts: Mounts) -> None:
    helper = f"{mounts.repo}/helper"
    folder = mounts.sandbox.app("helper", 'FROM busybox\nUSER 1000\nENTRYPOINT ["/bin/false"]\nWORKDIR /tmp\n')
    mounts.sandbox.build("--push", "-t", helper, str(folder))
    mounts.run(1, "--cache-mount-image", helper)
    mounts.forget()
    done = mounts.run(2, "--cache-mount-image", helper)
    check_warm(done)
    assert said(done) == ["Restored", "Restored", "Unchanged", "Unchanged"]


def test_a_broken_image_costs_a_warning_and_is_replaced(mounts: Mounts) -> None:
    mounts.run(1)
    folder = mounts.sandbox.app("broken", "FROM scratch\nCOPY Dockerfile /\n")
    for tag in mounts.tags():
        mounts.sandbox.build("--push", "-t", f"{mounts.repo}/app:{tag}", str(folder))
    mounts.forget()
    done = mounts.run(2)
    assert done.err.count("are not restored: ") == 1
    assert said(done) == ["Saved", "Saved"]
    mounts.forget()
    check_warm(mounts.run(3))


def test_two_jobs_at_once_leave_a_whole_mount(sandbox: Sandbox, new_sandbox: NewSandbox) -> None:
    """Both restore and save the same mounts on one builder, and both find all of it."""
    mounts = Mounts(sandbox, sandbox.builder())
    mounts.run(1)
    mounts.forget()
    others = []
    for _ in range(2):
        other = Mounts(new_sandbox(), mounts.builder)
        other.sandbox.builder()
        text = (mounts.sandbox.folder / "skaffold.yaml").read_text()
        (other.sandbox.folder / "skaffold.yaml").write_text(text)
        others.append(other)
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda two: two[1].run(two[0] + 2, repo=mounts.repo), enumerate(others)))
    assert [warm(one) for one in done] == [True, True]
    assert not [line for one in done for line in one.err.splitlines() if "WARNING" in line]
    mounts.forget()
    check_warm(mounts.run(9))


def test_two_platforms_of_one_node(mounts: Mounts) -> None:
    both = ("--platform", "linux/amd64,linux/arm64")
    mounts.run(1, *both)
    assert sorted(tag.partition("linux-")[2] for tag in mounts.tags()) == ["amd64", "amd64", "arm64", "arm64"]
    mounts.forget()
    one = mounts.run(2, "--platform", "linux/arm64")
    check_warm(one)
    mounts.forget()
    again = mounts.run(3, *both)
    check_warm(again)


def test_platforms_of_two_nodes_have_mounts_of_their_own(sandbox: Sandbox) -> None:
    mounts = Mounts(sandbox, sandbox.builder("nodes"))
    both = ("--platform", "linux/amd64,linux/arm64")
    first = mounts.run(1, *both)
    assert said(first) == ["Nothing saved yet"] * 4 + ["Saved"] * 4, first.text
    mounts.forget()
    second = mounts.run(2, *both)
    check_warm(second)
    assert said(second) == ["Restored"] * 4 + ["Unchanged"] * 4


def test_the_classic_store_has_no_zstd_and_keeps_mounts_too(new_sandbox: NewSandbox) -> None:
    mounts = Mounts(new_sandbox(engine="classic"))
    mounts.run(1)
    assert len(mounts.tags()) == 2
    mounts.forget()
    done = mounts.run(2)
    check_warm(done)
    assert said(done)[:2] == ["Restored", "Restored"]
    assert not mounts.in_the_daemon()


def test_the_oldest_buildx_that_is_tested(new_sandbox: NewSandbox) -> None:
    mounts = Mounts(new_sandbox(buildx="old"))
    mounts.run(1)
    mounts.forget()
    check_warm(mounts.run(2))
