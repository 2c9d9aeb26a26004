"""Derived tags are deleted from real registries, and nothing that anybody may use is lost."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lab_support import Completed, Registry, Sandbox, order_faults, seen_requests

from buildx_tasks.execution.http.client import HttpClient, insecure_hosts
from buildx_tasks.execution.registry.client import Manifest, RegistryClient
from buildx_tasks.execution.registry.dockerauth import Logins
from buildx_tasks.execution.shell import ShellRunner

NewSandbox = Callable[..., Sandbox]

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  platforms: [linux/amd64, linux/arm64]
  artifacts:
  - {image: web, context: web, docker: {cacheFrom: [web, 'web:cache-main']}}
profiles: [{name: release, build: {artifacts: [{image: web, docker: {cacheFrom: ['web:cache-named']}}]}}]
.buildx: {cacheTag: 'cache-{{.BRANCH}}', artifactCache: registry}
"""
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
LONG_AGO = "1700000000"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass
class Checkout:
    """A machine with two builders and a checkout whose remote is a repository beside it."""

    sandbox: Sandbox
    folder: Path

    @property
    def repo(self) -> str:
        return self.sandbox.image("x").removesuffix("/x")

    @property
    def registry(self) -> Registry:
        return self.sandbox.lab.registry("open")

    def git(self, *words: str) -> None:
        self.sandbox.run("git", *WHO, *words, cwd=self.folder)

    def build(self, *words: str, builder: str = "amd64") -> Completed:
        more = ("--builder", builder, "--default-repo", self.repo, *words)
        return self.sandbox.run("buildx-tasks", "buildx.build", *more, cwd=self.folder)

    def change(self, text: str) -> None:
        (self.folder / "web/page").write_text(f"{text} {self.sandbox.prefix}\n")

    def prune(self, *words: str, repo: str = "", check: bool = True) -> Completed:
        more = ("--default-repo", repo or self.repo, *words)
        return self.sandbox.run("buildx-tasks", "buildx.cache.prune", *more, cwd=self.folder, check=check)

    def tags(self) -> list[str]:
        return self.registry.tags(f"{self.repo}/web")


@pytest.fixture
def checkout(new_sandbox: NewSandbox) -> Checkout:
    sandbox = new_sandbox(engine=None)
    folder, remote = sandbox.folder / "checkout", sandbox.folder / "remote.git"
    (folder / "web").mkdir(parents=True)
    (folder / "skaffold.yaml").write_text(CONFIG)
    (folder / "web/Dockerfile").write_text("FROM busybox\nCOPY page /page\n")
    for name, endpoint in sandbox.lab.parts["nodes"].items():
        if name in ("amd64", "arm64"):
            sandbox.create_builder(name, endpoint, "--platform", f"linux/{name}")
    sandbox.run("git", "init", "-q", "--bare", "-b", "main", str(remote))
    made = Checkout(sandbox, folder)
    made.change("one")
    made.git("init", "-q", "-b", "main", ".")
    made.git("remote", "add", "origin", str(remote))
    made.git("add", ".")
    made.git("commit", "-qm", "one")
    made.git("push", "-q", "origin", "main", "main:feature/x")
    return made


def whole(registry: Registry, image: str, reference: str) -> bool:
    """Whether a manifest is there with everything that its index names."""
    entries = registry.manifest(image, reference).data.get("manifests", [])
    return all(registry.has(image, entry["digest"]) for entry in entries if "manifest.v" in entry["mediaType"])


def test_the_cache_of_a_deleted_branch_goes_and_everything_else_stays(checkout: Checkout) -> None:
    words = ("--platform", "linux/amd64", "--tag")
    checkout.build(*words, "v1")
    for branch in ("feature/x", "named", "gone"):
        checkout.git("checkout", "-qb", branch)
        checkout.change(branch)
        checkout.build(*words, f"v-{branch.replace('/', '-')}")
        checkout.build("--platform", "linux/amd64", "--partial", "--quiet", "--tag", "v1")
    checkout.git("checkout", "-q", "main")
    checkout.git("branch", "-qD", "gone", "named", "feature/x")
    before = checkout.tags()
    gone = ["cache-gone", "cache-gone-linux-amd64", "cache-named-linux-amd64"]
    assert {"cache-main", "cache-feature-x", "cache-named", *gone} <= set(before)
    dry = checkout.prune("--dry-run")
    assert " - cache-gone: would be deleted (branch cache, its branch was deleted)\n" in dry.out
    assert checkout.tags() == before
    shown = json.loads(checkout.prune("--dry-run", "--format", "json").out)
    (repository,) = shown["repositories"]
    assert [item["tag"] for item in repository["tags"] if item["action"] == "delete"] == gone
    done = checkout.prune()
    assert "3 tags deleted, " in done.out
    assert checkout.tags() == [tag for tag in before if tag not in gone]
    assert all(whole(checkout.registry, f"{checkout.repo}/web", tag) for tag in checkout.tags())
    assert checkout.prune().out.startswith("0 tags deleted")


