"""Several platforms from several jobs: each builds one on a node of its own, and a merge makes the images."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab_support import Completed, Registry, Sandbox, seen_requests

NewSandbox = Callable[..., Sandbox]
EXAMPLE = Path(__file__).parents[2] / "examples/native-jobs"

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  platforms: [linux/amd64, linux/arm64]
  artifacts:
  - {image: base, context: base}
  - {image: app, context: app, requires: [{image: base, alias: BASE}]}
  - {image: web, context: web, docker: {cacheFrom: [web]}}
  - {image: job, context: web}
"""
FILES = {
    "base/Dockerfile": "FROM busybox\nRUN uname -m > /base\n",
    "app/Dockerfile": "ARG BASE\nFROM $BASE\nRUN cat /base > /app && uname -m >> /app\n",
    "web/Dockerfile": "FROM busybox\nCOPY page /web/\nRUN uname -m > /machine\n",
    "web/page": "page\n",
}
ARCHITECTURES = ("amd64", "arm64")
IMAGES = ("base", "app", "web", "job")
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")


@dataclass
class Jobs:
    """A pipeline: a job a platform, each on a machine and a node of its own, and the jobs that need them."""

    new: NewSandbox
    first: Sandbox
    source: Path

    def machine(self, builder: str) -> tuple[Sandbox, Path]:
        """A fresh machine with a checkout; `builder` is ``amd64``, ``arm64``, ``nodes``, or "" for none."""
        sandbox = self.new(engine=None)
        folder = sandbox.folder / "checkout"
        sandbox.run("git", "clone", "-q", str(self.source), str(folder))
        if builder == "nodes":
            sandbox.builder("nodes", name="ci")
        elif builder:
            nodes = sandbox.lab.parts["nodes"]
            sandbox.create_builder("ci", nodes[builder], "--platform", f"linux/{builder}")
        return sandbox, folder

    @property
    def repo(self) -> str:
        return self.first.image("x").removesuffix("/x")

    def task(self, builder: str, *words: str, check: bool = True) -> tuple[Completed, Path]:
        sandbox, folder = self.machine(builder)
        done = sandbox.run("buildx-tasks", *words, cwd=folder, check=check)
        return done, folder

    def build(self, builder: str, tag: str, *words: str, check: bool = True) -> tuple[Completed, Path]:
        more = ("--builder", "ci", "--default-repo", self.repo, "--tag", tag, *words)
        return self.task(builder, "buildx.build", *more, check=check)

    def part(self, architecture: str, tag: str, *words: str) -> Path:
        """Build one platform; the result file, as another job gets it. What may be is built by one bake."""
        more = ("--platform", f"linux/{architecture}", "--partial", "--file-output", "part.json", *words)
        done, folder = self.build(architecture, tag, *more)
        assert ("2 of them by 1 bake" in done.out) is ("--artifact" not in words)
        file = self.first.folder / f"part-{architecture}.json"
        shutil.move(folder / "part.json", file)
        return file

    def merge(self, *words: str, check: bool = True) -> Completed:
        return self.first.run("buildx-tasks", "buildx.merge", *words, check=check)


@pytest.fixture
def jobs(new_sandbox: NewSandbox, tmp_path: Path) -> Jobs:
    return make_jobs(new_sandbox, tmp_path / "source", CONFIG)


def make_jobs(new_sandbox: NewSandbox, source: Path, config: str) -> Jobs:
    sandbox = new_sandbox(engine=None)
    for name, text in {"skaffold.yaml": config, **FILES}.items() if config else ():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    sandbox.run("git", "init", "-q", ".", cwd=source)
    sandbox.run("git", "add", ".", cwd=source)
    sandbox.run("git", *WHO, "commit", "-qm", "one", cwd=source)
    return Jobs(new_sandbox, sandbox, source)


def manifests(registry: Registry, image: str, reference: str) -> dict[str, Any]:
    """The manifests of an index by platform, without attestations."""
    index = registry.manifest(image, reference)
    pairs = zip(index.platforms, index.data["manifests"], strict=True)
    return {platform: entry for platform, entry in pairs if platform != "unknown/unknown"}


def content(registry: Registry, image: str, reference: str, platform: str) -> Mapping[str, Any]:
    """What runs: the layers and the configuration of one platform."""
    entry = manifests(registry, image, reference)[platform]
    manifest = registry.manifest(image, entry["digest"])
    config = registry.config(image, reference, platform)
    return {"layers": [layer["digest"] for layer in manifest.data["layers"]], "config": config}


