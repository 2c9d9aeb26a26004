"""No secret of a config, an address or the environment is shown, written or in the arguments of a process."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from canary import MARK, PASSWORD, USER, Watcher, guarded_server, make_repository, secret_files
from recording import Project as Recorded
from recording import make_project

from buildx_tasks import Project, load
from buildx_tasks.errors import BuildxTasksError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the arguments of other processes are read in /proc")

CONFIG = """
apiVersion: skaffold/v4beta13
kind: Config
requires:
  - git: {repo: "http://USER:PASSWORD@HOST/repo.git", ref: main}
build:
  artifacts:
    - image: app
      docker:
        buildArgs:
          NPM_TOKEN: canary-literal
          PIP_INDEX_URL: https://user:canary-p@ss@pypi.example.com/simple
          SOME: "{{.DEPLOY_TOKEN}}"
          HTTP_PROXY: http://proxy-user:canary-proxy@proxy.example.com:3128
        cacheTo: ["type=s3,region=e,bucket=b,access_key_id=canary-id,secret_access_key=canary-key,session_token=canary"]
        cacheFrom: ["type=gha,scope=x,token=canary-gha"]
      hooks:
        before: [{command: [sh, -c, "echo hook says $DEPLOY_TOKEN"]}]
"""
MODULE = """
apiVersion: skaffold/v4beta13
kind: Config
build: {artifacts: [{image: module}]}
"""
ENVIRONMENT = {
    "DEPLOY_TOKEN": "canary-of-the-environment",
    "HTTP_PROXY": "http://proxy-user:canary-proxy@proxy.example.com:3128",
    "NO_PROXY": "127.0.0.1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
SAID = """\
#1 [1/2] RUN curl https://user:canary-p@ss@pypi.example.com/simple
#2 0.1 got canary-key canary-of-the-environment
"""
TASKS = (
    ("--echo", "buildx.build", "--tag=v1", "--push", "--metadata-output=m.json", "--file-output=f.json"),
    ("--echo", "buildx.build", "--tag=v1", "--dry-run"),
    ("buildx.build", "--tag=v1", "--quiet"),
    ("buildx.plan", "--tag=v1"),
    ("buildx.plan", "--tag=v1", "--format=json"),
    ("buildx.plan", "--tag=v1", "--format=bake"),
    ("buildx.check",),
    ("buildx.doctor",),
    ("buildx.config.list",),
    ("schema.validate",),
    ("schema.upgrade", "--check"),
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Recorded]:
    make_repository(tmp_path / "web", MODULE)
    with guarded_server(tmp_path / "web") as host:
        text = CONFIG.replace("HOST", host).replace("USER", USER).replace("PASSWORD", PASSWORD)
        project = make_project(tmp_path, text)
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        project.env = {**ENVIRONMENT, "TMPDIR": str(temporary), "INVOKE_BUILDX_SYNC_REMOTE_CACHE": "always"}
        project.docker.environment = ("NPM_TOKEN", "SOME", "AWS_SECRET_ACCESS_KEY", "ACTIONS_RUNTIME_TOKEN")
        yield project


def calls(project: Recorded, *words: str) -> list[dict[str, dict[str, str]]]:
    return [call for call in project.docker.calls if call["argv"][: len(words)] == list(words)]


def test_nothing_shows_a_secret(project: Recorded) -> None:
    """Every task, while a watcher looks at all processes and at the temporary files."""
    project.docker.table["buildx build"] = (0, "", SAID)
    project.docker.duration = 0.2
    hits: dict[str, str] = {}
    with Watcher(project.folder.parent / "tmp") as watcher:
        for words in TASKS:
            done = project.invoke(*words)
            assert "Traceback" not in done.stderr
            if MARK in done.stdout + done.stderr:
                hits[" ".join(words)] = done.stdout + done.stderr
    assert not hits
    assert {"docker", "git", "git-remote-http"} <= watcher.seen
    assert not watcher.processes
    assert not watcher.files
    written = {path.relative_to(project.folder.parent) for path in secret_files(project.folder.parent)}
    rest = {path for path in written if path.parts[0] not in ("docker", "web") and path.name != "skaffold.yaml"}
    assert {path.parts[-2:] for path in rest} == {(".git", "config")}
    clone = project.folder.parent / next(iter(rest)).parents[1]
    assert stat.S_IMODE(clone.stat().st_mode) == 0o700
    assert stat.S_IMODE((clone / ".git" / "config").stat().st_mode) == 0o600


def test_docker_gets_the_values_all_the_same(project: Recorded) -> None:
    assert project.invoke("buildx.build", "--tag=v1", "--push", "--artifact=app").returncode == 0
    build = calls(project, "buildx", "build")[0]
    assert build["env"] == {
        "NPM_TOKEN": "canary-literal",
        "SOME": ENVIRONMENT["DEPLOY_TOKEN"],
        "AWS_SECRET_ACCESS_KEY": "canary-key",
        "ACTIONS_RUNTIME_TOKEN": "canary-gha",
    }
    assert MARK not in json.dumps(build["argv"])
    assert {"NPM_TOKEN", "SOME", "HTTP_PROXY", "type=s3,region=e,bucket=b"} <= set(build["argv"])


def test_a_failed_build_shows_no_secret(project: Recorded) -> None:
    error = "ERROR: failed to solve: process curl https://canary-token@h/?sig=canary did not: canary-key\n"
    project.docker.table["buildx build"] = (1, "", SAID + error)
    for words in ((), ("--quiet",), ("--progress=plain",), ("--metadata-output=m.json",)):
        done = project.invoke("buildx.build", "--tag=v1", *words)
        assert done.returncode == 1
        assert MARK not in done.stdout + done.stderr
    assert MARK not in (project.folder / "m.json").read_text()


def test_git_is_refused_without_a_secret_in_its_message(project: Recorded) -> None:
    text = (project.folder / "skaffold.yaml").read_text()
    for repo in ("http://canary-wrong@", f"http://{USER}:canary-wr@ng@", f"http://{USER}:canary%40wrong@"):
        project.write("skaffold.yaml", text.replace(f"http://{USER}:{PASSWORD}@", repo))
        with Watcher(project.folder.parent / "tmp") as watcher:
            done = project.invoke("buildx.plan")
        assert done.returncode == 2
        assert "git clone failed: fatal: Authentication failed" in done.stderr
        assert MARK not in done.stdout + done.stderr
        assert not watcher.processes


def test_a_config_is_read_from_an_address_with_credentials(project: Recorded, tmp_path: Path) -> None:
    (tmp_path / "web" / "skaffold.yaml").write_text(MODULE)
    (tmp_path / "web" / "broken.yaml").write_text("apiVersion: skaffold/v4beta13\nkind: Config\nbuidl: {}\n")
    host = (project.folder / "skaffold.yaml").read_text().partition(f"{PASSWORD}@")[2].partition("/")[0]
    for who in (f"{USER}:{PASSWORD}", f"{USER}:{quote(PASSWORD, safe='')}", "canary-token"):
        for name in ("skaffold.yaml", "moved/skaffold.yaml", "skaffold.yaml?private_token=canary"):
            done = project.invoke("buildx.plan", "--tag=v1", "--filename", f"http://{who}@{host}/{name}")
            assert (done.returncode, "module -> module:v1" in done.stdout) == (0, True), done.stderr
            assert MARK not in done.stdout + done.stderr
        done = project.invoke("buildx.plan", "--filename", f"http://{who}@{host}/broken.yaml")
        assert (done.returncode, "buidl" in done.stderr) == (2, True)
        assert MARK not in done.stdout + done.stderr
    for address in (f"http://canary@{host}/skaffold.yaml", f"http://{USER}:{PASSWORD}@{host}/none?sig=canary"):
        done = project.invoke("buildx.plan", "--filename", address)
        assert done.returncode == 2
        assert "can't be read: HTTP status 40" in done.stderr
        assert MARK not in done.stdout + done.stderr


VISIBLE = """
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      docker:
        cliFlags: [--build-arg, RAW_TOKEN=canary-raw, "--label=x={{.DEPLOY_TOKEN}}"]
        buildArgs: {HTTPS_PROXY: "http://u:canary-proxy@proxy"}
        cacheTo:
          - "type=azblob,account_url=https://a.example.com/?sig=canary-sas,name=n,\\"secret_access_key=canary a,b\\""
          - "type=s3,bucket=b,secret_access_key=canary-half"
    - image: other
      docker:
        cacheTo: ["type=s3,bucket=b,access_key_id=canary-1,secret_access_key=canary-1"]
        cacheFrom: ["type=s3,bucket=c,access_key_id=canary-2,secret_access_key=canary-2"]