def test_a_known_part_that_is_in_a_living_index_stays_whatever_its_age(checkout: Checkout) -> None:
    checkout.sandbox.env["SOURCE_DATE_EPOCH"] = LONG_AGO
    files = []
    for number, architecture in enumerate(("amd64", "arm64")):
        files.append(f"part{number}.json")
        platform = ("--platform", f"linux/{architecture}", "--partial", "--file-output", files[-1])
        checkout.build("--tag", "v1", *platform, builder=architecture)
    checkout.sandbox.run("buildx-tasks", "buildx.merge", *files, cwd=checkout.folder)
    checkout.change("never merged")
    checkout.build("--tag", "v2", "--platform", "linux/amd64", "--partial", "--quiet")
    keys = [tag for tag in checkout.tags() if tag.startswith("bx-") and "last" not in tag]
    assert len(keys) == 3
    done = json.loads(checkout.prune("--older-than", "30d", "--format", "json").out)
    by_tag = {item["tag"]: item for item in done["repositories"][0]["tags"]}
    deleted = [tag for tag in keys if by_tag[tag]["deleted"]]
    kept = [by_tag[tag]["reason"] for tag in keys if tag not in deleted]
    assert kept == ["tag v1 is an index with this manifest, so deleting it would delete that"] * 2
    assert len(deleted) == 1
    assert "v1" in checkout.tags()
    assert whole(checkout.registry, f"{checkout.repo}/web", "v1")
    assert deleted[0] not in checkout.tags()
    assert {tag for tag in checkout.tags() if tag.startswith("cache-main")}


def test_every_kind_of_derived_tag_is_known_by_what_a_build_makes(checkout: Checkout) -> None:
    mount = "RUN --mount=type=cache,target=/kept date > /kept/a\n"
    (checkout.folder / "web/Dockerfile").write_text(f"FROM busybox\nCOPY page /page\n{mount}")
    checkout.build("--platform", "linux/amd64", "--tag", "v1", "--cache-mounts", "auto")
    done = json.loads(checkout.prune("--older-than", "8w", "--dry-run", "--format", "json").out)
    (repository,) = done["repositories"]
    assert repository["otherTags"] == 1
    assert sorted((item["kind"], item["reason"]) for item in repository["tags"]) == [
        ("branch cache", "the config names it"),
        ("cache mount", "it is 0 h old"),
        ("known result", "it is 0 h old"),
        ("record of a build", "its age is not known"),
    ]


def test_a_registry_that_refuses_to_delete(checkout: Checkout, faults: Callable[[Mapping[str, object]], None]) -> None:
    host = checkout.sandbox.lab.parts["faulty"]["host"]
    repo = checkout.repo.replace(checkout.sandbox.lab.parts["open"]["host"], host)
    checkout.git("checkout", "-qb", "gone")
    checkout.build("--platform", "linux/amd64", "--tag", "v1")
    checkout.git("checkout", "-q", "main")
    checkout.git("branch", "-qD", "gone")
    before = checkout.tags()
    for status, hint in ((405, "allow it in the registry (storage.delete.enabled"), (403, "docker login")):
        order_faults(checkout.sandbox.lab, None)
        faults({"count": 9, "status": status, "method": "DELETE"})
        done = checkout.prune("--insecure-registry", host, repo=repo, check=False)
        assert done.code == 1, done.text
        assert f"{repo}/web: {host} rejected deleting {repo}/web@sha256:" in done.err
        assert hint in done.err
        assert " - cache-gone: not deleted" in done.out
        assert len([item for item in seen_requests(checkout.sandbox.lab) if item["method"] == "DELETE"]) == 1
    assert checkout.tags() == before
    order_faults(checkout.sandbox.lab, None)
    assert "1 tag deleted" in checkout.prune("--insecure-registry", host, repo=repo).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--remote", "nowhere"), "the branches of the git remote 'nowhere' can't be listed: "),
        (("--older-than", "soon"), "--older-than can't be 'soon'"),
        (("--default-repo", ""), "no image of the config names a registry"),
    ],
)
def test_what_can_not_begin(checkout: Checkout, words: tuple[str, ...], said: str) -> None:
    done = checkout.sandbox.run("buildx-tasks", "buildx.cache.prune", *words, cwd=checkout.folder, check=False)
    assert (done.code, said in done.err) == (2, True), done.err


def test_a_remote_without_branches_deletes_nothing(checkout: Checkout) -> None:
    empty = checkout.sandbox.folder / "empty.git"
    checkout.sandbox.run("git", "init", "-q", "--bare", str(empty))
    done = checkout.prune("--remote", str(empty), check=False)
    assert done.code == 2
    assert "has no branches, so every cache would belong to none" in done.err