def test_two_jobs_and_a_merge_make_what_one_build_makes(jobs: Jobs) -> None:
    registry = jobs.first.lab.registry("open")
    jobs.build("nodes", "whole")
    files = [jobs.part(architecture, "merged") for architecture in ARCHITECTURES]
    assert [registry.tags(f"{jobs.repo}/{image}") for image in IMAGES] == [["whole"]] * len(IMAGES)
    jobs.merge(*map(str, files), "--file-output", "build.json")
    built = json.loads((jobs.first.folder / "build.json").read_text())["builds"]
    assert [item["imageName"] for item in built] == list(IMAGES)
    for image, item in zip(IMAGES, built, strict=True):
        name = f"{jobs.repo}/{image}"
        one, merged = registry.manifest(name, "whole"), registry.manifest(name, "merged")
        assert item["tag"] == f"{name}:merged@{merged.digest}"
        assert merged.platforms == ["linux/amd64", "linux/arm64"]
        for platform in merged.platforms:
            assert content(registry, name, "merged", platform) == content(registry, name, "whole", platform)
        assert (merged.media_type, merged.digest) == (one.media_type, one.digest)


def test_reproducible_parts_make_the_one_image_without_any_cache(jobs: Jobs) -> None:
    registry = jobs.first.lab.registry("open")
    words = ("--artifact", "web", "--reproducible", "--no-cache")
    jobs.build("nodes", "whole", *words)
    files = [jobs.part(architecture, "merged", *words) for architecture in ARCHITECTURES]
    jobs.merge(*map(str, files))
    whole, merged = (registry.manifest(f"{jobs.repo}/web", tag) for tag in ("whole", "merged"))
    assert merged.digest == whole.digest


def test_attestations_and_annotations_are_kept(new_sandbox: NewSandbox, tmp_path: Path) -> None:
    block = (
        ".buildx: {artifacts: {web: {annotations: {'index:a': '1', 'manifest:b': '2', "
        "'manifest[linux/arm64]:c': '3', 'manifest-descriptor:d': '4', e: '5'}}}}\n"
    )
    jobs = make_jobs(new_sandbox, tmp_path / "source", CONFIG + block)
    registry = jobs.first.lab.registry("open")
    words = ("--attest", "min", "--artifact", "web")
    files = [jobs.part(architecture, "merged", *words) for architecture in ARCHITECTURES]
    jobs.merge(*map(str, files))
    index = registry.manifest(f"{jobs.repo}/web", "merged")
    assert index.data["annotations"] == {"a": "1"}
    assert index.platforms == ["linux/amd64", "unknown/unknown", "linux/arm64", "unknown/unknown"]
    entries = index.data["manifests"]
    assert [entry["annotations"].get("d") for entry in entries] == ["4", None, "4", None]
    for image, attestation in zip(entries[::2], entries[1::2], strict=True):
        assert attestation["annotations"]["vnd.docker.reference.digest"] == image["digest"]
        statement = registry.manifest(f"{jobs.repo}/web", attestation["digest"])
        assert statement.data["layers"][0]["annotations"]["in-toto.io/predicate-type"].startswith("https://slsa.dev/")
    own = [registry.manifest(f"{jobs.repo}/web", entry["digest"]).data["annotations"] for entry in entries[::2]]
    assert own == [{"b": "2", "e": "5"}, {"b": "2", "c": "3", "e": "5"}]


def test_plain_parts_with_annotations_of_the_index_are_of_ocis_types(new_sandbox: NewSandbox, tmp_path: Path) -> None:
    block = ".buildx: {artifacts: {web: {annotations: {'index:a': '1'}}}}\n"
    jobs = make_jobs(new_sandbox, tmp_path / "source", CONFIG + block)
    registry = jobs.first.lab.registry("open")
    jobs.build("nodes", "whole", "--artifact", "web")
    files = [jobs.part(architecture, "merged", "--artifact", "web") for architecture in ARCHITECTURES]
    jobs.merge(*map(str, files))
    whole, merged = (registry.manifest(f"{jobs.repo}/web", tag) for tag in ("whole", "merged"))
    assert merged.data == whole.data


