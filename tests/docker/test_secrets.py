"""No secret is in the arguments of a process, in a file or in the output of a build on a real engine, behind mTLS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from canary import MARK, Watcher, secret_files
from lab_support import Lab, Relay, Sandbox

CONFIG = """\
apiVersion: skaffold/v4beta13
kind: Config
build:
  artifacts:
    - image: app
      context: app
      docker:
        buildArgs:
          NPM_TOKEN: canary-literal
          INDEX: https://user:canary-p@ss@pypi.example.com/simple
        secrets: [{id: deploy, env: DEPLOY_TOKEN}]
        cacheFrom:
          - "type=s3,region=x,bucket=b,access_key_id=canary-id,secret_access_key=canary-key,session_token=canary-s"
          - "type=gha,url=https://cache.example.com/,token=canary-gha"
.buildx:
  builder: safe
"""
DOCKERFILE = """\
FROM busybox
ARG NPM_TOKEN INDEX
RUN --mount=type=secret,id=deploy cat /run/secrets/deploy && echo got $NPM_TOKEN from $INDEX && sleep 2
"""


@pytest.fixture
def lab(tls_engine: Lab) -> Lab:
    """Only the parts that are needed."""
    return tls_engine


def test_a_build_shows_no_secret_and_gets_all_of_them(sandbox: Sandbox) -> None:
    facts = sandbox.lab.parts["mtls"]
    tls = {"ca": facts["ca"], "cert": facts["cert"], "key": facts["key"]}
    key = Path(facts["key"]).read_text().splitlines()[3]
    builders = {"safe": {"driver": "remote", "endpoint": facts["endpoint"], "tls": tls}}
    folder = sandbox.app("project/app", DOCKERFILE).parent
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    temporary = sandbox.folder / "tmp"
    temporary.mkdir()
    sandbox.env.update({"DEPLOY_TOKEN": "canary-deploy", "TMPDIR": str(temporary)})
    repo = sandbox.image("x").removesuffix("/x")
    words = ("buildx.build", "--default-repo", repo, "--tag=v1", "--push", "--no-cache", "--metadata-output=m.json")
    (folder / "skaffold.yaml").write_text(f"{CONFIG}  builders: {json.dumps(builders)}\n")
    with Watcher(sandbox.folder, (MARK, key)) as watcher:
        done = sandbox.run("invoke", "--echo", *words, cwd=folder)
        plan = sandbox.run("invoke", "buildx.plan", "--tag=v1", "--push", cwd=folder)
    for shown in (done.text, plan.text, (folder / "m.json").read_text()):
        assert MARK not in shown
        assert key not in shown
    assert "got *** from https://user:***@pypi.example.com/simple" in done.text
    assert "docker-buildx" in watcher.seen
    assert not watcher.processes
    assert {Path(path).name for path in watcher.files} <= {"skaffold.yaml"}
    assert {path.name for path in secret_files(sandbox.folder, (MARK, key))} == {"skaffold.yaml"}


def test_buildx_takes_the_credentials_of_caches_from_the_environment(sandbox: Sandbox) -> None:
    """What it sends to BuildKit has them: the connection is plain here, to look into it."""
    folder = sandbox.app("project/app", DOCKERFILE).parent
    (folder / "tasks.py").write_text("import buildx_tasks\n\nns = buildx_tasks.namespace()\n")
    port = int(sandbox.lab.parts["remote"]["endpoint"].rpartition(":")[2])
    with Relay("127.0.0.1", port) as relay:
        builders = {"safe": {"driver": "remote", "endpoint": f"tcp://{relay.host}"}}
        (folder / "skaffold.yaml").write_text(f"{CONFIG}  builders: {json.dumps(builders)}\n")
        repo = sandbox.image("x").removesuffix("/x")
        done = sandbox.run("invoke", "--echo", "buildx.build", "--default-repo", repo, "--tag=v1", "--push", cwd=folder)
    assert MARK not in done.text
    for secret in (b"canary-id", b"canary-key", b"canary-s", b"canary-gha", b"canary-literal", b"canary-p@ss"):
        assert secret in relay.heard, secret