class Filled:
    """A repository that is filled with references of every kind, and what each must still lead to."""

    def __init__(self, repository: str, seed: int) -> None:
        self.repository = repository
        self.random = random.Random(seed)
        self.client = RegistryClient(
            Logins({}, ShellRunner({"PATH": "/usr/bin:/bin"})), HttpClient({}, insecure=insecure_hosts(()))
        )
        self.dead: set[str] = set()
        self.tags: dict[str, str] = {}
        self.children: dict[str, list[str]] = {}
        self.todo: list[tuple[str, Manifest]] = []

    def config(self, data: Mapping[str, Any]) -> dict[str, object]:
        body = json.dumps(data).encode()
        return {"digest": self.client.put_blob(self.repository, body), "size": len(body)}

    def manifest(self, number: int, config: Mapping[str, object], media_type: str) -> Manifest:
        data = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {**config, "mediaType": media_type},
            "layers": [],
            "annotations": {"number": str(number)},
        }
        return made(data)

    def index(self, manifests: list[Manifest]) -> Manifest:
        entries = [
            {"mediaType": one.media_type, "digest": one.digest, "size": len(one.body), "platform": {"os": "linux"}}
            for one in manifests
        ]
        return made({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})

    def add(self, tag: str, manifest: Manifest, *, dead: bool = False) -> None:
        self.todo.append((tag, manifest))
        self.tags[tag] = manifest.digest
        if dead:
            self.dead.add(tag)

    def push(self) -> None:
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(lambda one: self.client.put_manifest(f"{self.repository}:{one[0]}", one[1]), self.todo))


def made(data: Mapping[str, Any]) -> Manifest:
    body = json.dumps(data).encode()
    return Manifest(digest=f"sha256:{sha256(body).hexdigest()}", media_type=data["mediaType"], body=body)


def test_nothing_alive_is_lost_of_a_thousand_references(checkout: Checkout) -> None:
    filled = Filled(f"{checkout.repo}/web", 7)
    random_ = filled.random
    old = filled.config({"created": "2020-01-01T00:00:00Z", "config": {}})
    young = filled.config({"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "config": {}})
    cache = filled.config({"layers": [], "records": []})
    indexes: list[tuple[str, Manifest, list[Manifest]]] = []
    for number in range(250):
        key = f"bx-{''.join(random_.choices('abcdefghijklmnopqrstuvwxyz234567', k=51))}a"
        is_old, kind = random_.random() < 0.7, number % 5
        image = filled.manifest(number, old if is_old else young, IMAGE_CONFIG)
        filled.add(key, image, dead=is_old and kind in (0, 1))
        if kind == 2:
            filled.add(f"v{number}", image)
        elif kind in (3, 4):
            other = filled.manifest(number + 1000, old, IMAGE_CONFIG)
            filled.add(f"{key[:-1]}q", other)
            indexes.append((f"release-{number}", filled.index([image, other]), [image, other]))
        else:
            filled.add(f"plain-{number}", filled.manifest(number + 2000, old, IMAGE_CONFIG))
        body = filled.manifest(number + 3000, cache, CACHE_CONFIG)
        filled.add(f"cache-gone-{number}", body, dead=number % 3 > 0)
        if number % 3 == 0:
            filled.add(f"backup-{number}", body)
    for number in range(100):
        filled.add(f"cache-image-{number}", filled.manifest(number + 4000, old, IMAGE_CONFIG))
    filled.add("cache-feature-x", filled.manifest(5000, cache, CACHE_CONFIG))
    filled.add("cache-main-linux-arm64", filled.manifest(5001, cache, CACHE_CONFIG))
    filled.push()
    filled.todo.clear()
    for tag, index, manifests in indexes:
        filled.add(tag, index)
        filled.children[tag] = [one.digest for one in manifests]
    filled.push()
    assert len(filled.tags) >= 1000
    done = checkout.prune("--older-than", "30d", "--format", "json")
    (repository,) = json.loads(done.out)["repositories"]
    assert {item["tag"] for item in repository["tags"] if item["deleted"]} == filled.dead
    assert set(checkout.tags()) == set(filled.tags) - filled.dead
    with ThreadPoolExecutor(max_workers=8) as pool:
        alive = [tag for tag in filled.tags if tag not in filled.dead]
        found = pool.map(lambda tag: filled.client.digest(f"{filled.repository}:{tag}"), alive)
        assert dict(zip(alive, found, strict=True)) == {tag: filled.tags[tag] for tag in alive}
        inner = [digest for tag in filled.children for digest in filled.children[tag]]
        assert all(pool.map(lambda digest: filled.client.digest(f"{filled.repository}@{digest}"), inner))
