"""The artifact cache from run to run, with a docker daemon and a registry that only remember."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from buildx_tasks.errors import CannotStart
from buildx_tasks.execution.cache.artifacts import ArtifactCache, open_cache
from buildx_tasks.execution.cache.store import ArtifactStore
from buildx_tasks.execution.registry.errors import RegistryError
from buildx_tasks.execution.sources.sources import gather_sources
from buildx_tasks.execution.world import World
from buildx_tasks.model.command import Command, Completed, Write
from buildx_tasks.model.config import (
    Artifact,
    ArtifactExtras,
    Config,
    CustomArtifact,
    CustomDependencies,
    Dependency,
    DockerArtifact,
    LocalBuild,
)
from buildx_tasks.model.engine import CONTAINERD, Builder, Daemon, Engine
from buildx_tasks.model.plan import BuildPlan
from buildx_tasks.model.request import PUSH
from buildx_tasks.model.result import BUILT, CACHED, FAILED, ArtifactResult
from buildx_tasks.model.settings import Settings
from buildx_tasks.planning.build.plan import plan_build
from buildx_tasks.planning.build.variables import Expander
from buildx_tasks.planning.facts import Facts
from buildx_tasks.planning.tags.references import apply_default_repo

REPO = "r.example/x"
BASE = Artifact(image="base", context="base")
APP = Artifact(image="app", context="app", requires=(Dependency(image="base", alias="BASE"),))
ENGINE = Engine(
    cli="26.1.5",
    buildx="0.29.1",
    builder=Builder(name="default", driver="docker"),
    daemon=Daemon(version="26.1.5", store=CONTAINERD, platform="linux/amd64"),
)
FAR = replace(ENGINE, builder=Builder(name="far", driver="remote"), selected="far")


@dataclass
class Docker:
    """A docker CLI whose daemon holds `images`: IDs by tag."""

    images: dict[str, str] = field(default_factory=dict)
    pullable: dict[str, str] = field(default_factory=dict)
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def capture(self, command: Command) -> Completed:
        self.commands.append(command.argv)
        done = Completed(command=command, code=0)
        match command.argv[1:]:
            case ("image", "inspect", "--format", _, *names):
                return replace(done, code=1, stdout="".join(map(self._shown, names)), stderr="No such image: x\n")
            case ("tag", image, tag):
                if image not in self.images.values():
                    return replace(done, code=1)
                self.images[tag] = image
            case ("pull", "--quiet", *_, tag):
                if tag not in self.pullable:
                    return replace(done, code=1)
                self.images[tag] = self.pullable[tag]
        return done

    def _shown(self, name: str) -> str:
        image = self.images.get(name) or (name if name in self.images.values() else "")
        tags = [tag for tag, held in self.images.items() if held == image]
        return f"{json.dumps(image)} {json.dumps(tags)}\n" if image else ""

    def stream(self, command: Command, write: Write, *, terminal: bool = False) -> Completed:
        raise AssertionError(f"{command.argv} was started")

    def stop(self) -> None:
        """Nothing runs."""


@dataclass
class Registry:
    """A registry that holds `tags`: digests by reference."""

    tags: dict[str, str] = field(default_factory=dict)
    digests: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    read_only: bool = False

    def digest(self, reference: str) -> str:
        self.asked.append(reference)
        if self.broken:
            raise RegistryError("r.example does not answer")
        name, _at, digest = reference.partition("@")
        if digest:
            return digest if f"{name}@{digest}" in self.digests else ""
        return self.tags.get(reference, "")

    def push(self, tag: str, digest: str) -> None:
        self.tags[tag] = digest
        self.digests.add(f"{tag.rpartition(':')[0]}@{digest}")

    def retag(self, reference: str, digest: str) -> None:
        if self.read_only:
            raise RegistryError("r.example did not take it")
        self.tags[reference] = digest


class Project:
    """A project of two artifacts, and runs of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.docker = Docker()
        self.registry = Registry()
        self.artifacts: tuple[Artifact, ...] = (BASE, APP)
        self.local = LocalBuild()
        self.engine = ENGINE
        self.notes: list[str] = []
        self.lines: list[str] = []
        self.number = 0
        for name in ("base", "app"):
            (folder / name).mkdir()
            (folder / name / "Dockerfile").write_text("ARG BASE=scratch\nFROM $BASE\nCOPY src /\n")
            (folder / name / "src").write_text(f"{name}\n")

    def world(self, environ: Mapping[str, str] | None = None) -> World:
        return World(
            environ={"XDG_CACHE_HOME": str(self.folder / "cache"), **(environ or {})},
            cwd=self.folder,
            home=self.folder,
            now=datetime(2026, 1, 2, tzinfo=UTC),
            runner=self.docker,
            notify=self.notes.append,
        )

    def plan(self, settings: Settings, tag: str = "v1") -> BuildPlan:
        sources = gather_sources(self.artifacts, self.folder)
        facts = Facts(engine=self.engine, home="/home/u", cwd=str(self.folder), sources=sources)
        repo = settings.default_repo or ""
        tags = {item.image: apply_default_repo(repo, None, f"{item.image}:{tag}") for item in self.artifacts}
        expander = Expander({}, now=datetime(2026, 1, 2, tzinfo=UTC), cmd=None)
        configs = [Config(artifacts=self.artifacts, local=self.local)]
        return plan_build(configs, settings, facts, tags, expander)

    def open(
        self, plan: BuildPlan, settings: Settings, environ: Mapping[str, str] | None = None
    ) -> ArtifactCache | None:
        expander = Expander({}, now=datetime(2026, 1, 2, tzinfo=UTC), cmd=None)
        return open_cache(settings, self.world(environ), plan, self.docker, expander)

    def cache(self, plan: BuildPlan, settings: Settings, environ: Mapping[str, str] | None = None) -> ArtifactCache:
        cache = self.open(plan, settings, environ)
        assert cache is not None
        cache._registries = self.registry  # type: ignore[assignment]
        return cache

    def run(
        self,
        *,
        tag: str = "v1",
        environ: Mapping[str, str] | None = None,
        fails: str = "",
        during: Callable[[], object] = lambda: None,
        **settings: Any,
    ) -> dict[str, str]:
        """Build what has to be; for every image "cached", "built" or "failed"."""
        wanted = Settings(**{"default_repo": REPO, **settings})
        plan = self.plan(wanted, tag)
        cache = self.cache(plan, wanted, environ)
        self.lines.clear()
        self.docker.commands.clear()
        known = cache.lookup(self.lines.append)
        during()
        self.results = dict(known)
        for step in plan.steps:
            if step.image in known:
                continue
            if step.image == fails or fails in step.needs:
                result = ArtifactResult(image=step.image, tag=step.tag, status=FAILED)
            else:
                self.number += 1
                digest = f"sha256:{self.number:064x}"
                if step.output == PUSH:
                    self.registry.push(step.tag, digest)
                else:
                    name = f"{step.tag.rpartition(':')[0]}:{self.number:064x}"
                    self.docker.images.update({step.tag: digest, name: digest})
                result = ArtifactResult(image=step.image, tag=step.tag, status=BUILT, digest=digest)
            cache.built(step, result)
            self.results[step.image] = result
        cache.save()
        return {image: result.status for image, result in self.results.items()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


ALL_BUILT = {"base": BUILT, "app": BUILT}
ALL_CACHED = {"base": CACHED, "app": CACHED}


class TestPushed:
    def test_what_is_there_is_not_built_again(self, project: Project) -> None:
        assert project.run() == ALL_BUILT
        first = project.results
        assert project.run() == ALL_CACHED
        assert project.lines == ["Checking cache...\n", " - base: Found Remotely\n", " - app: Found Remotely\n"]
        for image, result in project.results.items():
            assert result.digest == first[image].digest
            assert result.reference == f"{REPO}/{image}:v1@{result.digest}"
            assert (result.output, result.builder) == (PUSH, "default")
        assert project.docker.commands == []

    def test_another_tag_is_set_in_the_registry(self, project: Project) -> None:
        project.run()
        assert project.run(tag="v2") == ALL_CACHED
        assert project.lines[1:] == [" - base: Found. Tagging\n", " - app: Found. Tagging\n"]
        assert project.registry.tags[f"{REPO}/app:v2"] == project.registry.tags[f"{REPO}/app:v1"]
        assert project.results["app"].reference.startswith(f"{REPO}/app:v2@sha256:")

    def test_a_tag_that_was_moved_comes_back(self, project: Project) -> None:
        project.run()
        project.registry.push(f"{REPO}/app:v1", "sha256:" + "f" * 64)
        assert project.run() == ALL_CACHED
        assert project.registry.tags[f"{REPO}/app:v1"] == project.results["app"].digest

    def test_a_part_of_an_image_sets_no_tag_and_is_never_a_whole_one(self, project: Project) -> None:
        project.engine = FAR
        arm: dict[str, Any] = {"platform": ("linux/arm64",)}
        assert project.run(partial=True, **arm) == ALL_BUILT
        project.registry.tags.clear()
        assert project.run(partial=True, **arm) == ALL_CACHED
        assert project.lines[1:] == [" - base: Found Remotely\n", " - app: Found Remotely\n"]
        assert project.results["app"].reference.startswith(f"{REPO}/app@sha256:")
        assert project.registry.tags == {}
        assert project.run(**arm) == ALL_BUILT
        tags = dict(project.registry.tags)
        assert project.run(partial=True, tag="v2", **arm) == ALL_CACHED
        assert project.registry.tags == tags

    def test_what_the_registry_lost_is_built(self, project: Project) -> None:
        project.run()
        del project.registry.tags[f"{REPO}/app:v1"]
        project.registry.digests = {item for item in project.registry.digests if "/app@" not in item}
        assert project.run() == {"base": CACHED, "app": BUILT}
        assert project.lines[1:] == [" - base: Found Remotely\n", " - app: Not found. Building\n"]

    def test_a_lost_base_takes_its_dependents_along(self, project: Project) -> None:
        project.run()
        project.registry.tags.pop(f"{REPO}/base:v1")
        project.registry.digests = {item for item in project.registry.digests if "/base@" not in item}
        assert project.run() == ALL_BUILT
        assert project.run() == ALL_CACHED

    def test_another_repository_has_its_own(self, project: Project) -> None:
        project.run()
        assert project.run(default_repo="other.example") == ALL_BUILT
        assert project.run(default_repo="other.example") == ALL_CACHED

    def test_a_registry_that_does_not_answer_is_said(self, project: Project) -> None:
        project.run()
        project.registry.broken = True
        assert project.run() == ALL_BUILT
        assert project.lines[1] == " - base: Not looked up, r.example does not answer. Building\n"

    def test_a_registry_that_takes_no_tag_costs_a_build(self, project: Project) -> None:
        project.run()
        project.registry.read_only = True
        assert project.run(tag="v2") == ALL_BUILT
        assert project.lines[1:] == [
            " - base: Not found. Building\n",
            " - app: Not found. Building (required image base is built)\n",
        ]


class TestLoaded:
    def test_what_is_there_is_not_built_again(self, project: Project) -> None:
        assert project.run(push=False) == ALL_BUILT
        first = project.results
        assert project.run(push=False) == ALL_CACHED
        assert project.lines[1:] == [" - base: Found Locally\n", " - app: Found Locally\n"]
        assert project.results["app"].reference == f"{REPO}/app:{first['app'].digest.partition(':')[2]}"
        assert [command[1:3] for command in project.docker.commands] == [("image", "inspect")]
        assert project.registry.asked == []

    def test_missing_tags_are_set(self, project: Project) -> None:
        project.run(push=False)
        image = project.docker.images.pop(f"{REPO}/app:v1")
        assert project.run(push=False) == ALL_CACHED
        assert project.docker.images[f"{REPO}/app:v1"] == image
        by_id = f"{REPO}/app:{image.partition(':')[2]}"
        del project.docker.images[by_id]
        assert project.run(push=False, tag="v2") == ALL_CACHED
        assert project.docker.images[by_id] == project.docker.images[f"{REPO}/app:v2"] == image

    def test_an_image_that_is_gone_is_built(self, project: Project) -> None:
        project.run(push=False)
        project.docker.images = {tag: image for tag, image in project.docker.images.items() if "/app:" not in tag}
        assert project.run(push=False) == {"base": CACHED, "app": BUILT}

    def test_pushed_and_loaded_are_known_side_by_side(self, project: Project) -> None:
        project.run(attest="none")
        assert project.run(push=False, attest="none") == ALL_BUILT
        assert project.run(attest="none")["base"] == CACHED
        assert project.run(push=False, attest="none")["base"] == CACHED


class TestChanges:
    @pytest.mark.parametrize("file", ["app/src", "app/Dockerfile"])
    def test_a_change_builds_what_it_is_in(self, project: Project, file: str) -> None:
        project.run()
        with (project.folder / file).open("a") as stream:
            stream.write("# changed\n")
        assert project.run() == {"base": CACHED, "app": BUILT}
        assert project.run() == ALL_CACHED

    def test_a_change_of_a_base_builds_what_needs_it(self, project: Project) -> None:
        project.run()
        (project.folder / "base/src").write_text("changed\n")
        assert project.run() == ALL_BUILT
        (project.folder / "base/src").write_text("base\n")
        assert project.run() == ALL_CACHED

    def test_a_file_that_is_not_copied_does_not_count(self, project: Project) -> None:
        project.run()
        (project.folder / "app/README.md").write_text("new\n")
        assert project.run() == ALL_CACHED

    def test_a_change_while_building_is_not_taken_for_built(self, project: Project) -> None:
        file = project.folder / "app/src"
        assert project.run(during=lambda: file.write_text("changed\n")) == ALL_BUILT
        assert project.run() == {"base": CACHED, "app": BUILT}
        file.write_text("app\n")
        assert project.run() == {"base": CACHED, "app": BUILT}

    def test_a_base_with_triggers_sees_the_whole_context(self, project: Project) -> None:
        with (project.folder / "base/Dockerfile").open("a") as stream:
            stream.write("ONBUILD COPY . /\n")
        project.run()
        (project.folder / "app/README.md").write_text("new\n")
        assert project.run() == {"base": CACHED, "app": BUILT}

    def test_a_local_build_context_is_an_input(self, project: Project) -> None:
        extras = ArtifactExtras(build_contexts=(("shared", "shared"),))
        project.artifacts = (BASE, replace(APP, extras=extras))
        (project.folder / "shared").mkdir()
        (project.folder / "shared/lib").write_text("1\n")
        project.run()
        assert project.run() == ALL_CACHED
        (project.folder / "shared/lib").write_text("2\n")
        assert project.run() == {"base": CACHED, "app": BUILT}
        (project.folder / "shared/.dockerignore").write_text("lib\n")
        assert project.run() == {"base": CACHED, "app": BUILT}
        (project.folder / "shared/lib").write_text("3\n")
        assert project.run() == ALL_CACHED

    @pytest.mark.parametrize(
        ("source", "status"),
        [
            ("docker-image://busybox@sha256:" + "0" * 64, CACHED),
            ("docker-image://busybox", BUILT),
            ("oci-layout://shared:latest", BUILT),
            ("https://example.com/x.git", BUILT),
            ("git@example.com:x.git", BUILT),
        ],
    )
    def test_a_context_elsewhere_is_known_only_when_it_is_pinned(
        self, project: Project, source: str, status: str
    ) -> None:
        (project.folder / "shared").mkdir(exist_ok=True)
        extras = ArtifactExtras(build_contexts=(("other", source),))
        project.artifacts = (BASE, replace(APP, extras=extras))
        project.run()
        assert project.run() == {"base": CACHED, "app": status}
        if status == BUILT:
            assert "Not looked up, " in project.lines[2]

    def test_an_add_from_the_network_is_built_every_time(self, project: Project) -> None:
        with (project.folder / "app/Dockerfile").open("a") as stream:
            stream.write("ADD https://example.com/x /\n")
        project.run()
        assert project.run() == {"base": CACHED, "app": BUILT}
        assert project.lines[2] == " - app: Not looked up, https://example.com/x may change at any time. Building\n"

    @pytest.mark.parametrize("name", ["pull_parent", "no_cache"])
    def test_who_wants_a_fresh_build_gets_it(self, project: Project, name: str) -> None:
        fresh = DockerArtifact(**{name: True})  # type: ignore[arg-type]
        project.artifacts = (BASE, replace(APP, docker=fresh))
        project.run()
        assert project.run() == {"base": CACHED, "app": BUILT}
        newest = project.results["app"].digest
        project.artifacts = (BASE, APP)
        assert project.run() == ALL_CACHED
        assert project.results["app"].digest == newest

    def test_a_broken_ignore_file_is_said(self, project: Project) -> None:
        (project.folder / "app/.dockerignore").write_text("[\n")
        project.run()
        assert project.run() == {"base": CACHED, "app": BUILT}
        assert ".dockerignore:1" in project.lines[2]

    def test_only_what_can_be_read_is_known(self, project: Project) -> None:
        project.run()
        (project.folder / "app/src").unlink()
        (project.folder / "app/src").symlink_to("src")
        assert project.run() == {"base": CACHED, "app": BUILT}


class TestResults:
    def test_finished_work_survives_a_failure(self, project: Project) -> None:
        assert project.run(fails="app") == {"base": BUILT, "app": FAILED}
        assert project.run() == {"base": CACHED, "app": BUILT}

    def test_a_dependent_of_what_failed_is_not_known(self, project: Project) -> None:
        project.run(fails="base")
        assert project.run() == ALL_BUILT

    def test_a_result_without_a_digest_is_not_kept(self, project: Project) -> None:
        settings = Settings(default_repo=REPO)
        plan = project.plan(settings)
        cache = project.cache(plan, settings)
        for step in plan.steps:
            cache.built(step, ArtifactResult(image=step.image, tag=step.tag, status=BUILT))
        cache.save()
        assert project.run() == ALL_BUILT

    def test_a_required_image_that_was_built_anew_makes_a_new_key(self, project: Project) -> None:
        project.run()
        project.artifacts = (BASE,)
        project.run(environ={"SOURCE_DATE_EPOCH": "1"})
        project.artifacts = (BASE, APP)
        assert project.run(environ={"SOURCE_DATE_EPOCH": "1"}) == {"base": CACHED, "app": BUILT}

    def test_a_folder_that_can_not_be_used_is_said_and_no_more(self, project: Project) -> None:
        project.folder.joinpath("cache").touch()
        settings = Settings(default_repo=REPO)
        assert project.open(project.plan(settings), settings) is None
        assert "the artifact cache is not used" in project.notes[0]

    def test_a_folder_that_can_not_be_written_is_said_and_no_more(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(store: ArtifactStore) -> None:
            raise CannotStart(f"{store.path} can't be written")

        monkeypatch.setattr(ArtifactStore, "save", refuse)
        assert project.run() == ALL_BUILT
        assert "the artifact cache can't be saved" in project.notes[0]

    def test_the_users_own_file_may_be_under_home(self, project: Project) -> None:
        project.run(cache_file="~/mine.json")
        assert (project.folder / "mine.json").exists()

    def test_no_one_writes_to_a_cache_file_of_others(self, project: Project) -> None:
        other = project.folder / "skaffold-cache"
        other.write_text("abc:\n  digest: sha256:1\n")
        with pytest.raises(CannotStart, match="not an artifact cache"):
            project.run(cache_file="skaffold-cache")

    def test_skaffolds_own_variable_may_name_skaffolds_own_file(self, project: Project) -> None:
        other = project.folder / "skaffold-cache"
        other.write_text("abc:\n  digest: sha256:1\n")
        told: dict[str, Any] = {"cache_file": "skaffold-cache", "origins": {"cache-file": "environment"}}
        assert project.run(**told) == ALL_BUILT
        assert project.run(**told) == ALL_CACHED
        assert other.read_text() == "abc:\n  digest: sha256:1\n"
        assert "skaffold-cache is not an artifact cache of buildx-tasks" in project.notes[0]

    def test_the_file_may_be_another(self, project: Project) -> None:
        project.run(cache_file="mine.json")
        assert (project.folder / "mine.json").exists()
        assert project.run(cache_file="mine.json") == ALL_CACHED
        assert project.run() == ALL_BUILT

    def test_it_can_be_off(self, project: Project) -> None:
        settings = Settings(cache_artifacts=False)
        assert project.open(project.plan(settings), settings) is None


class TestHandingOver:
    """On a builder that sees neither a registry's nor the daemon's images, required images come as files."""

    def test_a_base_is_built_when_who_needs_it_is(self, project: Project) -> None:
        project.engine = FAR
        assert project.run(push=False) == ALL_BUILT
        assert project.run(push=False) == ALL_CACHED
        (project.folder / "app/src").write_text("changed\n")
        assert project.run(push=False) == ALL_BUILT
        assert project.lines[1:] == [
            " - base: Not found. Building\n",
            " - app: Not found. Building (required image base is built)\n",
        ]


class TestImporting:
    @pytest.fixture(autouse=True)
    def _wanted(self, project: Project) -> None:
        project.local = LocalBuild(try_import_missing=True)

    def test_a_pushed_image_of_the_tag_is_taken(self, project: Project) -> None:
        digest = "sha256:" + "a" * 64
        for name in ("base", "app"):
            project.registry.push(f"{REPO}/{name}:v1", digest)
        assert project.run() == ALL_CACHED
        assert project.results["app"].digest == digest
        project.local = LocalBuild()
        assert project.run() == ALL_CACHED

    def test_a_loaded_one_too(self, project: Project) -> None:
        project.docker.images[f"{REPO}/base:v1"] = "sha256:" + "b" * 64
        assert project.run(push=False) == {"base": CACHED, "app": BUILT}

    def test_a_missing_one_is_pulled(self, project: Project) -> None:
        project.docker.pullable[f"{REPO}/base:v1"] = "sha256:" + "b" * 64
        assert project.run(push=False, platform=("linux/arm64",)) == {"base": CACHED, "app": BUILT}
        assert ("docker", "pull", "--quiet", "--platform", "linux/arm64", f"{REPO}/base:v1") in project.docker.commands

    def test_what_is_nowhere_is_built(self, project: Project) -> None:
        assert project.run(push=False) == ALL_BUILT

    def test_an_index_is_never_taken(self, project: Project) -> None:
        for name in ("base", "app"):
            project.registry.push(f"{REPO}/{name}:v1", "sha256:" + "a" * 64)
        assert project.run(platform=("linux/amd64", "linux/arm64")) == ALL_BUILT

    def test_not_without_the_setting(self, project: Project) -> None:
        project.local = LocalBuild()
        project.registry.push(f"{REPO}/base:v1", "sha256:" + "a" * 64)
        assert project.run() == ALL_BUILT


class TestCustom:
    def custom(self, project: Project, **wanted: Any) -> None:
        dependencies = CustomDependencies(**wanted)
        custom = CustomArtifact(build_command="./build.sh", dependencies=dependencies)
        project.artifacts = (replace(BASE, kind="custom", custom=custom), APP)

    def test_its_paths_are_its_inputs(self, project: Project) -> None:
        self.custom(project, paths=("src",))
        assert project.run() == ALL_BUILT
        assert project.run() == ALL_CACHED
        (project.folder / "base/other").write_text("new\n")
        assert project.run() == ALL_CACHED
        (project.folder / "base/src").write_text("changed\n")
        assert project.run() == ALL_BUILT

    def test_its_dockerfile_is_one(self, project: Project) -> None:
        self.custom(project, dockerfile="Dockerfile")
        project.run()
        assert project.run() == ALL_CACHED
        with (project.folder / "base/Dockerfile").open("a") as stream:
            stream.write("# changed\n")
        assert project.run() == ALL_BUILT

    def test_one_that_lists_nothing_that_is_there_is_built(self, project: Project) -> None:
        self.custom(project, paths=("missing",))
        project.run()
        assert project.run()["base"] == BUILT
