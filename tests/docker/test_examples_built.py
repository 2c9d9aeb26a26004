"""The examples that need BuildKit elsewhere, on that of the lab."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_support import Sandbox, downloads

EXAMPLES = Path(__file__).parents[2] / "examples"


def copied(sandbox: Sandbox, example: str) -> Path:
    folder = sandbox.folder / example
    shutil.copytree(EXAMPLES / example, folder)
    sandbox.run("git", "init", "-q", ".", cwd=folder)
    return folder


def test_two_nodes_make_one_index_without_emulation(sandbox: Sandbox) -> None:
    folder = copied(sandbox, "multi-node")
    nodes = sandbox.lab.parts["nodes"]
    for name in ("amd64", "arm64"):
        sandbox.env[f"{name.upper()}_NODE"] = nodes[name].removeprefix("tcp://")
    repo = sandbox.image("app").removesuffix("/app")
    sandbox.run("invoke", "buildx.builder.ensure", cwd=folder)
    done = sandbox.run("invoke", "buildx.doctor", "--default-repo", repo, "--format", "json", cwd=folder)
    platforms = [check for check in json.loads(done.out)["checks"] if check["id"] == "platform"]
    assert [check["verdict"] for check in platforms] == ["ok", "ok"], platforms
    sandbox.run("invoke", "buildx.build", "--tag", "v1", "--default-repo", repo, cwd=folder)
    manifest = sandbox.lab.registry("open").manifest(f"{repo}/app", "v1")
    assert set(manifest.platforms) == {"linux/amd64", "linux/arm64"}


def test_a_job_with_two_variables_builds_behind_mutual_tls(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(engine=None)
    folder = copied(sandbox, "remote-rootless")
    facts = sandbox.lab.parts["mtls"]
    client = sandbox.folder / "client"
    client.mkdir()
    for name in ("ca", "cert", "key"):
        shutil.copy(facts[name], client / f"{name}.pem")
    port = facts["endpoint"].rpartition(":")[2]
    sandbox.env["BUILDKIT_HOST"] = f"tcp://{facts['server_name']}:{port}"
    sandbox.env["BUILDKIT_TLS_DIR"] = str(client)
    sandbox.env["CI_COMMIT_REF_NAME"] = "feature/x"
    repo = sandbox.image("web").removesuffix("/web")
    sandbox.run("invoke", "buildx.doctor", "--default-repo", repo, cwd=folder)
    sandbox.run("invoke", "buildx.build", "--tag", "v1", "--default-repo", repo, cwd=folder)
    registry = sandbox.lab.registry("open")
    assert registry.has(f"{repo}/web", "v1")
    assert registry.has(f"{repo}/web", "cache-feature-x")


@pytest.mark.parametrize("kind", ["default", "remote"])
def test_an_emptied_builder_downloads_no_package_again(sandbox: Sandbox, kind: str) -> None:
    folder = copied(sandbox, "cache-mounts")
    builder = "default" if kind == "default" else sandbox.builder()
    names = (folder / "app/packages.txt").read_text().split()
    # A cache of this test's own: another instance of the example may use the mount of the same path.
    dockerfile = folder / "app/Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("type=cache,", f"type=cache,id={sandbox.prefix},"))
    sandbox.env["PACKAGE_INDEX"] = sandbox.lab.parts["packages"]["url"]
    repo = sandbox.image("app").removesuffix("/app")
    words = ("--tag", "v1", "--default-repo", repo, "--builder", builder, "--no-cache-artifacts")
    prune = ("buildx", "prune", "--all", "--force", "--builder", builder, "--filter", "type=exec.cachemount")
    for number, expected in enumerate((names, [], ["package-23.tar.gz"])):
        listed = [*names, *expected] if number == 2 else names
        (folder / "app/packages.txt").write_text("\n".join(listed) + "\n")
        (folder / "app/run.sh").write_text(f"# {number}\n")
        with (folder / "app/install.sh").open("a") as script:
            script.write(f"# {number}\n")
        downloads(sandbox.lab, forget=True)
        sandbox.run("invoke", "buildx.build", *words, cwd=folder)
        assert downloads(sandbox.lab) == expected
        sandbox.docker(*prune)