def test_a_dependent_is_built_from_the_part_of_its_platform(jobs: Jobs) -> None:
    file = jobs.part("arm64", "merged", "--artifact", "app", "--batch", "off")
    parts = {part["imageName"]: part for part in json.loads(file.read_text())["parts"]}
    registry = jobs.first.lab.registry("open")
    base, app = (registry.manifest(f"{jobs.repo}/{name}", parts[name]["digest"]) for name in ("base", "app"))
    assert app.data["layers"][: len(base.data["layers"])] == base.data["layers"]
    config = registry.config(f"{jobs.repo}/app", parts["app"]["digest"])
    assert config["architecture"] == "arm64"
    assert parts["app"]["expectedPlatforms"] == ["linux/amd64", "linux/arm64"]
    assert registry.tags(f"{jobs.repo}/app") == []


def test_a_missing_part_ends_before_any_tag_is_set(jobs: Jobs) -> None:
    file = jobs.part("arm64", "v1")
    done = jobs.merge(str(file), check=False)
    assert done.code == 2
    assert done.err.count("there is no part for linux/amd64 (there are: linux/arm64 in ") == len(IMAGES)
    assert "artifact 'web': there is no part for linux/amd64" in done.err
    assert "build it:  buildx-tasks buildx.build --partial --platform linux/amd64" in done.err
    registry = jobs.first.lab.registry("open")
    assert [registry.tags(f"{jobs.repo}/{image}") for image in IMAGES] == [[]] * len(IMAGES)


def test_parts_of_two_commits_and_a_part_that_is_gone(jobs: Jobs) -> None:
    first = jobs.part("amd64", "v1", "--artifact", "web")
    (jobs.source / "web/page").write_text("another\n")
    jobs.first.run("git", *WHO, "commit", "-qam", "two", cwd=jobs.source)
    second = jobs.part("arm64", "v2", "--artifact", "web")
    done = jobs.merge(str(first), str(second), check=False)
    assert done.code == 2
    assert "the parts are of different commits: " in done.err
    assert f"artifact 'web': its parts want different tags: {jobs.repo}/web:v1 ({first})" in done.err
    data = json.loads(first.read_text())
    data["parts"][0]["digest"] = f"sha256:{'0' * 64}"
    first.write_text(json.dumps(data))
    other = json.loads(second.read_text())
    other["parts"][0] |= {"commit": data["parts"][0]["commit"], "tags": data["parts"][0]["tags"]}
    second.write_text(json.dumps(other))
    done = jobs.merge(str(first), str(second), check=False)
    assert done.code == 2
    assert f"the registry does not have {jobs.repo}/web@sha256:000" in done.err
    assert jobs.first.lab.registry("open").tags(f"{jobs.repo}/web") == []


@pytest.mark.parametrize("kind", ["local", "registry"])
def test_a_part_is_found_again_and_never_for_a_whole(jobs: Jobs, kind: str) -> None:
    registry = jobs.first.lab.registry("open")
    sandbox, folder = jobs.machine("arm64")
    chosen = ("--artifact", "web", "--platform", "linux/arm64", "--artifact-cache", kind)
    words = ("buildx-tasks", "buildx.build", "--builder", "ci", "--default-repo", jobs.repo, *chosen, "--tag")
    part = ("--partial", "--file-output", "part.json")
    first = sandbox.run(*words, "v1", *part, cwd=folder)
    again = sandbox.run(*words, "v1", *part, cwd=folder)
    assert ("Not found. Building" in first.out, "web: Found Remotely" in again.out) == (True, True)
    assert [tag for tag in registry.tags(f"{jobs.repo}/web") if not tag.startswith("bx-")] == []
    if kind == "registry":
        assert "web: Found Remotely" in jobs.build("arm64", "v1", *chosen, *part)[0].out
    whole = sandbox.run(*words, "v1", cwd=folder)
    assert "web: Not found. Building" in whole.out
    once_more = sandbox.run(*words, "v2", *part, cwd=folder)
    assert "web: Found Remotely" in once_more.out
    assert [tag for tag in registry.tags(f"{jobs.repo}/web") if not tag.startswith("bx-")] == ["v1"]


def test_the_caches_of_two_jobs_are_two(jobs: Jobs) -> None:
    for architecture in ARCHITECTURES:
        jobs.part(architecture, "v1", "--artifact", "web", "--cache-tag", "cache-main")
    tags = jobs.first.lab.registry("open").tags(f"{jobs.repo}/web")
    assert tags == ["cache-main-linux-amd64", "cache-main-linux-arm64"]