.buildx:
  artifacts:
    app:
      outputs: ["type=registry,name=r/x,token=canary-output"]
      buildContexts: {src: "https://u:canary-src@git.example.com/y.git"}
"""


def test_what_buildx_takes_as_an_argument_only_is_masked_and_said(tmp_path: Path) -> None:
    project = make_project(tmp_path, VISIBLE)
    project.env = {"DEPLOY_TOKEN": "canary-of-the-environment"}
    for words in (
        ("--echo", "buildx.build", "--metadata-output=m.json", "--push"),
        ("buildx.plan", "--push"),
        ("buildx.plan", "--push", "--format=json"),
        ("buildx.plan", "--push", "--format=bake"),
    ):
        done = project.invoke(*words, "--tag=v1")
        assert done.returncode == 0, done.stderr
        assert MARK not in done.stdout + done.stderr
        for flag in ("--cache-to", "--output", "--build-context src", "--build-arg HTTPS_PROXY", "cliFlags RAW_TOKEN"):
            assert f"artifact 'app': {flag} holds a secret" in done.stderr
        assert "artifact 'other': --cache-to holds a secret" in done.stderr
    record = project.folder / "m.json"
    assert MARK not in record.read_text()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    argv = json.dumps(calls(project, "buildx", "build"))
    for secret in ("-raw", "-proxy", "-sas", " a,b", "-half", "-output", "-src", "-1", "-2"):
        assert f"{MARK}{secret}" in argv


def test_a_bake_file_reads_secrets_from_the_environment(project: Recorded) -> None:
    block = ".buildx: {artifacts: {app: {labels: {x: 'a {{.DEPLOY_TOKEN}}'}}}}\n"
    project.write("skaffold.yaml", (project.folder / "skaffold.yaml").read_text() + block)
    done = project.invoke("buildx.plan", "--tag=v1", "--push", "--format=bake", "--artifact=app")
    bake = json.loads(done.stdout)
    assert bake["target"]["app"]["labels"] == {"x": "a ${DEPLOY_TOKEN}"}
    assert {"DEPLOY_TOKEN", "NPM_TOKEN", "SOME"} <= set(bake["variable"])
    for name in ("DEPLOY_TOKEN", "NPM_TOKEN", "AWS_SECRET_ACCESS_KEY", "ACTIONS_RUNTIME_TOKEN"):
        assert f"set {name} in the environment of bake" in done.stderr


def test_folders_and_files_of_our_own_are_the_users_alone(project: Recorded) -> None:
    cache = project.folder.parent / "home" / ".cache" / "buildx-tasks"
    cache.mkdir(parents=True, mode=0o755)
    (cache / "verdicts").touch(0o644)
    assert project.invoke("buildx.build", "--tag=v1", "--push").returncode == 0
    assert project.invoke("buildx.config.set", "--global", "cache-tag", "x").returncode == 0
    found = [path for path in (project.folder.parent / "home").rglob("*") if "buildx-tasks" in str(path)]
    assert {"verdicts", "artifacts.json", "config.yaml"} <= {path.name for path in found}
    modes = {str(path): stat.S_IMODE(path.stat().st_mode) for path in found}
    assert all(mode == (0o700 if Path(path).is_dir() else 0o600) for path, mode in modes.items()), modes


def test_the_python_api_raises_without_secrets(tmp_path: Path) -> None:
    config = tmp_path / "skaffold.yaml"
    config.write_text("apiVersion: skaffold/v4beta13\nkind: Config\nrequires: [{path: 'canary-of-env/none'}]\n")
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "SOME_TOKEN": "canary-of-env"}
    project = Project(str(config), environ=environ, cwd=tmp_path)
    for call in (project.configs, lambda: load(str(config), environ=environ, cwd=tmp_path)):
        with pytest.raises(BuildxTasksError) as caught:
            call()
        assert "***" in str(caught.value)
        assert MARK not in str(caught.value)
