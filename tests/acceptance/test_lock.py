"""`buildx.lock` and `buildx.outdated` as tasks: what they find in a config, say and write. A small registry answers."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from recording import Here, Project, make_project

from buildx_tasks.execution.run.step import write_policy
from buildx_tasks.model.lock import Lock

HEAD = "apiVersion: skaffold/v4beta13\nkind: Config\n"


class Registry:
    """Answers HEAD requests for tags with digests made of their names and `edition`; `gone` tags are not there."""

    def __init__(self) -> None:
        self.edition = "1"
        self.gone: set[str] = set()
        self.asked: list[str] = []
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                registry.asked.append(self.path)
                name = self.path.removeprefix("/v2/").replace("/manifests/", ":")
                self.send_response(404 if name in registry.gone else 200)
                self.send_header("Docker-Content-Digest", registry.digest(name))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def digest(self, name: str) -> str:
        return f"sha256:{hashlib.sha256(f'{name} {self.edition}'.encode()).hexdigest()}"

    def line(self, name: str) -> str:
        return f"- {self.host}/{name}@{self.digest(name)}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    yield made
    made.server.shutdown()
    made.server.server_close()


def project_of(tmp_path: Path, registry: Registry) -> Project:
    config = (
        f"{HEAD}requires: [{{path: lib}}]\nbuild:\n  artifacts:\n"
        "    - {image: app, context: app, requires: [{image: lib, alias: LIB}]}\n"
        "    - {image: tool, custom: {buildCommand: make}}\n"
        "    - {image: jar, jib: {}}\n"
        "    - {image: on-jar, context: on-jar, requires: [{image: jar, alias: JAR}]}\n"
        "profiles:\n  - {name: p, build: {artifacts: [{image: app, context: app, docker: {target: debug}}]}}\n"
    )
    project = make_project(tmp_path, config)
    host = registry.host
    project.write(
        "app/Dockerfile",
        f"ARG LIB\nFROM {host}/debug:1 AS debug\nFROM {host}/base:1\n"
        f"COPY --from=$LIB / /\nCOPY --from={host}/x:2 / /\n",
    )
    project.write("on-jar/Dockerfile", f"FROM {host}/on-jar:1\n")
    project.write("lib/skaffold.yaml", f"{HEAD}build: {{artifacts: [{{image: lib}}]}}\n")
    project.write("lib/Dockerfile", f"FROM {host}/lib:1\n")
    return project


def entries(project: Project) -> list[str]:
    text = (project.folder / "buildx.lock").read_text()
    return [line for line in text.splitlines() if line.startswith("- ")]


def test_the_whole_life_of_a_lock_file(here: Here, tmp_path: Path, registry: Registry) -> None:
    project = project_of(tmp_path, registry)
    # `COPY --from=$LIB` is not a thing that BuildKit can do; what can't be told is said and keeps nothing else away.
    done = here.invoke(project, "buildx.lock")
    assert done.code == 0, done.err
    assert "app/Dockerfile:4: COPY $LIB: which image that is can't be told" in done.err
    assert "artifact 'tool': not locked: which images its build command uses is not known" in done.err
    assert "artifact 'jar': not locked: jib chooses its base image" in done.err
    names = ("base:1", "debug:1", "lib:1", "on-jar:1", "x:2")
    assert entries(project) == [registry.line(name) for name in names]
    assert sorted(registry.asked) == [f"/v2/{name.replace(':', '/manifests/')}" for name in names]

    registry.asked.clear()
    assert here.invoke(project, "buildx.lock").out == "buildx.lock: 5 images, nothing changed\n"
    assert here.invoke(project, "buildx.lock", "--check").code == 0
    assert registry.asked == []

    first = entries(project)
    registry.edition = "2"
    outdated = here.invoke(project, "buildx.outdated")
    assert (outdated.code, outdated.out.splitlines()[-1]) == (1, "buildx.lock: 5 of 5 images outdated")
    assert here.invoke(project, "--dry", "buildx.lock", "--update").code == 0
    assert entries(project) == first
    done = here.invoke(project, "buildx.lock", "--update", f"{registry.host}/x,{registry.host}/lib:1")
    assert done.out.endswith("buildx.lock: 5 images, 2 updated\n")
    assert entries(project) == [*first[:2], registry.line("lib:1"), first[3], registry.line("x:2")]
    here.invoke(project, "buildx.lock", "--update")
    assert entries(project) == [registry.line(name) for name in names]
    assert here.invoke(project, "buildx.outdated").code == 0

    project.write("lib/Dockerfile", f"FROM {registry.host}/lib:2\n")
    check = here.invoke(project, "buildx.lock", "--check")
    assert check.code == 1
    assert f"{registry.host}/lib:2 is not locked" in check.out
    assert f"buildx.lock: {registry.host}/lib:1 is not used" in check.out
    states = json.loads(here.invoke(project, "buildx.lock", "--check", "--format=json").out)["images"]
    assert [item["state"] for item in states] == [
        "unchanged",
        "unchanged",
        "unused",
        "missing",
        "unchanged",
        "unchanged",
    ]
    here.invoke(project, "buildx.lock")
    assert entries(project)[2] == registry.line("lib:2")


def test_images_that_are_not_there_leave_the_file_alone(here: Here, tmp_path: Path, registry: Registry) -> None:
    project = project_of(tmp_path, registry)
    registry.gone = {"x:2", "lib:1"}
    done = here.invoke(project, "buildx.lock")
    assert done.code == 1
    assert f"app/Dockerfile:5: {registry.host}/x:2: {registry.host} has no image {registry.host}/x:2" in done.err
    assert f"lib/Dockerfile:1: {registry.host}/lib:1: " in done.err
    assert not (project.folder / "buildx.lock").exists()
    registry.gone = set()
    here.invoke(project, "buildx.lock")
    registry.gone = {"x:2"}
    outdated = here.invoke(project, "buildx.outdated")
    assert (outdated.code, "has no image" in outdated.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("buildx.lock", "--strict"), 2, "--strict turns every warning into an error"),
        (("buildx.lock", "--update", "nope"), 2, "the config uses no image nope"),
        (("buildx.lock", "--update=true", "--check"), 2, "--check and --update contradict each other"),
        (("buildx.lock", "--lock-file=off"), 2, "the lock file is switched off"),
        (("buildx.lock", "--filename=-"), 2, "a lock file belongs to a config file"),
        (("buildx.lock", "--format=xml"), 2, "--format can't be 'xml'"),
        (("buildx.outdated",), 2, "there is no buildx.lock"),
        (
            ("buildx.plan", "--lock-file=none.lock", "--tag=t", "--other-builders=skip"),
            2,
            "lock file none.lock can't be read",
        ),
    ],
)
def test_problems(here: Here, tmp_path: Path, registry: Registry, words: tuple[str, ...], code: int, said: str) -> None:
    project = project_of(tmp_path, registry)
    done = here.invoke(project, *words)
    assert (done.code, said in done.err) == (code, True), done.err


def test_the_root_config_has_the_lock(here: Here, tmp_path: Path, registry: Registry) -> None:
    project = project_of(tmp_path, registry)
    project.write("sub/skaffold.yaml", f"{HEAD}requires: [{{path: ../lib}}]\nbuild: {{artifacts: [{{image: own}}]}}\n")
    here.invoke(project, "buildx.lock", "--filename=sub/skaffold.yaml")
    assert (project.folder / "sub/buildx.lock").exists()
    assert not (project.folder / "buildx.lock").exists()
    # Variables that select a part of the config have no say in what the file must hold.
    project.env["SKAFFOLD_BUILD_IMAGE"] = "app"
    here.invoke(project, "buildx.lock")
    assert len(entries(project)) == 5


def test_strict_builds_need_every_image_locked(here: Here, tmp_path: Path, registry: Registry) -> None:
    project = make_project(tmp_path, f"{HEAD}build: {{artifacts: [{{image: app, context: app}}]}}\n")
    project.write("app/Dockerfile", f"FROM {registry.host}/base:1\n")
    project.write("buildx.lock", "version: 1\nimages: []\n")
    words = ("buildx.build", "--tag=t", "--strict", "--push", f"--default-repo={registry.host}")
    done = here.invoke(project, *words)
    assert done.code == 2
    assert f"{registry.host}/base:1 (app/Dockerfile:1) is not in buildx.lock" in done.err
    here.invoke(project, "buildx.lock")
    assert here.invoke(project, *words).code == 0


@pytest.mark.parametrize("batch", ["auto", "off"])
def test_every_build_gets_the_policy_and_nothing_stays(
    here: Here, tmp_path: Path, registry: Registry, batch: str
) -> None:
    policy = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
    artifacts = "{image: one, context: app}, {image: two, context: app}"
    project = make_project(tmp_path, f"{HEAD}build: {{artifacts: [{artifacts}]}}\n")
    project.write("app/Dockerfile", f"FROM {registry.host}/base:1\n")
    project.env["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    here.invoke(project, "buildx.lock")
    project.docker.environment = (policy,)
    words = ("buildx.build", "--tag=t", "--push", f"--default-repo={registry.host}/r", f"--batch={batch}")
    assert here.invoke(project, *words).code == 0
    builds = project.docker.builds or project.docker.bakes
    assert len(builds) == (1 if batch == "auto" else 2)
    assert all(Path(call["env"][policy]).name == "source-policy.json" for call in builds)
    assert list((tmp_path / "tmp").iterdir()) == []
    # A policy of the user's own stays what it is.
    project.env[policy] = "/mine.json"
    done = here.invoke(project, *words, "--no-cache-artifacts")
    assert f"{policy} is set: that policy is used, and not buildx.lock" in done.err
    builds = project.docker.builds or project.docker.bakes
    assert builds[-1]["env"] == {**builds[-1]["env"], policy: "/mine.json"}


def test_the_policy_is_what_buildkit_reads(tmp_path: Path) -> None:
    digest = f"sha256:{'1' * 64}"
    write_policy(Lock({"busybox:1": digest, "localhost:5000/a:b": digest}), tmp_path)
    rules = json.loads((tmp_path / "source-policy.json").read_text())["rules"]
    assert rules == [
        {
            "action": "CONVERT",
            "selector": {"identifier": f"docker-image://{name}"},
            "updates": {"identifier": f"docker-image://{name}@{digest}"},
        }
        for name in ("docker.io/library/busybox:1", "localhost:5000/a:b")
    ]