def test_each_index_is_one_request(jobs: Jobs, faults: Callable[[dict[str, object]], None]) -> None:
    del faults
    host = jobs.first.lab.parts["faulty"]["host"]
    repo = jobs.repo.replace(jobs.first.lab.parts["open"]["host"], host)
    files = [jobs.part(architecture, "v1") for architecture in ARCHITECTURES]
    for file in files:
        file.write_text(file.read_text().replace(jobs.repo, repo))
    jobs.merge(*map(str, files), "--insecure-registry", host)
    requests = seen_requests(jobs.first.lab)
    assert [item["method"] for item in requests if item["method"] not in ("GET", "HEAD")] == ["PUT"] * len(IMAGES)
    assert jobs.merge(*map(str, files), "--dry-run", "--quiet").code == 0
    assert len([item for item in seen_requests(jobs.first.lab) if item["method"] == "PUT"]) == len(IMAGES)


def test_the_docker_driver_can_not_push_by_digest(new_sandbox: NewSandbox, tmp_path: Path) -> None:
    jobs = make_jobs(new_sandbox, tmp_path / "source", CONFIG)
    sandbox = new_sandbox(engine="containerd")
    folder = sandbox.folder / "checkout"
    sandbox.run("git", "clone", "-q", str(jobs.source), str(folder))
    words = ("buildx.build", "--default-repo", jobs.repo, "--partial", "--file-output", "part.json")
    done = sandbox.run("buildx-tasks", *words, "--platform", "linux/amd64", cwd=folder, check=False)
    assert done.code == 4
    assert done.err.count("builder default (driver docker) can't push by digest") == len(IMAGES)


def github_commands(job: Mapping[str, Any], machine: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """The commands of a job that are not about installing, with what the matrix puts into their environment."""

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda found: machine[found[1]], text)

    steps = [step for step in job["steps"] if "buildx-tasks buildx" in step.get("run", "")]
    return [(filled(step["run"]), {name: filled(text) for name, text in step.get("env", {}).items()}) for step in steps]


def gitlab_commands(job: Mapping[str, Any], machine: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """The same of a job of GitLab's, without the builder that it creates."""
    return [(line, dict(machine)) for line in job["script"] if line.startswith("buildx-tasks ")]


@pytest.mark.parametrize("service", ["github", "gitlab"])
def test_the_recipes_run(new_sandbox: NewSandbox, tmp_path: Path, service: str) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "source")
    jobs = make_jobs(new_sandbox, tmp_path / "source", "")
    if service == "github":
        file = yaml.safe_load((EXAMPLE / ".github/workflows/images.yml").read_text())
        build, merge, commands = file["jobs"]["build"], file["jobs"]["merge"], github_commands
        machines = {machine["name"]: machine for machine in build["strategy"]["matrix"]["include"]}
    else:
        file = yaml.safe_load((EXAMPLE / ".gitlab-ci.yml").read_text())
        build, merge, commands = file["build"], file["merge"], gitlab_commands
        machines = {machine["NAME"]: machine for machine in build["parallel"]["matrix"]}
    kept = tmp_path / "kept"
    kept.mkdir()
    for name, machine in machines.items():
        sandbox, folder = jobs.machine(name)
        sandbox.docker("buildx", "use", "ci")
        for command, environ in commands(build, machine):
            sandbox.env.update({**environ, "SKAFFOLD_DEFAULT_REPO": jobs.repo})
            sandbox.run("bash", "-ec", command, cwd=folder)
        for part in folder.glob("part-*.json"):
            shutil.copy(part, kept)
    assert len(list(kept.iterdir())) == 2
    for command, _environ in commands(merge, {}):
        jobs.first.run("bash", "-ec", command, cwd=kept)
    registry = jobs.first.lab.registry("open")
    builds = json.loads((kept / "build.json").read_text())["builds"]
    assert [item["imageName"] for item in builds] == ["runtime", "web"]
    for item in builds:
        name, _colon, reference = item["tag"].rpartition("/")[2].partition(":")
        index = registry.manifest(f"{jobs.repo}/{name}", reference.partition("@")[0])
        assert (index.digest, index.platforms) == (reference.partition("@")[2], ["linux/amd64", "linux/arm64"])
